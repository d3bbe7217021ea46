import type { Heard } from '../../core/store.js';
import type { RedisClient } from '../redis-client.js';

/** What a connection that listens can do; ioredis 5 and 6. */
export interface ListeningClient extends RedisClient {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
}

/** How a server is asked to tell changes, and how it then tells them. */
export interface Dialect {
  /** Asks for messages on a new connection. Rejects with a ReplyError when the server refuses. */
  begin(client: ListeningClient): Promise<unknown>;
  /** What a message says; what cannot be understood may have been anything, so it is `'everything'`. */
  understand(message: unknown): Heard | 'everything';
}
