import type { Heard } from '../../core/store.js';
import type { Dialect, ListeningClient } from './dialect.js';

const INVALIDATIONS = '__redis__:invalidate';

/**
 * The server itself tells every change of a key under the prefix, by whomever (G4): `CLIENT TRACKING` in broadcasting
 * mode, redirected to the connection that asks.
 */
export class Tracking implements Dialect {
  readonly #prefix: string;
  readonly #heard: (keys: readonly string[]) => Heard;

  /** `prefix`: of the keys that are told, `''` for all. `heard`: entries and generations behind keys of Redis. */
  constructor(prefix: string, heard: (keys: readonly string[]) => Heard) {
    this.#prefix = prefix;
    this.#heard = heard;
  }

  async begin(client: ListeningClient): Promise<void> {
    const id = await client.call('CLIENT', 'ID'); // refused once subscribed
    const keys = this.#prefix === '' ? [] : ['PREFIX', this.#prefix];
    await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...keys);
    await client.subscribe(INVALIDATIONS);
  }

  /** A list of keys, or null after a flush. */
  understand(message: unknown): Heard | 'everything' {
    return Array.isArray(message) ? this.#heard(message.map(String)) : 'everything';
  }
}
