import { formatDuration, OptionCheck } from '@mobius1/kernel';
import type { BlockRule, LimitRule, MeterKind } from '../../core/limits/limit-store.js';
import { suspectDeclared } from '../../core/options.js';
import { calendarOf, isTimeZone } from './calendar.js';
import type { RateLimitAlgorithm, RateLimitBlock, RateLimitOutage, RateLimitPolicy } from './limit-types.js';

/** A policy, checked. */
export interface Limit {
  readonly name: string;
  readonly algorithm: RateLimitAlgorithm;
  /** As it is shown: of the calendar, of a common month. */
  readonly windowMs: number;
  readonly rule: LimitRule;
  /** `undefined`: as the service does. */
  readonly onOutage: RateLimitOutage | undefined;
}

const KINDS: Readonly<Record<RateLimitAlgorithm, MeterKind>> = {
  'sliding-window': 'sliding',
  'token-bucket': 'bucket',
  'fixed-window': 'fixed',
  calendar: 'calendar',
  concurrency: 'slots',
};
const ALGORITHMS = Object.keys(KINDS) as RateLimitAlgorithm[];
export const OUTAGES: readonly RateLimitOutage[] = ['local', 'open', 'closed'];
const UNITS = ['hour', 'day', 'month'] as const;
const UNIT_MS = { hour: 3_600_000, day: 86_400_000, month: 30 * 86_400_000 } as const;
const KNOWN = [
  ...['name', 'limit', 'window', 'algorithm', 'burst', 'per', 'timeZone', 'onOutage', 'block', 'shadow', 'debt'],
] as const;

/** Long enough for a long request; a process that died holds its slots no longer. */
const SLOT_MS = 30_000;
/** A slot is renewed three times in its life: shorter ones would be lost to a pause of the event loop. */
const SHORTEST_SLOT_MS = 100;
/** Ten years: microseconds of it are still exact integers. */
const LONGEST_WINDOW_MS = 3_653 * 86_400_000;
/** Counts stay exact integers, also with debts on top. */
const HIGHEST_LIMIT = 1e12;
const BLOCK_FACTOR = 2;
/** A day for those who are blocked for an hour at first. */
const LONGEST_BLOCK_FACTOR = 24;
const NAME = /^[\w.:/-]{1,64}$/;

/** A limit that was made of a policy, with what is likely to be changed in an object that is used again. */
interface Known {
  readonly limit: number;
  readonly window: RateLimitPolicy['window'];
  readonly burst: number | undefined;
  readonly made: Limit;
}

const known = new WeakMap<RateLimitPolicy, Known>();

/** The limit of a policy; checks it when it is new or was changed. @throws InvalidOptionsError with every problem at once */
export function limitOf(policy: RateLimitPolicy, call: string): Limit {
  const before = known.get(policy);
  if (before !== undefined && isSame(before, policy)) return before.made;
  const made = resolve(policy, call);
  const { limit, window, burst } = policy;
  known.set(policy, { limit, window, burst, made });
  return made;
}

const isSame = (one: Known, { limit, window, burst }: RateLimitPolicy): boolean =>
  one.limit === limit && one.window === window && one.burst === burst;

