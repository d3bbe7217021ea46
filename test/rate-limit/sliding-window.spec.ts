import fc from 'fast-check';
import type { Charge, LimitRule } from '../../libs/cache/src/core/limits/limit-store.js';
import { ruleOf } from '../../libs/cache/src/testing/describe-limit-store.js';
import { newToken } from '../../libs/cache/src/core/token.js';
import { timedMemory, timedRedis, type TimedStore } from './timed-stores.js';

const SCHEDULES = 10_000;
const SCHEDULES_ON_REDIS = 240;
/** Longer than the tests: what passes is the time of the schedule, while Redis expires keys by its own. */
const WINDOW_MS = 100_000;
const START_MS = 1_700_000_000_000;

/** What is done at a time, in shares of a window after the step before. */
interface Step {
  readonly after: number;
  readonly cost: number;
  /** What of it was used in the end; `undefined`: all of it, for good. */
  readonly used: number | undefined;
  /** The limit by then, in shares of the first one. */
  readonly limit: number;
}

interface Admitted {
  readonly at: number;
  units: number;
  readonly charges: readonly Charge[];
  readonly token: string;
  /** `undefined` once it is settled, too. */
  used: number | undefined;
}

/** Pauses: mostly short ones, and those that matter: none, next to nothing, around an edge of a segment or of the window. */
const pause = fc.oneof(
  { weight: 14, arbitrary: fc.double({ min: 0, max: 0.06, noNaN: true }) },
  { weight: 5, arbitrary: fc.constantFrom(0, 0, 0.00001, 1 / 60, 1 / 60 + 0.00001) },
  // Rare: most of what was used is over then.
  { weight: 1, arbitrary: fc.constantFrom(0.5, 0.99999, 1, 1.00001, 2.5) },
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Mostly a small part of the limit. */
const cost = fc.oneof({ weight: 5, arbitrary: share.map((part) => part / 4) }, { weight: 1, arbitrary: share });

const schedules = (changing: boolean): fc.Arbitrary<Step[]> => {
  const used = changing ? fc.option(share, { nil: undefined }) : fc.constant(undefined);
  const limit = changing ? fc.constantFrom(1, 1, 1, 1, 0.5, 2) : fc.constant(1);
  return fc.array(fc.record({ after: pause, cost, used, limit }), { minLength: 30, maxLength: 80, size: 'max' });
};

const unitsWithin = (admitted: readonly Admitted[], from: number, to: number): number =>
  admitted.filter(({ at }) => at > from && at <= to).reduce((sum, { units }) => sum + units, 0);

/** Runs a schedule, and judges it by every admission that there was. */
async function judge(timed: TimedStore, limit: number, steps: readonly Step[]): Promise<void> {
  await timed.clear();
  const admitted: Admitted[] = [];
  let time = START_MS;
  for (const { after, cost: part, used, limit: changed } of steps) {
    time = Math.round((time + after * WINDOW_MS) * 1_000) / 1_000;
    await timed.setTime(time);
    const open = admitted.find(({ used: part }) => part !== undefined);
    if (open !== undefined && after > 0.02) {
      const actual = Math.floor(open.units * (open.used ?? 1));
      if (await timed.store.settle(open.charges, open.token, actual)) open.units = actual;
      open.used = undefined;
    }
    const now = Math.max(1, Math.floor(limit * changed));
    const rule: LimitRule = ruleOf({ limit: now, windowMs: WINDOW_MS });
    const cost = Math.max(1, Math.floor(part * now));
    const charges = [{ identity: 'user', rule, cost, settles: used !== undefined }];
    const token = newToken();
    const { allowed } = await timed.store.charge(charges, { token, ms: 10 * WINDOW_MS });
    const before = unitsWithin(admitted, time - WINDOW_MS, time);
    if (allowed) {
      admitted.push({ at: time, units: cost, charges, token, used });
      // G13: every window that ends here, and so every window at all, as each ends before some admission or holds none.
      if (before + cost > now) throw new Error(`${before + cost} units in one window, the limit is ${now}`);
    } else if (changed === 1 && steps.every((step) => step.used === undefined && step.limit === 1)) {
      // And no less: what is denied would not have fitted. By segments, with a 60th of the window on top.
      const slack = limit > 2_000 ? WINDOW_MS / 60 + 1 : 0;
      const reach = unitsWithin(admitted, time - WINDOW_MS - slack, time);
      if (reach + cost <= now) throw new Error(`denied ${cost} although only ${reach} of ${now} units are in use`);
    }
  }
}

describe.each([
  ['in memory', SCHEDULES, () => Promise.resolve(timedMemory())],
  ['in Redis', SCHEDULES_ON_REDIS, timedRedis],
])('a sliding window %s', (_place, numRuns, open) => {
  let timed: TimedStore;
  beforeAll(async () => {
    timed = await open();
  });
  afterAll(() => timed.close());

  it.each([
    ['1', 1, 0.2],
    ['7', 7, 0.2],
    ['100', 100, 1],
    ['2,500, by segments', 2_500, 0.3],
  ])(
    'never holds more than its limit (G13), and no less: %s',
    async (_name, limit, share) => {
      await fc.assert(
        fc.asyncProperty(schedules(false), (steps) => judge(timed, limit, steps)),
        { numRuns: numRuns * share },
      );
    },
    120_000,
  );

  it.each([
    ['9', 9],
    ['100', 100],
    ['1,500, which grows to segments', 1_500],
    ['2,500, by segments', 2_500],
  ])(
    'never holds more than its limit while limits change and reservations are settled (G13): %s',
    async (_name, limit) => {
      await fc.assert(
        fc.asyncProperty(schedules(true), (steps) => judge(timed, limit, steps)),
        { numRuns: numRuns / 4 },
      );
    },
    120_000,
  );
});
