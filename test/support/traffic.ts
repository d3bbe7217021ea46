import { setImmediate as turn } from 'node:timers/promises';
import type { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { eventually } from './eventually.js';

const TTL = 60;

/**
 * Callers who read and write through caches of several processes without a pause, and a source of truth beside: each key
 * has a number that only grows. The first cache is that of the writer.
 */
export class Traffic {
  /** What reached a caller of getOrSet. There must be none, whatever happens to Redis. */
  readonly errors: unknown[] = [];
  /** Reads by the writer's own process that began after an invalidation had returned and got an older value (G2). */
  readonly stale: string[] = [];
  readonly #caches: readonly CacheInstance[];
  readonly #keys: readonly string[];
  readonly #truth = new Map<string, number>();
  /** Least number a read by the writer's process may return. */
  readonly #floor = new Map<string, number>();
  #reads = 0;
  #running: Promise<unknown> | undefined;
  #stopped = false;

  constructor(caches: readonly CacheInstance[], keys: readonly string[]) {
    this.#caches = caches;
    this.#keys = keys;
  }

  get reads(): number {
    return this.#reads;
  }

  start(): void {
    const readers = this.#caches.map((cache, at) => this.#forever((key) => this.#read(cache, key, at === 0)));
    this.#running = Promise.all([...readers, this.#forever((key, round) => this.change(key, round % 3))]);
  }

  /** Resolves when some more reads of each cache have been answered: something happened before them. */
  async goOn(reads = 100): Promise<void> {
    const until = this.#reads + reads * this.#caches.length;
    await eventually(() => this.#reads >= until, { what: 'reads are answered', timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Changes the truth, and invalidates what is cached of it: by key, by tag, or by pattern. */
  async change(key: string, how = 0): Promise<void> {
    const [writer] = this.#caches;
    const next = (this.#truth.get(key) ?? 0) + 1;
    this.#truth.set(key, next);
    if (how === 0) await writer?.manager.delete(key);
    else if (how === 1) await writer?.manager.invalidateByTag(`tag-${key}`);
    else await writer?.manager.invalidatePattern(key);
    this.#floor.set(key, next);
  }

  /** What the caches answer that is not the truth, when nothing changes any more. */
  async untrue(): Promise<string[]> {
    const answers = await Promise.all(
      this.#caches.flatMap((cache, at) =>
        this.#keys.map(async (key) => {
          const value = await this.#get(cache, key);
          const truth = this.#truth.get(key) ?? 0;
          return value === truth ? [] : [`cache ${at}, ${key}: ${value}, not ${truth}`];
        }),
      ),
    );
    return answers.flat();
  }

  /** Resolves when every cache has told all it remembers, and reads are cached: without traffic of anybody else. */
  async settled(): Promise<void> {
    const toldAll = (): boolean => this.#caches.every(({ engine }) => engine.remembered === 0);
    await eventually(toldAll, { what: 'what was remembered is told by itself', timeoutMs: 30_000 });
    for (const cache of this.#caches) {
      await eventually(() => cache.near === undefined || cache.near.coherence === 'coherent', {
        what: 'the tier hears again',
        timeoutMs: 30_000,
      });
      await cache.near?.catchUp();
    }
  }

  #get({ manager }: CacheInstance, key: string): Promise<number> {
    return manager.getOrSet(key, () => this.#truth.get(key) ?? 0, { ttl: TTL, tags: [`tag-${key}`, 'all'] });
  }

  async #read(cache: CacheInstance, key: string, writers: boolean): Promise<void> {
    const floor = this.#floor.get(key) ?? 0;
    try {
      const value = await this.#get(cache, key);
      if (writers && value < floor) this.stale.push(`${key}: ${value}, not ${floor}`);
    } catch (error) {
      this.errors.push(error);
    }
    this.#reads++;
  }

  async #forever(step: (key: string, round: number) => Promise<void>): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      await step(this.#keys[round % this.#keys.length] ?? '', round);
      await turn();
    }
  }
}
