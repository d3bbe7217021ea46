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
  /** Whether that was estimated: then a limit is asked for what it has at most, because who is denied has no chance to learn a better one. */
  readonly estimated?: boolean;
  /** Whether what such targets are charged is settled later. */
  readonly settles?: boolean;
  /** Whether slots can be held by who asks. */
  readonly holds?: boolean;
}

/** Whom limits concern, as callers give it: a key with policies, or targets that name both. */
export type Subject = string | readonly RateLimitTarget[];

/**
 * Checks the limits of a request.
 *
 * @throws InvalidOptionsError for wrong policies and costs; InvalidKeyError for keys that are none
 */
export function readItems(subject: Subject, policies: unknown, reading: Reading): Item[] {
  checkCost(reading.call, 'cost', reading.cost);
  let items: Item[];
  if (Array.isArray(subject)) {
    items = (subject as readonly (Partial<RateLimitTarget> | null | undefined)[]).map((target) => {
      const { key, policy, cost } = (target ?? {}) as RateLimitTarget;
      if (cost !== undefined) checkCost(reading.call, 'targets[].cost', cost);
      const limit = limitOf(policy, reading.call);
      return itemOf({ key, cost, identity: encodeIdentity(key), limit }, reading);
    });
  } else {
    const key = subject as string;
    const identity = encodeIdentity(key);
    const list = Array.isArray(policies) ? (policies as readonly RateLimitPolicy[]) : [policies as RateLimitPolicy];
    items = list.map((policy) => itemOf({ key, identity, limit: limitOf(policy, reading.call) }, reading));
  }
  if (items.length !== 1) checkList(reading.call, items);
  return items;
}

/** A target whose key and policy were read. */
interface ReadTarget {
  readonly key: string;
  readonly cost?: number | undefined;
  readonly identity: string;
  readonly limit: Limit;
}

function itemOf({ key, cost: own, identity, limit }: ReadTarget, reading: Reading): Item {
  const { rule } = limit;
  const { call, settles = false, holds = false, estimated = false } = reading;
  if (rule.kind !== 'slots') {
    const cost = estimated ? Math.min(reading.cost, rule.capacity) : reading.cost;
    return { key, limit, identity, rule, cost: own ?? cost, settles: settles && own === undefined };
  }
  if (!holds) refuseSlots(call, limit);
  return { key, limit, identity, rule, cost: 1, settles: false };
}

export function checkCost(call: string, path: string, cost: unknown): void {
  if (Number.isSafeInteger(cost) && (cost as number) >= 0) return;
  const check = new OptionCheck(call);
  check.problem(path, 'a whole number, 0 or more', cost);
  check.throwIfAny();
}

function refuseSlots(call: string, { algorithm }: Limit): void {
  const check = new OptionCheck(call);
  check.problem('policy.algorithm', "anything but 'concurrency'", algorithm, 'slots are given back: use acquire()');
  check.throwIfAny();
}

function checkList(call: string, items: readonly Item[]): void {
  const isTwice = (item: Item, i: number): boolean =>
    items.findIndex(({ rule, identity }) => rule.id === item.rule.id && identity === item.identity) < i;
  const twice = items.find(isTwice);
  if (items.length > 0 && twice === undefined) return;
  const check = new OptionCheck(call);
  if (twice === undefined) check.problem('policies', 'at least one policy', []);
  else {
    const hint = 'they would count the same units twice';
    check.problem('policies', 'policies of one key that have different names', twice.limit.name, hint);
  }
  check.throwIfAny();
}
