import { type ExecutionContext, Logger } from '@nestjs/common';
import type { CacheInstance } from '../../instance/cache-instance.js';
import type { CallerIdentity, Identified } from './caller-identity.js';
import { type Application, CountedRequests, type RequestReport } from './counted-requests.js';
import type { LimitedCall } from './limited-call.js';
import type { GuardSettings } from './rate-limit-module-options.js';
import { tellsWhenOver, whenOver } from './response.js';
import { type ReadyRule, RuleBook } from './rule-book.js';

/** One call to be decided. */
export interface LimitedCase {
  readonly context: ExecutionContext;
  readonly call: LimitedCall;
  readonly rules: readonly ReadyRule[];
  readonly caller: CallerIdentity;
  readonly identify: (rule: ReadyRule, caller: CallerIdentity) => Identified | Promise<Identified>;
}

// Each thing that goes wrong is said once; names of rules may be made for each request.
const MOST_WARNINGS = 1_000;

/** The limits of all routes of an application: what holds where, and who was counted already. */
export class RouteLimits {
  readonly settings: GuardSettings;
  readonly book: RuleBook;
  readonly #log = new Logger('RateLimit');
  readonly #warned = new Set<string>();
  readonly #instance: CacheInstance;
  readonly #counted: CountedRequests;

  /** @throws InvalidOptionsError when a rule of the module is no limit */
  constructor(instance: CacheInstance, settings: GuardSettings) {
    this.#instance = instance;
    this.settings = settings;
    this.book = new RuleBook(settings.rules, settings.onMissing);
    this.book.ready(settings.rules, 'CacheModule.rateLimit');
    this.#counted = new CountedRequests(instance.limits);
  }

  /** The rules of a call. What `resolve` cannot tell, or tells wrong, is what is declared. */
  async rulesFor(context: ExecutionContext): Promise<readonly ReadyRule[]> {
    const [type, handler] = [context.getClass(), context.getHandler()];
    const declared = this.book.rulesFor(type, handler);
    const { resolve } = this.settings;
    if (resolve === undefined) return declared;
    const owner = this.book.ownerOf(type, handler);
    try {
      const resolved = await resolve(
        context,
        declared.map(({ rule }) => rule),
      );
      return this.book.ready(resolved, owner);
    } catch (error) {
      this.#warn(`resolve ${owner}`, `rateLimit.resolve failed for ${owner}; the declared limits hold`, error);
      return declared;
    }
  }

  decide({ context, call, rules, caller, identify }: LimitedCase): Promise<RequestReport> {
    return this.#counted.decide({
      once: call.once,
      rules,
      apply: async (rule) => this.#apply({ rule, context, call, caller, identify }),
      held: (release) => whenOver(call.response, () => void release()),
    });
  }

  /** Tells of something that was read of a caller and failed. */
  readFailed(part: string, error: unknown): void {
    this.#warn(`read ${part}`, `reading '${part}' of a caller failed; it counts as missing`, error);
  }

  async #apply({
    rule,
    context,
    call,
    caller,
    identify,
  }: Omit<LimitedCase, 'rules'> & { rule: ReadyRule }): Promise<Application> {
    const { name } = rule.rule;
    if (rule.policy.algorithm === 'concurrency' && !tellsWhenOver(call.response)) {
      this.#warn(`slots ${name}`, `'${name}' does not hold for ${call.transport}: nobody tells when a call is over`);
      return { rule, kind: 'skip' };
    }
    const address = await caller.address();
    const exempt = this.settings.allow.has(address) || rule.allow.has(address);
    const identified = await identify(rule, caller);
    if (identified.outcome === 'known') {
      const key = this.#instance.argumentKeys.keyOf(identified.owner, identified.values);
      if (exempt) return { rule, kind: 'exempt', key, cost: 0 };
      return { rule, kind: 'count', key, cost: await this.#costOf(rule, context) };
    }
    if (exempt || identified.outcome === 'skip') return { rule, kind: 'skip' };
    this.#warn(`missing ${name}`, `'${name}' denies callers of whom ${identified.missing} is not known`);
    const shadow = rule.policy.shadow === true;
    const results = [{ key: '', policy: name, allowed: false, shadow }];
    const decision = { allowed: shadow, source: 'unidentified', unavailable: false, results };
    this.#instance.events.emit('rateLimit', () => decision);
    return { rule, kind: 'deny', missing: identified.missing };
  }

  /** What a function makes of a request that nobody has validated yet must not fail the request. */
  async #costOf({ rule, cost }: ReadyRule, context: ExecutionContext): Promise<number> {
    if (typeof cost === 'number') return cost;
    try {
      const units = await cost(context);
      if (Number.isSafeInteger(units) && units >= 0) return units;
      this.#warn(`cost ${rule.name}`, `the cost of '${rule.name}' is no whole number, 0 or more; 1 is counted`);
    } catch (error) {
      this.#warn(`cost ${rule.name}`, `the cost of '${rule.name}' could not be read; 1 is counted`, error);
    }
    return 1;
  }

  #warn(kind: string, what: string, error?: unknown): void {
    if (this.#warned.has(kind) || this.#warned.size >= MOST_WARNINGS) return;
    this.#warned.add(kind);
    const why = error === undefined ? '' : `: ${error instanceof Error ? error.message : typeof error}`;
    this.#log.warn(`${what}${why}`);
  }
}
