import { AsyncLocalStorage } from 'node:async_hooks';
import { mayBeDone } from '../../core/retry-policy.js';
import { byModel } from './dependencies.js';

type Body = (client: unknown) => Promise<unknown>;

/** More tags than that are told by model: one invalidation stays one command of a bearable length. */
const MOST_TAGS = 1_000;

/**
 * The transactions of Prisma itself, interactive ones and batches: what is made void in them becomes so when they are committed, or
 * when nobody knows whether they were (G16).
 */
export class PrismaTransactions {
  readonly #pending = new AsyncLocalStorage<Pending>();
  readonly #open = new Set<Pending>();
  readonly #invalidate: (tags: readonly string[]) => Promise<void>;

  constructor(invalidate: (tags: readonly string[]) => Promise<void>) {
    this.#invalidate = invalidate;
  }

  /** Keeps tags of a write in a transaction until that ends; `false` when they are to be told now. */
  defer(tags: Iterable<string>): boolean {
    const pending = this.#pending.getStore();
    // Nobody knows which transaction it was of a write in the callback of somebody else: it may be any that is open.
    for (const each of pending === undefined ? this.#open : [pending]) each.add(tags);
    return pending !== undefined;
  }

  /** Does what `run` does with the arguments of `$transaction`, as a transaction. */
  async around(
    [body, ...settings]: readonly unknown[],
    run: (...args: unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const pending = new Pending();
    const args = [typeof body === 'function' ? pending.watch(body as Body) : body, ...settings];
    const outer = this.#pending.getStore();
    const flush = async (): Promise<void> => {
      // Inside of another one it may be a part of that, which is committed later; or a transaction of its own, by the outer client.
      outer?.add(pending.tags);
      await this.#invalidate([...pending.tags]);
    };
    let result: unknown;
    this.#open.add(pending);
    try {
      result = await this.#pending.run(pending, async () => await run(...args));
    } catch (error) {
      if (!pending.abandoned && mayBeDone(error)) await flush();
      throw error;
    } finally {
      this.#open.delete(pending);
    }
    await flush();
    return result;
  }
}

/** What one transaction has made void. */
class Pending {
  tags = new Set<string>();
  /** The body itself failed: there was no COMMIT. */
  abandoned = false;

  add(tags: Iterable<string>): void {
    for (const tag of tags) this.tags.add(tag);
    if (this.tags.size > MOST_TAGS) this.tags = new Set(byModel(this.tags));
  }

  watch(body: Body): Body {
    return async (client) => {
      try {
        return await body(client);
      } catch (error) {
        this.abandoned = true;
        throw error;
      }
    };
  }
}
