import { once } from 'node:events';
import type pg from 'pg';
import { classifyFailure } from '../core/failure.js';

interface Internals {
  readonly connection: NodeJS.EventEmitter & { readonly stream: { destroy(): void } };
  readonly readyForQuery: boolean;
}

/** What `pg` keeps to itself: there is no other way to cut a connection, or to know what the server said last. */
const internals = (client: pg.PoolClient): Internals => client as unknown as Internals;

/** Ends a connection at once, whatever it does. */
export function cut(client: pg.PoolClient): void {
  internals(client).connection.stream.destroy();
}

/** Whether somebody else may have the connection after a statement on it failed with `error`. */
export async function isUsable(client: pg.PoolClient, error: unknown): Promise<boolean> {
  const { kind, sqlState } = classifyFailure(error);
  if (sqlState === undefined || kind === 'lost' || kind === 'refused' || kind === 'read-only') return false;
  return (await statusAfterwards(client)) === 'I';
}

/** What the server says of the connection right behind an error: idle (I), in a transaction (T), in a failed one (E). */
async function statusAfterwards(client: pg.PoolClient): Promise<string | null> {
  const { connection, readyForQuery } = internals(client);
  if (!readyForQuery) {
    const heard = new AbortController();
    const first = (event: string): Promise<unknown> => once(connection, event, { signal: heard.signal });
    await Promise.race([first('readyForQuery'), first('end')]).catch(() => undefined);
    heard.abort(); // the other one would listen for as long as the connection lives
  }
  return client.getTransactionStatus();
}
