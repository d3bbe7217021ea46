import { once } from 'node:events';
import pg from 'pg';
import { classifyFailure } from '../core/failure.js';

type Query = (text: unknown, values?: unknown) => Promise<pg.QueryResult>;

/**
 * The pool of `pg`, which keeps what it can.
 *
 * `pg.Pool` closes a connection after every statement that fails, although a unique violation says nothing about the
 * connection: making the next one costs ten times a statement. This pool closes a connection only when it is broken, when
 * it leads to a server that takes no writes, when what it does is not known (a time-out on this side), or when the failed
 * statement has left a transaction open that nobody would end.
 *
 * Only promises: `query` with a callback, cursors and streams go the way of `pg`.
 */
export class ObservedPool extends pg.Pool {
  constructor(config: pg.PoolConfig) {
    super(config);
    // An own property: the type of the method has a dozen overloads, and all but one go the way of pg.
    const ofPg = super.query.bind(this) as (...args: unknown[]) => unknown;
    const query = (...args: unknown[]): unknown => {
      const [text, values] = args;
      const plain =
        args.length <= 2 && typeof values !== 'function' && !isSubmittable(text) && typeof text !== 'function';
      return plain ? this.#query(text, values) : ofPg(...args);
    };
    Object.defineProperty(this, 'query', { value: query });
  }

  async #query(text: unknown, values: unknown): Promise<pg.QueryResult> {
    const client = await this.connect();
    let broken: Error | undefined;
    // Between two statements the pool listens itself; during one, an error without a listener would end the process.
    const lost = (error: Error): void => void (broken = error);
    client.on('error', lost);
    try {
      return await (client.query as Query).call(client, text, values);
    } catch (error) {
      if (!(await isUsable(client, error))) broken ??= error as Error;
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  }
}

const isSubmittable = (text: unknown): boolean => typeof (text as { submit?: unknown } | null)?.submit === 'function';

/** Whether somebody else may have the connection after this failure. */
async function isUsable(client: pg.PoolClient, error: unknown): Promise<boolean> {
  const { kind, sqlState } = classifyFailure(error);
  if (sqlState === undefined || kind === 'lost' || kind === 'refused' || kind === 'read-only') return false;
  return (await statusAfterwards(client)) === 'I';
}

/** What the server says of the connection right behind an error: idle (I), in a transaction (T), in a failed one (E). */
async function statusAfterwards(client: pg.PoolClient): Promise<string | null> {
  const { connection, readyForQuery } = client as pg.PoolClient & {
    connection: NodeJS.EventEmitter;
    readyForQuery: boolean;
  };
  if (!readyForQuery)
    await Promise.race([once(connection, 'readyForQuery'), once(connection, 'end')]).catch(() => undefined);
  return client.getTransactionStatus();
}
