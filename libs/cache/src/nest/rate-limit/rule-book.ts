import type { ExecutionContext } from '@nestjs/common';
import { OptionCheck } from '@mobius1/kernel';
import { limitOf } from '../../features/rate-limit/limit-policy.js';
import type { RateLimitPolicy } from '../../features/rate-limit/limit-types.js';
import type { IdentityRule, OnMissing } from './caller-identity.js';
import { type Networks, readNetworks } from './client-address.js';
import { checkRule, declaredRules, type PartialRateLimitRule, type RateLimitRule } from './rate-limit.decorator.js';
import { policyName } from './policy-name.js';
import { type NamedRule, rulesOf, withNames } from './rule-layers.js';

/** A rule that is ready to be applied; made once and kept, as the engine wants its policies. */
export interface ReadyRule extends IdentityRule {
  /** What it was made of, complete. */
  readonly rule: RateLimitRule & { readonly name: string };
  /** How it counts. */
  readonly policy: RateLimitPolicy;
  /** Units of a request, or how to tell them. */
  readonly cost: NonNullable<RateLimitRule['cost']>;
  /** Addresses that it lets pass. */
  readonly allow: Networks;
}

type Class = ReturnType<ExecutionContext['getClass']>;
type Handler = ReturnType<ExecutionContext['getHandler']>;

/** The rules of every handler of an application. */
export class RuleBook {
  readonly #ofModule: readonly PartialRateLimitRule[];
  readonly #onMissing: OnMissing;
  /** Handlers are inherited, so one function may belong to several classes. */
  readonly #ready = new WeakMap<Class, Map<Handler, readonly ReadyRule[]>>();
  readonly #made = new WeakMap<object, ReadyRule>();
  readonly #names = new Map<string, Class[]>();

  constructor(ofModule: readonly PartialRateLimitRule[], onMissing: OnMissing) {
    this.#ofModule = ofModule;
    this.#onMissing = onMissing;
  }

  /** Tells two classes of one name apart: the second one is `Name:2`. Called at boot, in an order that is the same in every process. */
  register(type: Class): void {
    const known = this.#names.get(type.name) ?? [];
    if (!known.includes(type)) this.#names.set(type.name, [...known, type]);
  }

  /** Class and method. */
  ownerOf(type: Class, handler: Handler): string {
    this.register(type);
    const nth = (this.#names.get(type.name)?.indexOf(type) ?? 0) + 1;
    return policyName(`${type.name}${nth > 1 ? `:${nth}` : ''}.${handler.name}`);
  }

  /** @throws InvalidOptionsError when what is declared for the handler does not make a limit */
  rulesFor(type: Class, handler: Handler): readonly ReadyRule[] {
    const ofClass = this.#ready.get(type) ?? new Map<Handler, readonly ReadyRule[]>();
    this.#ready.set(type, ofClass);
    const known = ofClass.get(handler);
    if (known !== undefined) return known;
    const owner = this.ownerOf(type, handler);
    const declared = { ofClass: declaredRules(type), ofMethod: declaredRules(handler), ofModule: this.#ofModule };
    const ready = this.#makeAll(rulesOf({ ...declared, owner }), owner);
    ofClass.set(handler, ready);
    return ready;
  }

  /** The same for rules that were made for one request. @throws InvalidOptionsError */
  ready(rules: readonly PartialRateLimitRule[], owner: string): readonly ReadyRule[] {
    return this.#makeAll(withNames(rules, owner), owner);
  }

  #makeAll(rules: readonly NamedRule[], owner: string): readonly ReadyRule[] {
    const names = new Set(rules.map(({ name }) => name));
    if (names.size < rules.length) {
      const check = new OptionCheck(`@RateLimit on ${owner}`);
      check.problem('name', 'a name for each rule', rules.map(({ name }) => name).join(', '));
      check.throwIfAny();
    }
    return rules.map((rule) => this.#make(rule, owner));
  }

  #make(rule: NamedRule, owner: string): ReadyRule {
    const known = this.#made.get(rule);
    if (known !== undefined) return known;
    const scope = rule.name === owner ? `@RateLimit on ${owner}` : `@RateLimit '${rule.name}' on ${owner}`;
    const check = new OptionCheck(scope);
    checkRule(check, '', rule);
    check.required('limit', rule.limit, 'how many units a window');
    const { by = 'ip', onMissing = this.#onMissing, cost = 1, allow, ...policy } = rule as NamedRule & RateLimitRule;
    const networks = readNetworks(check, 'allow', allow);
    check.throwIfAny();
    limitOf(policy, scope);
    const parts = typeof by === 'object' ? by : [by];
    const complete = rule as ReadyRule['rule'];
    const ready = Object.freeze({
      rule: complete,
      policy: Object.freeze(policy),
      by: parts,
      onMissing,
      cost,
      allow: networks,
    });
    this.#made.set(rule, ready);
    return ready;
  }
}
