import type { RateLimitPolicy, TokenReservation } from '@mobius1/cache';
import { createLimits } from './limits.js';

const tokens = { name: 'tokens', limit: 10_000, window: '1h' } satisfies RateLimitPolicy;

function createBudget() {
  const { limits, clock } = createLimits();
  const left = async (): Promise<number | undefined> =>
    (await limits.peek('w1', tokens, { cost: 0 })).results[0]?.remaining;
  return { limits, clock, left };
}

describe('a reservation', () => {
  it('charges the estimate, and what was used in its place', async () => {
    const { limits, left } = createBudget();
    const reservation = await limits.reserve('w1', tokens, 2_000);
    expect(reservation).toMatchObject({ allowed: true, reserved: 2_000 });
    expect(await left()).toBe(8_000);
    expect(await reservation.commit(500)).toEqual({ charged: 500, settled: true });
    expect(await left()).toBe(9_500);
  });

  it('is settled once', async () => {
    const { limits, left } = createBudget();
    const reservation = await limits.reserve('w1', tokens, 2_000);
    const all = [reservation.commit(500), reservation.commit(900), reservation.release()];
    for (const settled of await Promise.all(all)) expect(settled).toEqual({ charged: 500, settled: true });
    expect(await left()).toBe(9_500);
  });

  it('costs nothing when it is released, or the answer came from a cache', async () => {
    const { limits, left } = createBudget();
    await (await limits.reserve('w1', tokens, 2_000)).release();
    for (const hit of ['exact', 'stale', 'coalesced'])
      await (await limits.reserve('w1', tokens, 2_000)).settle({ hit, metadata: { tokens: 700 } });
    expect(await left()).toBe(10_000);
    await (await limits.reserve('w1', tokens, 2_000)).settle({ hit: 'none', metadata: { tokens: 700 } });
    expect(await left()).toBe(9_300);
    await (await limits.reserve('w1', tokens, 2_000)).settle({ hit: 'none' });
    expect(await left()).toBe(7_300);
  });

  it('is denied when the estimate does not fit, and then consumes nothing', async () => {
    const { limits, left } = createBudget();
    await limits.reserve('w1', tokens, 9_000);
    const denied = await limits.reserve('w1', tokens, 2_000);
    expect(denied).toMatchObject({ allowed: false, reserved: 0, decision: { allowed: false } });
    expect(await denied.commit(1_500)).toEqual({ charged: 0, settled: false });
    expect(await left()).toBe(1_000);
  });

  it('may end in a debt, down to a floor, which is paid before the next one', async () => {
    const { limits, clock } = createBudget();
    const policy = { ...tokens, debt: 3_000 };
    const reserve = (): Promise<TokenReservation> => limits.reserve('w1', policy, 1_000);
    await (await reserve()).commit(50_000);
    expect((await reserve()).allowed).toBe(false);
    await clock.advance(3_600_000 + 60_000);
    expect((await reserve()).allowed).toBe(true);
  });

  it('stays charged when nobody settles it in time', async () => {
    const { limits, clock, left } = createBudget();
    const reservation = await limits.reserve('w1', tokens, 2_000, { ttl: '1m' });
    await clock.advance(60_000);
    expect(await reservation.commit(0)).toEqual({ charged: 2_000, settled: false });
    expect(await left()).toBe(8_000);
  });

  it('may stand beside a limit of requests, which is charged for good', async () => {
    const { limits, left } = createBudget();
    const requests = { name: 'requests', limit: 2, window: '1m' } satisfies RateLimitPolicy;
    const targets = [
      { key: 'w1', policy: requests, cost: 1 },
      { key: 'w1', policy: tokens },
    ];
    await (await limits.reserve(targets, 4_000)).release();
    expect((await limits.peek('w1', requests)).results[0]?.remaining).toBe(1);
    expect(await left()).toBe(10_000);
    await limits.reserve(targets, 1_000);
    expect((await limits.reserve(targets, 1_000)).allowed).toBe(false);
    expect(await left()).toBe(9_000);
  });

  it('learns the estimate of a workspace and a model', async () => {
    const { limits, clock } = createBudget();
    const whose = { workspaceId: 'w1', modelId: 'llama', initial: 4_000 };
    const first = await limits.reserve('w1', tokens, whose);
    expect(first.reserved).toBe(4_000);
    await first.commit(1_000);
    for (let i = 0; i < 40; i++) {
      const reservation = await limits.reserve('w1', tokens, whose);
      await reservation.commit(i % 2 === 0 ? 900 : 1_100);
      await clock.advance(3_700_000);
    }
    const learnt = limits.estimator.estimate(whose);
    expect(learnt).toBeGreaterThanOrEqual(1_100);
    expect(learnt).toBeLessThan(1_500);
    expect(limits.estimator.estimate({ ...whose, workspaceId: 'w2' })).toBe(4_000);
    await (await limits.reserve('w1', tokens, whose)).release(); // an answer from the cache says nothing of the model
    expect(limits.estimator.estimate(whose)).toBe(learnt);
  });

  it('of a learnt estimate asks for no more than there ever is', async () => {
    const { limits, clock, left } = createBudget();
    const whose = { workspaceId: 'w1', modelId: 'llama', initial: 4_000 };
    await (await limits.reserve('w1', tokens, whose)).commit(8_000);
    expect(limits.estimator.estimate(whose)).toBe(16_000);
    expect((await limits.reserve('w1', tokens, whose)).allowed).toBe(false);
    await clock.advance(3_700_000);
    const reservation = await limits.reserve('w1', tokens, whose);
    expect(reservation).toMatchObject({ allowed: true, reserved: 10_000 });
    expect(await reservation.commit(1_000)).toEqual({ charged: 1_000, settled: true });
    expect(await left()).toBe(9_000);
  });

  it.each([[-1], [1.5], [NaN]])('is not committed with %p', async (actual) => {
    const { limits } = createBudget();
    const reservation = await limits.reserve('w1', tokens, 10);
    await expect(reservation.commit(actual)).rejects.toThrow('a whole number, 0 or more');
    expect(await reservation.commit(3)).toEqual({ charged: 3, settled: true });
  });
});

