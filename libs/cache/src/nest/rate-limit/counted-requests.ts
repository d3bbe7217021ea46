import type {
  RateLimitDecision,
  RateLimitResult,
  RateLimitSlot,
  RateLimitTarget,
} from '../../features/rate-limit/limit-types.js';
import type { ReadyRule } from './rule-book.js';

/** The part of the engine that is needed here. */
export interface Limiter {
  check(targets: readonly RateLimitTarget[]): Promise<RateLimitDecision>;
  acquire(targets: readonly RateLimitTarget[], options?: { readonly exempt?: boolean }): Promise<RateLimitSlot>;
}

interface Countable {
  readonly rule: ReadyRule;
  readonly key: string;
  readonly cost: number;
}

/** How a rule applies to a request: counted for a key, refused because nobody knows for whom, or not at all. */
export type Application =
  | (Countable & { readonly kind: 'count' })
  | (Countable & { readonly kind: 'exempt' })
  | { readonly rule: ReadyRule; readonly kind: 'deny'; readonly missing: string }
  | { readonly rule: ReadyRule; readonly kind: 'skip' };

/** What one rule said of a request. */
export interface RuleOutcome {
  /** The rule. */
  readonly rule: ReadyRule;
  /** Absent when the engine was not asked: nobody knows for whom to count. */
  readonly result?: RateLimitResult;
  /** What is not known of the caller. */
  readonly missing?: string;
  /** Whether it denies. */
  readonly denied: boolean;
  /** False when nothing was charged, because another rule denied. */
  readonly counted: boolean;
}

/** What rules said of a request. */
export interface RequestReport {
  /** Whether it may pass. */
  readonly allowed: boolean;
  /** Of the rules that were asked, those that deny. */
  readonly denials: readonly RuleOutcome[];
  /** Of all rules that saw this request so far. */
  readonly outcomes: readonly RuleOutcome[];
}

export interface Asking {
  /** The request; the same object whoever asks. */
  readonly once: object;
  readonly rules: readonly ReadyRule[];
  readonly apply: (rule: ReadyRule) => Promise<Application>;
  /** Called with what gives slots back, when the request holds some. */
  readonly held: (release: () => Promise<void>) => void;
}

interface Counted {
  /** Guards and fields of one request take turns, so that none counts what another is counting. */
  turn: Promise<unknown>;
  readonly outcomes: Map<string, RuleOutcome>;
}

/**
 * Counts each request once by each rule, however many guards or GraphQL fields ask: a rule that has counted a request has counted it, one
 * that denied it denies it again. A denial consumes nothing, so what stood beside it is still to be counted for the next field.
 */
export class CountedRequests {
  readonly #limiter: Limiter;
  readonly #requests = new WeakMap<object, Counted>();

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  async decide(asking: Asking): Promise<RequestReport> {
    const { once } = asking;
    const counted = this.#requests.get(once) ?? { turn: Promise.resolve(), outcomes: new Map<string, RuleOutcome>() };
    this.#requests.set(once, counted);
    const turn = counted.turn.then(() => this.#count(counted.outcomes, asking));
    counted.turn = turn.catch(() => undefined);
    return turn;
  }

  async #count(known: Map<string, RuleOutcome>, { rules, apply, held }: Asking): Promise<RequestReport> {
    const denials = (): RuleOutcome[] =>
      rules.flatMap(({ rule }) => known.get(rule.name) ?? []).filter(({ denied }) => denied);
    const report = (): RequestReport => {
      const denied = denials();
      return { allowed: denied.length === 0, denials: denied, outcomes: [...known.values()] };
    };
    const note = (outcome: RuleOutcome): void => void known.set(outcome.rule.rule.name, outcome);
    const fresh = rules.filter(({ rule }) => known.get(rule.name)?.counted !== true);
    if (fresh.length === 0 || denials().length > 0) return report();

    const applied = await Promise.all(fresh.map((rule) => apply(rule)));
    for (const one of applied) {
      if (one.kind === 'skip') note({ rule: one.rule, denied: false, counted: true });
      if (one.kind !== 'deny') continue;
      note({ rule: one.rule, missing: one.missing, denied: one.rule.policy.shadow !== true, counted: true });
    }
    if (denials().length === 0) for (const outcome of await this.#ask(applied, held)) note(outcome);
    return report();
  }

  /** One step for all that is counted. */
  async #ask(applied: readonly Application[], held: Asking['held']): Promise<RuleOutcome[]> {
    const exempt = applied.filter((one) => one.kind === 'exempt');
    if (exempt.length > 0) await this.#limiter.acquire(exempt.map(targetOf), { exempt: true }); // which takes slots as well
    const charged = applied.filter((one) => one.kind === 'count');
    const free = exempt.map(({ rule }): RuleOutcome => ({ rule, denied: false, counted: true }));
    if (charged.length === 0) return free;
    const decision = await this.#decide(charged.map(targetOf), held);
    const outcomes = charged.flatMap(({ rule, key }): RuleOutcome[] => {
      const result = decision.results.find((one) => one.key === key && one.policy === rule.rule.name);
      if (result === undefined) return [];
      // Limits are turned off: there is nothing to tell.
      if (result.source === 'exempt') return [{ rule, denied: false, counted: true }];
      const denied = !result.allowed && !result.shadow;
      return [{ rule, result, denied, counted: decision.allowed || denied }];
    });
    return [...free, ...outcomes];
  }

  async #decide(targets: readonly RateLimitTarget[], held: Asking['held']): Promise<RateLimitDecision> {
    if (!targets.some(({ policy }) => policy.algorithm === 'concurrency')) return this.#limiter.check(targets);
    const slot = await this.#limiter.acquire(targets);
    if (slot.allowed) held(() => slot.release());
    return slot.decision;
  }
}

const targetOf = ({ rule, key, cost }: Countable): RateLimitTarget => ({ key, policy: rule.policy, cost });
