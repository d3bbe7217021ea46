import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import { OptionCheck } from '@mobius1/kernel';
import type { RateLimitPolicy } from '../../features/rate-limit/limit-types.js';
import { NAMED_PARTS, ON_MISSING, type OnMissing, type RateLimitBy } from './caller-identity.js';
import { readNetworks } from './client-address.js';

/** A limit of routes: how much, and of whom. */
export interface RateLimitRule extends RateLimitPolicy {
  /**
   * Names it in answers and metrics. Two handlers that give one name share one count, on purpose.
   *
   * @default class and method, so that each handler counts for itself
   */
  readonly name?: string;
  /** Who is counted; a list counts each combination. @default 'ip' */
  readonly by?: RateLimitBy | readonly RateLimitBy[];
  /** What happens to a caller of whom a part of `by` is not known: counted by its address, refused, or not counted. @default 'ip' */
  readonly onMissing?: OnMissing;
  /** Units of one request: a whole number, 0 or more, or a function of it. @default 1 */
  readonly cost?: number | ((context: ExecutionContext) => number | Promise<number>);
  /** Networks in CIDR notation, or addresses, that this limit lets pass uncounted. @default none */
  readonly allow?: readonly string[];
}

/** What a decorator may leave open: another one, or the module, says the rest. */
export type PartialRateLimitRule = Partial<RateLimitRule>;

const RULES = Symbol.for('@mobius1/cache rate limits');
const SKIPPED = Symbol.for('@mobius1/cache skipped rate limits');

/** What one class or method declares. */
export interface DeclaredRules {
  readonly rules: readonly PartialRateLimitRule[];
  /** Names of rules that do not hold here, or all of those that are declared further out. */
  readonly skipped: readonly string[] | 'all';
}

const KNOWN = [
  ...['name', 'limit', 'window', 'algorithm', 'burst', 'per', 'timeZone', 'onOutage', 'block', 'shadow', 'debt'],
  ...['by', 'onMissing', 'cost', 'allow'],
];

/**
 * Limits how often a handler is called: a route, a resolver, a message of a gateway or of a microservice. On a class, it holds for each of
 * its handlers, and says what theirs leave open. Several limits hold together, and are decided in one step: a denied request consumes
 * nothing of any of them (G14). Needs `RateLimitGuard`, for the route or as `APP_GUARD`.
 *
 * @example
 * ```ts
 * @RateLimit({ limit: 10, window: '1s' }, { limit: 1_000, window: '1h', by: 'user' })
 * @UseGuards(RateLimitGuard)
 * @Get()
 * list() { … }
 * ```
 *
 * @throws InvalidOptionsError at class definition for what cannot be right; at boot for what nothing completes
 */
export function RateLimit(...rules: readonly PartialRateLimitRule[]): ClassDecorator & MethodDecorator {
  const check = new OptionCheck('@RateLimit');
  if (rules.length === 0) check.problem('rules', 'one rule or more', undefined);
  rules.forEach((rule, i) => checkRule(check, rules.length === 1 ? '' : `[${i}].`, rule));
  check.throwIfAny();
  // Decorators run from the last to the first; what is written first is answered first.
  return declare(RULES, (others: readonly PartialRateLimitRule[] = []) => [...rules, ...others]);
}

/**
 * Takes the limits with these names, or all limits, off a class or a method. A limit that the method itself declares holds, whatever its class
 * skips.
 */
export function SkipRateLimit(...names: readonly (string | readonly string[])[]): ClassDecorator & MethodDecorator {
  const all = names.flat();
  return declare(SKIPPED, (others: readonly string[] | 'all' = []) =>
    names.length === 0 || others === 'all' ? 'all' : [...all, ...others],
  );
}

/** What a class or a method says of limits; of a class, what it inherits unless it says something itself. */
export function declaredRules(target: object): DeclaredRules {
  return {
    rules: (Reflect.getMetadata(RULES, target) as readonly PartialRateLimitRule[] | undefined) ?? [],
    skipped: (Reflect.getMetadata(SKIPPED, target) as readonly string[] | 'all' | undefined) ?? [],
  };
}

/** Checks what can be known of one rule alone. */
export function checkRule(check: OptionCheck, path: string, rule: unknown): void {
  check.unknownKeys(path.replace(/\.$/, ''), rule ?? null, KNOWN);
  if (typeof rule !== 'object' || rule === null) return;
  const { by, onMissing, cost, allow } = rule as PartialRateLimitRule;
  const parts: readonly unknown[] = by === undefined ? ['ip'] : Array.isArray(by) ? by : [by];
  if (parts.length === 0) check.problem(`${path}by`, `one of ${NAMED_PARTS.join(', ')}, a function, or a list`, by);
  for (const part of parts) if (typeof part !== 'function') check.oneOf(`${path}by`, part, NAMED_PARTS);
  check.oneOf(`${path}onMissing`, onMissing, ON_MISSING);
  if (typeof cost !== 'function') check.integerBetween(`${path}cost`, cost, 0, Number.MAX_SAFE_INTEGER);
  readNetworks(check, `${path}allow`, allow);
}

function declare<Value>(key: symbol, next: (before: Value | undefined) => Value): ClassDecorator & MethodDecorator {
  return (target: object, _property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    // Nest hands the function of a method to its guards.
    const place = (descriptor?.value as object | undefined) ?? target;
    Reflect.defineMetadata(key, next(Reflect.getOwnMetadata(key, place) as Value | undefined), place);
  };
}
