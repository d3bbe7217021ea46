import type { Charge, LimitRule, MeterKind, Verdict } from '../../libs/cache/src/core/limits/limit-store.js';
import { calendarOf } from '../../libs/cache/src/features/rate-limit/calendar.js';
import { ruleOf } from '../../libs/cache/src/testing/describe-limit-store.js';
import { timedMemory, timedRedis, type TimedStore } from './timed-stores.js';

const WINDOW_MS = 100_000;
const START_MS = Date.UTC(2026, 2, 28, 12);
const HOUR_MS = 3_600_000;

let timed: TimedStore;
const charge = async (rule: LimitRule, cost: number): Promise<Verdict & { passed: boolean }> => {
  const charges: Charge[] = [{ identity: 'user', rule, cost, settles: false }];
  const { allowed, verdicts } = await timed.store.charge(charges, { token: 'token', ms: WINDOW_MS });
  return { ...(verdicts[0] as Verdict), passed: allowed };
};
const withLimit = (rule: LimitRule, limit: number): LimitRule => ({ ...rule, limit, capacity: limit });
const at = (ms: number): Promise<void> => timed.setTime(START_MS + ms);

describe.each([
  ['in memory', () => Promise.resolve(timedMemory())],
  ['in Redis', timedRedis],
])('limits %s', (place, open) => {
  beforeEach(async () => {
    timed = await open();
  });
  afterEach(() => timed.close());

  it('keep the time of each unit when a log grows of which some are over', async () => {
    const four = ruleOf({ limit: 4, windowMs: WINDOW_MS });
    const eight = withLimit(four, 8);
    for (const step of [0, 10, 20, 30]) {
      await at(step);
      await charge(four, 1);
    }
    await at(WINDOW_MS + 10); // two are over
    await charge(four, 1);
    await at(WINDOW_MS + 11);
    expect((await charge(eight, 4)).remaining).toBe(1); // 20, 30, +10 and these
    await at(WINDOW_MS + 20);
    expect((await charge(eight, 0)).remaining).toBe(2);
    await at(WINDOW_MS + 30);
    expect((await charge(eight, 0)).remaining).toBe(3);
    await at(WINDOW_MS * 2 + 10);
    expect((await charge(eight, 0)).remaining).toBe(4);
    await at(WINDOW_MS * 2 + 11);
    expect((await charge(eight, 8)).passed).toBe(true);
  });

  it('keep about the time of each unit when a log grows beyond what it may hold', async () => {
    const rule = ruleOf({ limit: 1_500, windowMs: WINDOW_MS });
    const high = withLimit(rule, 9_000);
    await at(0);
    await charge(rule, 700);
    await at(WINDOW_MS / 2);
    await charge(rule, 800);
    expect((await charge(high, 5_000)).remaining).toBe(2_500);
    await at(WINDOW_MS);
    expect((await charge(high, 0)).remaining).toBe(2_500); // the segment of the first is touched still
    await at(WINDOW_MS + WINDOW_MS / 60 + 1);
    expect((await charge(high, 0)).remaining).toBe(3_200);
    await at(WINDOW_MS + WINDOW_MS / 2 + WINDOW_MS / 60 + 1);
    expect((await charge(high, 9_000)).passed).toBe(true);
  });

  it('that take units back leave the others their time', async () => {
    const rule = ruleOf({ limit: 10, windowMs: WINDOW_MS });
    const charges = [{ identity: 'user', rule, cost: 5, settles: true }];
    await at(0);
    await timed.store.charge(charges, { token: 'reserved', ms: WINDOW_MS });
    await at(10);
    await charge(rule, 3);
    await at(20);
    await timed.store.settle(charges, 'reserved', 2);
    expect((await charge(rule, 0)).remaining).toBe(5);
    await at(WINDOW_MS);
    expect((await charge(rule, 0)).remaining).toBe(7);
    await at(WINDOW_MS + 10);
    expect((await charge(rule, 10)).passed).toBe(true);
  });

  it('of 1 ms and of 30 days are windows like others', async () => {
    // Redis lets short ones expire by its own clock, which is not that of this test.
    for (const windowMs of [...(place === 'in memory' ? [1, 500] : []), WINDOW_MS, 30 * 24 * HOUR_MS]) {
      const rule = ruleOf({ limit: 2, windowMs });
      await at(0);
      await charge(rule, 2);
      await at(windowMs - 0.001);
      expect((await charge(rule, 1)).passed).toBe(false);
      await at(windowMs);
      expect((await charge(rule, 2)).passed).toBe(true);
    }
  });

  it('of a token bucket give a burst, and then the rate', async () => {
    const rule = { ...ruleOf({ kind: 'bucket', limit: 10, windowMs: WINDOW_MS }), capacity: 3 };
    await at(0);
    expect((await charge(rule, 3)).passed).toBe(true);
    expect(await charge(rule, 1)).toMatchObject({ passed: false, retryMs: 10_000, resetMs: 30_000 });
    await at(9_999);
    expect((await charge(rule, 1)).passed).toBe(false);
    for (let i = 1; i <= 20; i++) {
      await at(i * 10_000);
      expect((await charge(rule, 1)).passed).toBe(true);
      expect((await charge(rule, 1)).passed).toBe(false);
    }
  });

  it('of a bucket take back what was not used, but not what has run out since', async () => {
    const rule = ruleOf({ kind: 'bucket', limit: 100, windowMs: WINDOW_MS });
    const charges = [{ identity: 'user', rule, cost: 100, settles: true }];
    await at(0);
    await timed.store.charge(charges, { token: 'reserved', ms: WINDOW_MS });
    await at(WINDOW_MS / 2);
    expect((await charge(rule, 50)).passed).toBe(true);
    await timed.store.settle(charges, 'reserved', 10);
    // 50 would be in use if 10 had been charged; 90 less 50 that have run out are given back.
    expect((await charge(rule, 0)).remaining).toBe(40);
  });

  it('of a fixed window begin with the first unit', async () => {
    const rule = ruleOf({ kind: 'fixed', limit: 2, windowMs: WINDOW_MS });
    await at(0);
    await charge(rule, 0);
    await at(500);
    await charge(rule, 1);
    await at(WINDOW_MS + 499);
    expect(await charge(rule, 2)).toMatchObject({ passed: false, retryMs: 1, resetMs: 1 });
    await at(WINDOW_MS + 500);
    expect((await charge(rule, 2)).passed).toBe(true);
  });

  it('of the calendar end with the day of their time zone, which may have 23 hours', async () => {
    const rule = { ...ruleOf({ kind: 'calendar', limit: 1 }), calendar: calendarOf('day', 'Europe/Madrid') };
    await timed.setTime(Date.UTC(2026, 2, 28, 22, 59, 59)); // a second before midnight in Madrid
    expect(await charge(rule, 1)).toMatchObject({ passed: true, resetMs: 1_000 });
    expect(await charge(rule, 1)).toMatchObject({ passed: false, retryMs: 1_000 });
    await timed.setTime(Date.UTC(2026, 2, 28, 23));
    expect(await charge(rule, 1)).toMatchObject({ passed: true, resetMs: 23 * HOUR_MS });
  });

  it('of the calendar do not depend on the clock of who asks', async () => {
    // The store asks for the window of an hour that is long over; what it is told to count in is today.
    const asked: number[] = [];
    const day = calendarOf('day', 'UTC');
    const rule = { ...ruleOf({ kind: 'calendar', limit: 1 }), calendar: (now: number) => (asked.push(now), day(now)) };
    await at(0);
    expect((await charge(rule, 1)).passed).toBe(true);
    expect((await charge(rule, 1)).passed).toBe(false);
    expect(asked.at(-1)).toBe(START_MS);
  });
});

