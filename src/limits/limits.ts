import type { LimitedRequest, RateLimitModuleOptions, RateLimitPolicy, RateLimitRule } from '@mobius1/cache';

/** How much each limit allows. */
export interface LimitNumbers {
  /** `RATE_LIMIT_REQUESTS`: requests of one address in a minute, on all routes. @default 3000 */
  readonly requests: number;
  /** `RATE_LIMIT_WRITES`: changes by one user in a minute. @default 120 */
  readonly writes: number;
  /** `RATE_LIMIT_QUESTIONS`: questions of one user to the assistant in a minute. @default 60 */
  readonly questions: number;
  /** `RATE_LIMIT_TOKENS`: tokens that the assistant may use in one workspace on one day. @default 200_000 */
  readonly tokens: number;
}

export const DEFAULT_LIMITS: LimitNumbers = { requests: 3_000, writes: 120, questions: 60, tokens: 200_000 };

const MINUTE = { window: '1m' } as const;

/** The policies of this application. */
export function policiesOf(numbers: LimitNumbers) {
  return {
    requests: { name: 'requests', limit: numbers.requests, ...MINUTE },
    writes: { name: 'writes', limit: numbers.writes, ...MINUTE },
    questions: { name: 'questions', limit: numbers.questions, ...MINUTE },
    // A day of the offices that use it, whatever the clock of the server.
    tokens: { name: 'tokens', limit: numbers.tokens, algorithm: 'calendar', per: 'day', timeZone: 'Europe/Madrid' },
  } as const satisfies Record<keyof LimitNumbers, RateLimitPolicy>;
}

/** Those that routes are held to, and of whom. */
function rulesOf(numbers: LimitNumbers) {
  const { requests, writes, questions } = policiesOf(numbers);
  return {
    requests: { ...requests, by: 'ip' },
    writes: { ...writes, by: 'user' },
    questions: { ...questions, by: 'user' },
  } as const satisfies Record<string, RateLimitRule>;
}

/** For `@RateLimit`, which knows no configuration; `rateLimitOptions` puts its numbers in their place. */
export const { writes: WRITES, questions: QUESTIONS } = rulesOf(DEFAULT_LIMITS);

/**
 * This application has no login, so it believes a header. Who lies about it is still counted by address; a real application reads what its
 * authentication has found out, and needs nothing of this.
 */
export function userOf({ headers }: LimitedRequest): string | undefined {
  const id = headers?.['x-user-id'];
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? id : undefined;
}

/** One limit on all routes; who a user is; and how much the configuration allows. */
export function rateLimitOptions(numbers: LimitNumbers): RateLimitModuleOptions {
  const rules = rulesOf(numbers);
  const configured = new Map<string, RateLimitRule>(Object.entries(rules));
  return {
    rules: [rules.requests],
    callers: { user: userOf },
    // Here the plan of a customer would be looked up.
    resolve: (_context, declared) => declared.map((rule) => configured.get(rule.name) ?? rule),
  };
}
