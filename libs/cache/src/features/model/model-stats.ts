import type { RefusalReason } from './admission.js';
import type { ModelAccount } from './model-key.js';
import type { StoredHit, PlainAnswer } from './model-types.js';
import type { SavingsLedger } from './savings/savings-ledger.js';
import { totalTokens } from './savings/tokens.js';
import type { SemanticStats } from './semantic/semantic-stats.js';

/** What the model cache did since this process started. */
export interface ModelStats {
  /** Answers that were stored: those that were coalesced or stale included. */
  readonly hits: number;
  /** Hits, among them, of inferences that somebody else was waiting for. */
  readonly coalesced: number;
  /** Hits, among them, whose TTL had ended. */
  readonly stale: number;
  /** Questions that were asked of a model, or not answered. */
  readonly misses: number;
  /** Hits in percent of both: 0 to 100, one decimal. */
  readonly hitRate: number;
  /** Answers stored. */
  readonly stored: number;
  /** Answers not stored, and questions the cache was not asked, by their reason. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Entries that were no answers: damaged, of another question, or encrypted with a key that is not there. */
  readonly unreadable: number;
  /** Calls of `invalidate…`. */
  readonly invalidations: number;
  /** Tokens that hits did not cost, as far as they were told with the answer. */
  readonly tokensAvoided: number;
  /** Milliseconds of inference that hits did not wait for; coalesced ones waited. */
  readonly latencyAvoidedMs: number;
  /** What the semantic tier did; its hits are among the hits. All 0 without one. */
  readonly semantic: SemanticStats;
}

/** Counts what a model cache does. */
export class ModelLedger {
  misses = 0;
  stored = 0;
  invalidations = 0;
  unreadable = 0;
  readonly #hits: Record<StoredHit, number> = { exact: 0, stale: 0, coalesced: 0, semantic: 0 };
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  readonly #savings: SavingsLedger;
  #tokens = 0;
  #latencyMs = 0;

  constructor(savings: SavingsLedger) {
    this.#savings = savings;
  }

  /** A question was answered with what somebody else's inference, or an earlier one, had given. */
  hit(kind: StoredHit, account: ModelAccount, answer: Pick<PlainAnswer, 'metadata' | 'cost'>): void {
    this.#hits[kind]++;
    this.#tokens += totalTokens(answer.metadata);
    if (kind !== 'coalesced') this.#latencyMs += answer.metadata.latencyMs ?? 0;
    this.#savings.hit(account, kind, answer);
  }

  /** An inference ran and gave this; hands it back with what it cost. */
  called<A extends Pick<PlainAnswer, 'metadata'>>(account: ModelAccount, answer: A): A & Pick<PlainAnswer, 'cost'> {
    const priced = this.priced(account, answer);
    this.#savings.called(account, priced.cost);
    return priced;
  }

  /** With what it cost by the prices of now; counts nothing. */
  priced<A extends Pick<PlainAnswer, 'metadata'>>({ modelId }: ModelAccount, answer: A): A & Pick<PlainAnswer, 'cost'> {
    const cost = this.#savings.costOf(modelId, answer.metadata);
    return cost === undefined ? answer : { ...answer, cost };
  }

  /** Counts a reason, and hands back what becomes of it. */
  refused<T>(reason: RefusalReason, result: T): T {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    return result;
  }

  get stats(): Omit<ModelStats, 'semantic'> {
    const { misses, stored, invalidations, unreadable } = this;
    const { exact, stale, coalesced, semantic } = this.#hits;
    const hits = exact + stale + coalesced + semantic;
    const asked = hits + misses;
    const counts = { hits, coalesced, stale, misses, stored, unreadable, invalidations, refused: { ...this.#refused } };
    const hitRate = asked === 0 ? 0 : Math.round((hits / asked) * 1_000) / 10;
    return { ...counts, hitRate, tokensAvoided: this.#tokens, latencyAvoidedMs: this.#latencyMs };
  }
}