describe('when the clock of Redis is set back', () => {
  beforeEach(async () => {
    timed = await timedRedis();
  });
  afterEach(() => timed.close());

  it.each<[MeterKind, number]>([
    ['sliding', 5],
    ['sliding', 5_000],
    ['bucket', 5],
    ['fixed', 5],
  ])(
    'a limit (%s, %i) goes on from where it was: nothing is let in early, nobody is locked out',
    async (kind, limit) => {
      const rule = ruleOf({ kind, limit, windowMs: WINDOW_MS });
      await at(0);
      await charge(rule, limit);
      await at(-HOUR_MS);
      expect((await charge(rule, 1)).passed).toBe(false);
      await at(-HOUR_MS + WINDOW_MS / 2);
      expect((await charge(rule, limit)).passed).toBe(false);
      await at(-HOUR_MS + WINDOW_MS * 1.1);
      expect((await charge(rule, limit)).passed).toBe(true);
    },
  );

  it('slots and blocks last no longer than they were meant to', async () => {
    const slots = ruleOf({ kind: 'slots', limit: 1, windowMs: WINDOW_MS });
    const rule = ruleOf({ limit: 5 });
    await at(0);
    await charge(slots, 1);
    await timed.store.block('user', WINDOW_MS);
    await at(-HOUR_MS);
    expect((await charge(rule, 1)).passed).toBe(false);
    expect((await charge(slots, 1)).passed).toBe(false);
    await at(-HOUR_MS + WINDOW_MS);
    expect((await charge(rule, 1)).passed).toBe(true);
    expect((await charge(slots, 1)).passed).toBe(true);
  });
});
