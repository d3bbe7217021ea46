import { limitOf } from '../../features/rate-limit/limit-policy.js';
import type { RateLimitResult } from '../../features/rate-limit/limit-types.js';
import type { RequestReport } from './counted-requests.js';
import { type PolicyStanding, retryAfter } from './rate-limit-fields.js';
import type { RateLimitFacts } from './rate-limit.exception.js';
import type { ReadyRule } from './rule-book.js';

/** How the policies of a request stand. Those in the shadow are not told: callers are not held to them. */
export function standingsOf({ outcomes }: RequestReport): PolicyStanding[] {
  return outcomes.flatMap(({ rule, result, missing }) => {
    if (rule.policy.shadow === true) return [];
    if (result !== undefined) return [standingOf(result)];
    return missing === undefined ? [] : [unknownCaller(rule)];
  });
}

/** How one policy stands after a decision. */
export function standingOf(result: RateLimitResult): PolicyStanding {
  const { policy, limit, windowMs, remaining, resetMs, retryAfterMs, algorithm, allowed } = result;
  const window = algorithm === 'concurrency' ? 0 : windowMs;
  return { name: policy, limit, windowMs: window, remaining, resetMs, retryAfterMs, violated: !allowed };
}

function unknownCaller({ policy }: ReadyRule): PolicyStanding {
  const { name, rule, windowMs } = limitOf(policy, '@RateLimit');
  const standing = { limit: rule.limit, remaining: 0, resetMs: 0, retryAfterMs: undefined, violated: true };
  return { ...standing, name, windowMs: rule.kind === 'slots' ? 0 : windowMs };
}

/** What a denied caller is told. */
export function factsOf({ denials: denied }: RequestReport): RateLimitFacts {
  const missing = denied.find((outcome) => outcome.missing !== undefined)?.missing;
  if (missing === undefined) return factsOfResults(denied.flatMap(({ result }) => result ?? []));
  return {
    code: 'RATE_LIMITED',
    message: `It is not known for whom to count this request (${missing}).`,
    violatedPolicies: denied.map(({ rule }) => rule.rule.name),
  };
}

/** The same of results of the engine that deny. */
export function factsOfResults(denied: readonly RateLimitResult[]): RateLimitFacts {
  const violatedPolicies = denied.map(({ policy }) => policy);
  if (denied.some(({ unavailable }) => unavailable)) {
    const message = 'Requests cannot be counted at the moment. Try again later.';
    return { code: 'RATE_LIMIT_UNAVAILABLE', message, violatedPolicies };
  }
  const after = retryAfter(denied.map(standingOf));
  const when = { ...(after === undefined ? {} : { retryAfter: after }) };
  return { code: 'RATE_LIMITED', message: messageOf(denied, after), violatedPolicies, ...when };
}

function messageOf(denied: readonly RateLimitResult[], after: number | undefined): string {
  if (after !== undefined) return `Too many requests. Try again in ${after} ${after === 1 ? 'second' : 'seconds'}.`;
  if (denied.some(({ unsatisfiable }) => unsatisfiable)) return 'The request costs more than its limit ever allows.';
  return 'Too many requests.';
}
