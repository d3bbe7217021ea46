import type { Heard } from '../../core/store.js';
import type { Dialect, ListeningClient } from './dialect.js';

type Publish = (channel: string, message: string) => Promise<unknown>;

const EVERYTHING = '*';
// A longer list costs every process more than to forget everything.
const MAX_TOLD = 1_000;

/**
 * Where the server does not tell changes, the processes tell each other, by publish and subscribe. That is less: nobody
 * tells what other programs change, what expires or is evicted, or what a process changed that died before it could say
 * so. So what is kept in a process is kept for a short time only (G5).
 */
export class Bus implements Dialect {
  readonly #channel: string;
  readonly #publish: Publish;

  constructor(channel: string, publish: Publish) {
    this.#channel = channel;
    this.#publish = publish;
  }

  /** Publishes before it listens: who may only listen would be heard by nobody. */
  async begin(client: ListeningClient): Promise<void> {
    await client.publish(this.#channel, write({}));
    await client.subscribe(this.#channel);
  }

  understand(message: unknown): Heard | 'everything' {
    try {
      const { ids = [], names = [] } = JSON.parse(String(message)) as Heard;
      return areTexts(ids) && areTexts(names) ? { ids, names } : 'everything';
    } catch {
      return 'everything';
    }
  }

  /** Tells the other processes; a message that does not get through is made up for by the short time. */
  tell(heard: Heard | 'everything'): void {
    this.#publish(this.#channel, heard === 'everything' ? EVERYTHING : write(heard)).catch(() => undefined);
  }
}

function write(heard: Heard): string {
  const { ids = [], names = [] } = heard;
  return ids.length + names.length > MAX_TOLD ? EVERYTHING : JSON.stringify({ ids, names });
}

const areTexts = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === 'string');
