import { limitOf } from '../../features/rate-limit/limit-policy.js';
import type { RequestReport, RuleOutcome } from './counted-requests.js';
import { type PolicyStanding, retryAfter } from './rate-limit-fields.js';
import type { RateLimitFacts } from './rate-limit.exception.js';

/** How the policies of a request stand. Those in the shadow are not told: callers are not held to them. */
export function standingsOf({ outcomes }: RequestReport): PolicyStanding[] {
  return outcomes.flatMap((outcome) => {
    const { rule, result, missing } = outcome;
    if (rule.policy.shadow === true) return [];
    if (result === undefined) return missing === undefined ? [] : [unknownCaller(outcome)];
    const { limit, windowMs, remaining, resetMs, retryAfterMs, algorithm } = result;
    const standing = { limit, remaining, resetMs, retryAfterMs, violated: outcome.denied };
    return [{ ...standing, name: rule.rule.name, windowMs: algorithm === 'concurrency' ? 0 : windowMs }];
  });
}

function unknownCaller({ rule }: RuleOutcome): PolicyStanding {
  const { limit, windowMs, kind } = limitOf(rule.policy, '@RateLimit').rule;
  const standing = { limit, remaining: 0, resetMs: 0, retryAfterMs: undefined, violated: true };
  return { ...standing, name: rule.rule.name, windowMs: kind === 'slots' ? 0 : windowMs };
}

/** What a denied caller is told. */
export function factsOf(report: RequestReport): RateLimitFacts {
  const denied = report.outcomes.filter((outcome) => outcome.denied);
  const violatedPolicies = denied.map(({ rule }) => rule.rule.name);
  if (denied.some(({ result }) => result?.unavailable === true)) {
    const message = 'Requests cannot be counted at the moment. Try again later.';
    return { code: 'RATE_LIMIT_UNAVAILABLE', message, violatedPolicies };
  }
  const after = retryAfter(standingsOf(report));
  const when = { ...(after === undefined ? {} : { retryAfter: after }) };
  return { code: 'RATE_LIMITED', message: messageOf(denied, after), violatedPolicies, ...when };
}

function messageOf(denied: readonly RuleOutcome[], after: number | undefined): string {
  const missing = denied.map((outcome) => outcome.missing).find((part) => part !== undefined);
  if (missing !== undefined) return `It is not known for whom to count this request (${missing}).`;
  if (after !== undefined) return `Too many requests. Try again in ${after} ${after === 1 ? 'second' : 'seconds'}.`;
  if (denied.some(({ result }) => result?.unsatisfiable === true))
    return 'The request costs more than its limit ever allows.';
  return 'Too many requests.';
}