describe('a slot', () => {
  const two = { algorithm: 'concurrency', limit: 2, window: 30 } satisfies RateLimitPolicy;

  it('is held until it is released', async () => {
    const { limits, clock } = createLimits();
    const [a, b] = [await limits.acquire('k', two), await limits.acquire('k', two)];
    expect([a.allowed, b.allowed]).toEqual([true, true]);
    const denied = await limits.acquire('k', two);
    expect(denied).toMatchObject({ allowed: false, decision: { results: [{ remaining: 0 }] } });
    expect(denied.decision.retryAfterMs).toBeUndefined();
    await clock.advance(300_000);
    expect((await limits.acquire('k', two)).allowed).toBe(false);
    expect(limits.getStats().slots).toBe(2);
    await Promise.all([a.release(), a.release(), denied.release()]);
    expect((await limits.acquire('k', two)).allowed).toBe(true);
    expect((await limits.acquire('k', two)).allowed).toBe(false);
  });

  it('is taken with the other limits or not at all', async () => {
    const { limits } = createLimits();
    const rate = { name: 'rate', limit: 1, window: 60 } satisfies RateLimitPolicy;
    await (await limits.acquire('k', [rate, two])).release();
    expect((await limits.acquire('k', [rate, two])).allowed).toBe(false);
    expect((await limits.peek('k', two)).results[0]?.remaining).toBe(2);
  });

  it('is given back when the cache is closed, and leaves no timer', async () => {
    const { limits, cache, clock } = createLimits();
    await limits.acquire('k', two);
    await cache.close();
    expect((await limits.peek('k', two)).results[0]?.remaining).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
