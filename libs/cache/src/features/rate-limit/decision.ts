import type { Verdict } from '../../core/limits/limit-store.js';
import type { Item } from './limit-request.js';
import type { RateLimitDecision, RateLimitResult, RateLimitSource } from './limit-types.js';

/** What a limit says. */
export function resultOf(item: Item, verdict: Verdict, source: RateLimitSource): RateLimitResult {
  const { key, limit, rule, cost } = item;
  const { allowed, remaining, resetMs, retryMs, blocked } = verdict;
  const result = {
    key,
    policy: limit.name,
    algorithm: limit.algorithm,
    limit: rule.limit,
    windowMs: limit.windowMs,
    cost,
    allowed,
    remaining,
    resetMs,
    unsatisfiable: source === 'unsatisfiable',
    blocked,
    shadow: rule.shadow,
    unavailable: source === 'closed' && !allowed,
    source,
  };
  return retryMs === undefined ? result : { ...result, retryAfterMs: retryMs };
}

/** A limit that was not asked, and lets pass or not. */
export function unasked(item: Item, source: RateLimitSource, allowed = true): RateLimitResult {
  const remaining = source === 'unsatisfiable' ? 0 : item.rule.capacity;
  return resultOf(item, { allowed, blocked: false, remaining, resetMs: 0, retryMs: undefined }, source);
}

/** Waiting does not help: the cost is above what the limit ever has. */
export const isUnsatisfiable = ({ cost, rule }: Item): boolean => cost > rule.capacity || rule.limit === 0;

/** What all of them say together. */
export function decisionOf(results: readonly RateLimitResult[]): RateLimitDecision {
  let denial: RateLimitResult | undefined;
  let retryAfterMs: number | undefined = 0;
  let unavailable = false;
  for (const result of results) {
    if (result.allowed || result.shadow) continue;
    denial ??= result;
    unavailable ||= result.unavailable;
    // One that does not know when, and nobody knows.
    if (result.retryAfterMs === undefined || retryAfterMs === undefined) retryAfterMs = undefined;
    else retryAfterMs = Math.max(retryAfterMs, result.retryAfterMs);
  }
  const source = (denial ?? results[0])?.source ?? 'exempt';
  const decision = { allowed: denial === undefined, source, unavailable, results };
  return denial === undefined || retryAfterMs === undefined ? decision : { ...decision, retryAfterMs };
}
