import { HttpException, HttpStatus } from '@nestjs/common';

/** What is told to whoever is denied, on every transport. */
export interface RateLimitFacts {
  /** `RATE_LIMITED`: too much was asked for. `RATE_LIMIT_UNAVAILABLE`: nobody can count at the moment. */
  readonly code: 'RATE_LIMITED' | 'RATE_LIMIT_UNAVAILABLE';
  /** One sentence for people. */
  readonly message: string;
  /** Names of the policies that denied. */
  readonly violatedPolicies: readonly string[];
  /** Seconds until the same can be asked again; absent when waiting does not help. */
  readonly retryAfter?: number;
}

/** Problem types of draft-ietf-httpapi-ratelimit-headers-10. */
const PROBLEMS = {
  RATE_LIMITED: {
    status: HttpStatus.TOO_MANY_REQUESTS,
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
  },
  RATE_LIMIT_UNAVAILABLE: {
    status: HttpStatus.SERVICE_UNAVAILABLE,
    type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
    title: 'Request cannot be satisfied due to temporary server capacity constraints',
  },
} as const;

/**
 * A request that `RateLimitGuard` denied: 429, or 503 where nobody can count and the policy is `closed`. Its response is the problem
 * document of RFC 9457, its `extensions` are what GraphQL tells.
 */
export class RateLimitException extends HttpException {
  /** What denied, and until when. */
  readonly facts: RateLimitFacts;
  /** What GraphQL tells beside the message. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(facts: RateLimitFacts) {
    const { status, type, title } = PROBLEMS[facts.code];
    const { message, code, ...rest } = facts;
    super({ type, title, status, detail: message, 'violated-policies': facts.violatedPolicies }, status, {
      description: title,
    });
    this.message = message;
    this.facts = facts;
    this.extensions = { code, status, ...rest };
  }
}
