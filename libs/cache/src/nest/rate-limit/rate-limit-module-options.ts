import type { ExecutionContext } from '@nestjs/common';
import { OptionCheck } from '@mobius1/kernel';
import type { RateLimitOptions } from '../../features/rate-limit/limit-types.js';
import { type CallerReaders, DEFAULT_READERS, ON_MISSING, type OnMissing, type ReadCaller } from './caller-identity.js';
import { IPV6_PREFIX, type Networks, readNetworks } from './client-address.js';
import { checkRule, type RateLimitRule } from './rate-limit.decorator.js';

/** How the guard reads who calls. What is not a non-empty text, a number or a bigint is missing. */
export interface RateLimitCallers {
  /** @default `request.ip`, which follows the `trust proxy` of the HTTP adapter; the peer of the socket elsewhere */
  readonly ip?: ReadCaller;
  /** @default `request.user.id`, else `request.user.sub` */
  readonly user?: ReadCaller;
  /** @default `request.workspace.id`, else `request.user.workspaceId` */
  readonly workspace?: ReadCaller;
  /** @default the header `X-API-Key` */
  readonly apiKey?: ReadCaller;
}

/** What `RateLimitGuard` does on all routes, beside what holds for all limits. */
export interface RateLimitModuleOptions extends RateLimitOptions {
  /** Rules of every route that the guard protects; each needs a name. @default none */
  readonly rules?: readonly RateLimitRule[];
  /**
   * The rules of one request, from those that are declared for it: what the plan of a user allows. If it fails, those that are declared hold.
   *
   * @default those that are declared
   */
  readonly resolve?: (
    context: ExecutionContext,
    rules: readonly (RateLimitRule & { readonly name: string })[],
  ) => readonly RateLimitRule[] | Promise<readonly RateLimitRule[]>;
  /** How callers are known. */
  readonly callers?: RateLimitCallers;
  /** What happens to a caller of whom a part of `by` is not known. @default 'ip' */
  readonly onMissing?: OnMissing;
  /** Bits of an IPv6 address that are counted as one caller, 32 to 128. @default 64 */
  readonly ipv6Prefix?: number;
  /** Networks in CIDR notation, or addresses, that no limit holds for. @default none */
  readonly allow?: readonly string[];
  /** Whether answers carry `RateLimit-Policy` and `RateLimit`. @default true */
  readonly headers?: boolean;
  /** Whether they carry `X-RateLimit-Limit`, `-Remaining` and `-Reset` as well. @default false */
  readonly legacyHeaders?: boolean;
}

/** The options of the guard, resolved. */
export interface GuardSettings {
  readonly rules: readonly RateLimitRule[];
  readonly resolve: RateLimitModuleOptions['resolve'];
  readonly readers: CallerReaders;
  readonly onMissing: OnMissing;
  readonly ipv6Prefix: number;
  readonly allow: Networks;
  readonly headers: boolean;
  readonly legacyHeaders: boolean;
}

/** Those of the guard; what is left is for the engine. */
const GUARD_OPTIONS = [
  ...['rules', 'resolve', 'callers', 'onMissing', 'ipv6Prefix', 'allow', 'headers', 'legacyHeaders'],
] as const satisfies readonly (keyof RateLimitModuleOptions)[];

/** What the engine gets. */
export function engineOptions(options: RateLimitModuleOptions | null | undefined): RateLimitOptions {
  if (typeof options !== 'object' || options === null) return options as unknown as RateLimitOptions; // which checks it
  const own: readonly string[] = GUARD_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !own.includes(name)));
}

/** @throws InvalidOptionsError that lists every problem at once */
export function guardSettings(options: RateLimitModuleOptions = {}): GuardSettings {
  const check = new OptionCheck('CacheModule: rateLimit');
  const { rules = [], resolve } = options;
  const callers = (options.callers as RateLimitCallers | null | undefined) ?? {};
  if (!Array.isArray(rules)) check.problem('rules', 'a list', rules);
  else rules.forEach((rule: unknown, i) => checkModuleRule(check, `rules[${i}].`, rule));
  check.function('resolve', resolve);
  check.unknownKeys('callers', options.callers, ['ip', 'user', 'workspace', 'apiKey']);
  for (const name of ['ip', 'user', 'workspace', 'apiKey'] as const) check.function(`callers.${name}`, callers[name]);
  const settings = {
    rules,
    resolve,
    readers: {
      ip: callers.ip,
      user: callers.user ?? DEFAULT_READERS.user,
      workspace: callers.workspace ?? DEFAULT_READERS.workspace,
      apiKey: callers.apiKey ?? DEFAULT_READERS.apiKey,
    },
    onMissing: check.oneOf('onMissing', options.onMissing, ON_MISSING) ?? 'ip',
    ipv6Prefix: check.integerBetween('ipv6Prefix', options.ipv6Prefix, 32, 128) ?? IPV6_PREFIX,
    allow: readNetworks(check, 'allow', options.allow),
    headers: check.boolean('headers', options.headers) ?? true,
    legacyHeaders: check.boolean('legacyHeaders', options.legacyHeaders) ?? false,
  };
  check.throwIfAny();
  return settings;
}

function checkModuleRule(check: OptionCheck, path: string, rule: unknown): void {
  checkRule(check, path, rule);
  const { name } = (rule ?? {}) as Partial<RateLimitRule>;
  check.required(`${path}name`, name, 'a name, because all routes share its count');
}
