import type { Channel } from '@mobius1/kernel';
import type { DatabaseEvents, StatementEvent } from './events.js';

/** Where lines go: `console`, or Nest's `Logger`. */
export interface LineLogger {
  /** What is worth knowing. */
  log(line: string): void;
  /** What somebody should look at. */
  warn(line: string): void;
}

const described = ({ ms, statement, parameters, failed, fingerprint }: StatementEvent): string =>
  `${failed ? 'failed after ' : ''}${ms} ms [${fingerprint}] ${statement} (${parameters.join(', ')})`;

/** Says in one line each what a person should know. */
export function logEvents(events: Channel<DatabaseEvents>, logger: LineLogger): void {
  events.on('query', (event) => logger.log(`query ${described(event)}`));
  events.on('slowQuery', (event) => logger.warn(`slow query ${described(event)}`));
  events.on('poolShort', ({ waitMs, active, waiting }) =>
    logger.warn(
      `pool short: a query waited ${Math.round(waitMs)} ms for a connection (${active} in use, ${waiting} more wait)`,
    ),
  );
  events.on('slowConnect', ({ ms }) => logger.warn(`a new connection took ${Math.round(ms)} ms to be made`));
  events.on('leak', ({ heldMs, stack }) =>
    logger.warn(`a connection has been in use for ${Math.round(heldMs)} ms; it was taken\n${stack}`),
  );
  events.on('idleError', ({ error }) => logger.warn(`an idle connection was lost: ${error.message}`));
  events.on('retry', ({ attempt, kind, delayMs }) =>
    logger.log(`attempt ${attempt} failed (${kind}); again in ${Math.round(delayMs)} ms`),
  );
  events.on('sizing', ({ problem }) => logger.warn(problem));
}
