import type { OptionCheck } from '@mobius1/kernel';
import { OUTAGES } from './limit-policy.js';
import type { RateLimitOptions, RateLimitOutage } from './limit-types.js';

export interface ResolvedLimitOptions {
  readonly enabled: boolean;
  readonly timeout: number;
  readonly onOutage: RateLimitOutage;
  readonly keyPrefix: string | undefined;
  readonly denyCacheEntries: number;
  readonly denyCacheMs: number;
  readonly maxLocalKeys: number;
}

export const LIMIT_OPTION_DEFAULTS: ResolvedLimitOptions = Object.freeze({
  enabled: true,
  // A tenth of a second is noticed; a healthy decision takes a hundredth of this.
  timeout: 75,
  onOutage: 'local',
  keyPrefix: undefined,
  denyCacheEntries: 10_000,
  // A limit that is reset or raised elsewhere is noticed this late.
  denyCacheMs: 5_000,
  maxLocalKeys: 100_000,
});

const KNOWN = ['enabled', 'timeout', 'onOutage', 'keyPrefix', 'denyCacheEntries', 'denyCacheTtl', 'maxLocalKeys'];

/** The options over the defaults; what is wrong goes to `check`, under `path` (`''`: the outermost object). */
export function checkLimitOptions(
  check: OptionCheck,
  path: string,
  options: RateLimitOptions | null = {},
): ResolvedLimitOptions {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  check.unknownKeys(path, options, KNOWN);
  const { enabled, timeout, onOutage, keyPrefix, denyCacheEntries, denyCacheTtl, maxLocalKeys } = options ?? {};
  const defaults = LIMIT_OPTION_DEFAULTS;
  return Object.freeze({
    enabled: check.boolean(at('enabled'), enabled) ?? defaults.enabled,
    timeout: check.integerBetween(at('timeout'), timeout, 1, 10_000) ?? defaults.timeout,
    onOutage: check.oneOf(at('onOutage'), onOutage, OUTAGES) ?? defaults.onOutage,
    keyPrefix: check.string(at('keyPrefix'), keyPrefix, { max: 128 }),
    denyCacheEntries:
      check.integerBetween(at('denyCacheEntries'), denyCacheEntries, 0, 10_000_000) ?? defaults.denyCacheEntries,
    denyCacheMs: check.durationMs(at('denyCacheTtl'), denyCacheTtl, 's') ?? defaults.denyCacheMs,
    maxLocalKeys: check.integerBetween(at('maxLocalKeys'), maxLocalKeys, 1, 10_000_000) ?? defaults.maxLocalKeys,
  });
}
