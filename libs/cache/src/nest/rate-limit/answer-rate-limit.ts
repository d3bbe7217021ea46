import type { RateLimitDecision } from '../../features/rate-limit/limit-types.js';
import { factsOfResults, standingOf } from './denial.js';
import { rateLimitFields } from './rate-limit-fields.js';
import { RateLimitException } from './rate-limit.exception.js';
import { addToFields, setFields } from './response.js';

/**
 * Answers a request by a decision of `RateLimitService`, as `RateLimitGuard` does: tells in the fields of the answer what is left, beside what
 * a guard has told, and throws when it is denied.
 *
 * @param response that of Express or Fastify
 * @throws RateLimitException when the decision denies
 * @example
 * ```ts
 * const budget = await limits.reserve(`workspace:${id}`, tokens, 800);
 * answerRateLimit(response, budget.decision);
 * ```
 */
export function answerRateLimit(response: object, decision: RateLimitDecision): void {
  const told = decision.results.filter(({ shadow }) => !shadow);
  addToFields(response, rateLimitFields(told.map(standingOf)));
  if (decision.allowed) return;
  const facts = factsOfResults(told.filter(({ allowed }) => !allowed));
  if (facts.retryAfter !== undefined) setFields(response, { 'Retry-After': String(facts.retryAfter) });
  setFields(response, { 'Content-Type': 'application/problem+json' });
  throw new RateLimitException(facts);
}
