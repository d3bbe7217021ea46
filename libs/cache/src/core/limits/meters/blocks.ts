import type { BlockRule } from '../limit-store.js';

/** Blocks of one identity: one for everything, and those that limits have put on it. */
export class Blocks {
  #all = 0;
  readonly #byRule = new Map<
    string,
    { readonly until: number; readonly forgottenAt: number; readonly inRow: number }
  >();

  /** Milliseconds of blocking that are left for a limit. */
  leftMs(ruleId: string, now: number): number {
    return Math.max(0, this.#all - now, (this.#byRule.get(ruleId)?.until ?? 0) - now);
  }

  blockAll(until: number): void {
    this.#all = Math.max(this.#all, until);
  }

  /** Blocks for a limit that was exceeded, longer than the last time unless that is forgotten. */
  punish(ruleId: string, { ms, factor, maxMs }: BlockRule, now: number): void {
    const before = this.#byRule.get(ruleId);
    const inRow = before !== undefined && before.forgottenAt > now ? before.inRow + 1 : 1;
    const until = now + Math.min(maxMs, ms * factor ** (inRow - 1));
    for (const [id, { forgottenAt }] of this.#byRule) if (forgottenAt <= now) this.#byRule.delete(id);
    this.#byRule.set(ruleId, { until, forgottenAt: until + maxMs, inRow });
  }

  forgive(ruleId: string): void {
    this.#byRule.delete(ruleId);
  }
}
