import type { LimitedRequest, RateLimitModuleOptions, RateLimitPolicy } from '@mobius1/cache';

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

export type LimitName = keyof LimitNumbers;

const MINUTE = { window: '1m' } as const;

/** For `@RateLimit`; what these allow is replaced by the numbers of the configuration, see `rateLimitOptions`. */
export const WRITES = { name: 'writes', limit: DEFAULT_LIMITS.writes, ...MINUTE, by: 'user' } as const;
export const QUESTIONS = { name: 'questions', limit: DEFAULT_LIMITS.questions, ...MINUTE, by: 'user' } as const;

/** The policies of this application, as the service takes them. */
export function policiesOf(numbers: LimitNumbers): Readonly<Record<LimitName, RateLimitPolicy & { name: LimitName }>> {
  return {
    requests: { name: 'requests', limit: numbers.requests, ...MINUTE },
    writes: { name: 'writes', limit: numbers.writes, ...MINUTE },
    questions: { name: 'questions', limit: numbers.questions, ...MINUTE },
    // A day of the offices that use it, whatever the clock of the server.
    tokens: { name: 'tokens', limit: numbers.tokens, algorithm: 'calendar', per: 'day', timeZone: 'Europe/Madrid' },
  };
}

/**
 * This application has no login, so it believes a header. Who lies about it is still counted by address; a real application reads what its
 * authentication has found out, and needs nothing of this.
 */
export function userOf({ headers }: LimitedRequest): string | undefined {
  const id = headers?.['x-user-id'];
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? id : undefined;
}

/** One limit on all routes; who a user is; and as much as the configuration allows, where a decorator says how much. */
export function rateLimitOptions(numbers: LimitNumbers): RateLimitModuleOptions {
  const policies = policiesOf(numbers);
  const isOurs = (name: string): name is LimitName => name in policies;
  return {
    rules: [{ ...policies.requests, by: 'ip' }],
    callers: { user: userOf },
    // Here the plan of a customer would be looked up.
    resolve: (_context, rules) =>
      rules.map((rule) => (isOurs(rule.name) ? { ...rule, limit: policies[rule.name].limit } : rule)),
  };
}
