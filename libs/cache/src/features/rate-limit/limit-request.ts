import { OptionCheck } from '@mobius1/kernel';
import { encodeIdentity } from '../../core/limits/identity.js';
import type { Charge } from '../../core/limits/limit-store.js';
import { type Limit, limitOf } from './limit-policy.js';
import type { RateLimitPolicy, RateLimitTarget } from './limit-types.js';

/** One limit of one key in a request. */
export interface Item extends Charge {
  readonly key: string;
  readonly limit: Limit;
}

export type Policies = RateLimitPolicy | readonly RateLimitPolicy[];

/** What of a request is given for all of its targets. */
export interface Reading {
  /** The call, for messages. */
  readonly call: string;
  /** Units of targets that name none. */
  readonly cost: number;
  /** Whether what such targets are charged is settled later. */
  readonly settles?: boolean;
  /** Whether slots can be held by who asks. */
  readonly holds?: boolean;
}

/** The targets of a key with policies, or of a list of targets. */
export function targetsOf(
  subject: string | readonly RateLimitTarget[],
  policies: Policies | undefined,
): readonly RateLimitTarget[] {
  if (Array.isArray(subject)) return subject as readonly RateLimitTarget[];
  const list = Array.isArray(policies) ? (policies as readonly RateLimitPolicy[]) : [policies as RateLimitPolicy];
  return list.map((policy) => ({ key: subject as string, policy }));
}

/**
 * Checks the targets of a request.
 *
 * @throws InvalidOptionsError for wrong policies and costs; InvalidKeyError for keys that are none
 */
export function readItems(
  targets: readonly RateLimitTarget[],
  { call, cost, settles = false, holds = false }: Reading,
): Item[] {
  checkCost(call, 'cost', cost);
  const items = targets.map(({ key, policy, cost: own }): Item => {
    if (own !== undefined) checkCost(call, 'targets[].cost', own);
    const limit = limitOf(policy, call);
    const { rule } = limit;
    if (rule.kind === 'slots' && !holds) refuseSlots(call, policy);
    const settling = settles && own === undefined && rule.kind !== 'slots';
    return {
      key,
      limit,
      identity: encodeIdentity(key),
      rule,
      cost: rule.kind === 'slots' ? 1 : (own ?? cost),
      settles: settling,
    };
  });
  if (items.length !== 1) checkList(call, items);
  return items;
}

export function checkCost(call: string, path: string, cost: unknown): void {
  if (Number.isSafeInteger(cost) && (cost as number) >= 0) return;
  const check = new OptionCheck(call);
  check.problem(path, 'a whole number, 0 or more', cost);
  check.throwIfAny();
}

function refuseSlots(call: string, policy: RateLimitPolicy): void {
  const check = new OptionCheck(call);
  check.problem(
    'policy.algorithm',
    "anything but 'concurrency'",
    policy.algorithm,
    'slots are given back: use acquire()',
  );
  check.throwIfAny();
}

function checkList(call: string, items: readonly Item[]): void {
  const check = new OptionCheck(call);
  if (items.length === 0) check.problem('policies', 'at least one policy', []);
  const seen = new Set<string>();
  for (const { identity, rule, limit } of items) {
    const state = `${rule.id}|${identity}`;
    if (seen.has(state))
      check.problem(
        'policies',
        'policies of one key that have different names',
        limit.name,
        'they would count the same units twice',
      );
    seen.add(state);
  }
  check.throwIfAny();
}
