import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { systemClock, withDeadline } from '@mobius1/kernel';
import type { CacheInstance } from '../instance/cache-instance.js';
import { adviceOn } from '../drivers/advice.js';
import { REFUSALS } from '../drivers/refusals.js';
import { CACHE_INSTANCE } from './tokens.js';

// An application starts without Redis; but when Redis is there, the first requests should find it connected.
const BOOT_PATIENCE_MS = 1_000;

/** Connects at start without insisting, closes at the end, and says in one line each what changes. */
@Injectable()
export class CacheLifecycle implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger('Cache');
  readonly #instance: CacheInstance;
  readonly #uncacheable = new Set<string>();

  constructor(@Inject(CACHE_INSTANCE) instance: CacheInstance) {
    this.#instance = instance;
  }

  async onModuleInit(): Promise<void> {
    const { connection, description } = this.#instance;
    this.#listen();
    if (connection === undefined) {
      this.#log.log(`cache: ${description}`);
      return;
    }
    const patience = withDeadline(
      this.#instance.connect(),
      BOOT_PATIENCE_MS,
      () => new Error('still connecting'),
      systemClock,
    );
    await patience.then(
      () => this.#log.log(`cache: ${description}`),
      () => {
        const why = connection.lastError || `no answer within ${BOOT_PATIENCE_MS} ms`;
        this.#log.warn(
          `cache: ${description} cannot be used yet: ${why}. ${adviceOn(why)} Running without it, trying on.`,
        );
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#instance.close();
  }

  #listen(): void {
    const { connection, near, events } = this.#instance;
    connection?.events.on('ready', () => this.#log.log(`connected to ${connection.place}`));
    connection?.events.on('lost', ({ reason: why }) =>
      this.#log.warn(`lost ${connection.place}: ${why}; running without`),
    );
    connection?.events.on('refused', ({ kind, message }) =>
      this.#log.warn(`Redis refuses (${kind}): ${REFUSALS[kind]} (${message})`),
    );
    connection?.events.on('breaker', ({ from, to }) => this.#log.warn(`circuit breaker ${from} → ${to}`));
    near?.events.on('coherence', ({ coherence, reason: why }) => {
      if (coherence === 'coherent')
        this.#log.log('hears every change in Redis: hot entries are served from this process');
      else if (coherence === 'bounded')
        this.#log.warn(`Redis does not tell changes (${why}): the processes tell each other, entries are held shortly`);
      else this.#log.warn(`hears no changes in Redis${why === undefined ? '' : ` (${why})`}: every read goes there`);
    });
    events.on('available', ({ replayed }) => this.#log.log(`told Redis ${replayed} invalidations it had missed`));
    events.on('refreshFailed', ({ error }) => this.#log.warn(`a refresh in the background failed: ${reason(error)}`));
    events.on('uncacheable', ({ key, reason: why }) => this.#warnOnce(key, why));
  }

  /** Once per kind of key, so that a method that cannot be cached is noticed and does not flood the log. */
  #warnOnce(key: string, why: string): void {
    const kind = key.split(':', 1)[0] ?? key;
    if (why.startsWith('refused by unless') || this.#uncacheable.has(kind) || this.#uncacheable.size > 1_000) return;
    this.#uncacheable.add(kind);
    this.#log.warn(`values of "${kind}" are not cached: ${why}`);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