function resolve(policy: RateLimitPolicy, call: string): Limit {
  const check = new OptionCheck(call);
  check.required('policy', policy, 'a policy like { limit: 100, window: 60 }');
  check.unknownKeys('policy', policy, KNOWN);
  check.throwIfAny();
  const algorithm = check.oneOf('policy.algorithm', policy.algorithm, ALGORITHMS) ?? 'sliding-window';
  check.required('policy.limit', policy.limit, 'a whole number, 0 or more');
  const limit = check.integerBetween('policy.limit', policy.limit, 0, HIGHEST_LIMIT) ?? 0;
  const windowMs = checkWindow(check, policy, algorithm);
  const per = check.oneOf('policy.per', policy.per, UNITS) ?? 'day';
  const timeZone = checkZone(check, policy.timeZone);
  belongs(check, policy, algorithm);
  const kind = KINDS[algorithm];
  const name = check.string('policy.name', policy.name);
  if (name !== undefined && !NAME.test(name))
    check.problem('policy.name', 'up to 64 letters, digits, and . _ : / -', name);
  const rule: LimitRule = {
    // The number is no part of it: a limit that is raised or lowered stays the same limit.
    id: `${name ?? ''}:${kind === 'calendar' ? `${per}:${timeZone}` : `${kind}${windowMs}`}`,
    kind,
    limit,
    windowMs,
    capacity: check.integerBetween('policy.burst', policy.burst, 1, HIGHEST_LIMIT) ?? limit,
    debt: check.integerBetween('policy.debt', policy.debt, 0, HIGHEST_LIMIT) ?? limit,
    calendar: calendarOf(per, timeZone),
    block: checkBlock(check, policy.block),
    shadow: check.boolean('policy.shadow', policy.shadow) ?? false,
  };
  const onOutage = check.oneOf('policy.onOutage', policy.onOutage, OUTAGES);
  check.throwIfAny();
  suspectDeclared(call, policy.window, 'window');
  const shown = name ?? `${limit}/${kind === 'calendar' ? per : kind === 'slots' ? 'slots' : formatDuration(windowMs)}`;
  return Object.freeze({
    name: shown,
    algorithm,
    windowMs: kind === 'calendar' ? UNIT_MS[per] : windowMs,
    rule: Object.freeze(rule),
    onOutage,
  });
}

function checkWindow(check: OptionCheck, { window }: RateLimitPolicy, algorithm: RateLimitAlgorithm): number {
  const path = 'policy.window';
  if (algorithm === 'calendar') {
    if (window !== undefined) check.problem(path, "nothing: the window of a calendar is its 'per'", window);
    return 0;
  }
  if (algorithm !== 'concurrency') check.required(path, window, "a number of seconds or a string like '1m'");
  const ms = check.durationMs(path, window, 's') ?? SLOT_MS;
  if (ms > LONGEST_WINDOW_MS) check.problem(path, 'at most ten years', window);
  if (algorithm === 'concurrency' && ms < SHORTEST_SLOT_MS) check.problem(path, 'at least 100 ms', window);
  return ms;
}

/** An option of another algorithm would do nothing. */
function belongs(check: OptionCheck, { burst, per, timeZone }: RateLimitPolicy, algorithm: RateLimitAlgorithm): void {
  if (burst !== undefined && algorithm !== 'token-bucket')
    check.problem('policy.burst', "an algorithm 'token-bucket'", algorithm);
  if (algorithm === 'calendar') return;
  if (per !== undefined) check.problem('policy.per', "an algorithm 'calendar'", algorithm);
  if (timeZone !== undefined) check.problem('policy.timeZone', "an algorithm 'calendar'", algorithm);
}

function checkZone(check: OptionCheck, given: string | undefined): string {
  const timeZone = check.string('policy.timeZone', given) ?? 'UTC';
  if (isTimeZone(timeZone)) return timeZone;
  check.problem('policy.timeZone', "a name like 'Europe/Madrid'", given);
  return 'UTC';
}

function checkBlock(check: OptionCheck, given: RateLimitPolicy['block']): BlockRule | undefined {
  if (given === undefined) return undefined;
  const block: RateLimitBlock = typeof given === 'object' ? given : { for: given };
  const path = typeof given === 'object' ? 'policy.block.for' : 'policy.block';
  check.unknownKeys('policy.block', block, ['for', 'factor', 'max']);
  check.required(path, block.for, "a number of seconds or a string like '1m'");
  const ms = check.durationMs(path, block.for, 's') ?? 1;
  const maxMs = check.durationMs('policy.block.max', block.max, 's') ?? ms * LONGEST_BLOCK_FACTOR;
  if (maxMs < ms) check.problem('policy.block.max', 'at least as long as the first block', block.max);
  const { factor = BLOCK_FACTOR } = block;
  if (!(factor >= 1 && factor <= 10)) check.problem('policy.block.factor', 'a number from 1 to 10', factor);
  return { ms, factor, maxMs };
}
