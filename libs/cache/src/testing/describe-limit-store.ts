import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert/strict';
import type { Charge, LimitRule, LimitStore, MeterKind, Ruling } from '../core/limits/limit-store.js';
import { newToken } from '../core/token.js';
import { describeContract } from './contract.js';

/** A store of rate limits under test. */
export interface LimitStoreUnderTest {
  /** The store. */
  readonly store: LimitStore;
  /** Lets at least this many milliseconds pass on the store's clock. */
  readonly advance: (ms: number) => Promise<void>;
  /** Called after each test. */
  readonly close?: () => Promise<void>;
}

/** Long enough that nothing passes by while a test runs. */
const LONG_MS = 60_000;
/** Short enough to wait for. */
const SHORT_MS = 300;
/** Short enough to wait for, and long enough for what has to happen within it on a machine that is busy. */
const PATIENT_MS = 1_000;

/**
 * The contract of the `LimitStore` port, for every driver: call it in a test file of Jest, Vitest or any runner with global `describe` and
 * `it`. `make` gives an empty store for each test.
 */
export function describeLimitStore(name: string, make: () => Promise<LimitStoreUnderTest>): void {
  const parts = { make, toolsFor: ({ store }: LimitStoreUnderTest) => toolsFor(store) };
  describeContract(`limit store contract: ${name}`, parts, (test, describe) => {
    for (const [kind, limit] of [
      ['sliding', 10],
      ['sliding', 5_000],
      ['bucket', 10],
      ['fixed', 10],
      ['calendar', 10],
    ] as const) {
      describe(`${kind}, ${limit} units`, () => {
        const rule = ruleOf({ kind, limit });

        test('charges until nothing is left, and then denies', async ({ hit, charge }) => {
          same(facts(await charge(rule, limit - 1)), { allowed: true, remaining: 1 });
          same(facts(await hit(rule)), { allowed: true, remaining: 0 });
          const denied = await hit(rule);
          same(facts(denied), { allowed: false, remaining: 0 });
          ok((denied.verdicts[0]?.retryMs ?? 0) >= 1);
        });

        test('denies a cost that does not fit, and charges nothing of it (G14)', async ({ charge }) => {
          await charge(rule, limit - 2);
          same(facts(await charge(rule, 3)), { allowed: false, remaining: 2 });
          same(facts(await charge(rule, 2)), { allowed: true, remaining: 0 });
        });

        test('lets pass what costs nothing', async ({ charge }) => {
          await charge(rule, limit);
          same(facts(await charge(rule, 0)), { allowed: true, remaining: 0 });
        });

        test('keeps identities apart', async ({ charge, store }) => {
          await charge(rule, limit);
          equal((await store.charge([{ identity: 'other', rule, cost: limit, settles: false }])).allowed, true);
        });

        test('looks without charging', async ({ charge, peek }) => {
          await charge(rule, 3);
          for (let i = 0; i < 3; i++) same(facts(await peek(rule, limit)), { allowed: false, remaining: limit - 3 });
          equal((await peek(rule, limit - 3)).allowed, true);
        });

        test('forgets by reset', async ({ charge, store }) => {
          await charge(rule, limit);
          await store.reset([{ identity: 'user', rule }]);
          same(facts(await charge(rule, 1)), { allowed: true, remaining: limit - 1 });
        });

        test('keeps what is used when the limit is lowered and raised', async ({ charge }) => {
          await charge(rule, limit - 1);
          same(facts(await charge({ ...rule, limit: 2, capacity: 2 }, 1)), { allowed: false, remaining: 0 });
          same(facts(await charge({ ...rule, limit: limit * 2, capacity: limit * 2 }, 1)), {
            allowed: true,
            remaining: limit,
          });
          same(facts(await charge(rule, 1)), { allowed: false, remaining: 0 });
        });

        test('settles for less, for more, and down to the debt', async ({ reserve, store, peek }) => {
          const { charges, token } = await reserve(rule, limit);
          equal(await store.settle(charges, token, 4), true);
          equal((await peek(rule, 0)).verdicts[0]?.remaining, limit - 4);
          const more = await reserve(rule, 1);
          equal(await store.settle(more.charges, more.token, limit * 10), true);
          equal((await peek(rule, 1)).allowed, false);
          const used = await usedOf(store, rule);
          equal(used, limit + rule.debt);
        });

        test('settles a reservation once', async ({ reserve, store, peek }) => {
          const { charges, token } = await reserve(rule, 8);
          equal(await store.settle(charges, token, 2), true);
          equal(await store.settle(charges, token, 0), false);
          equal(await store.settle(charges, newToken(), 0), false);
          equal((await peek(rule, 0)).verdicts[0]?.remaining, limit - 2);
        });
      });
    }

    for (const [kind, limit] of [
      ['sliding', 3],
      ['sliding', 3_000],
      ['bucket', 3],
      ['fixed', 3],
    ] as const) {
      test(`${kind}, ${limit} units: lets the denied pass after the time that was said`, async ({
        charge,
        hit,
        advance,
      }) => {
        const rule = ruleOf({ kind, limit, windowMs: PATIENT_MS });
        await charge(rule, limit);
        const retryMs = (await hit(rule)).verdicts[0]?.retryMs ?? 0;
        ok(retryMs > 0 && retryMs <= PATIENT_MS * 1.1, `said ${retryMs} ms`);
        await advance(retryMs);
        equal((await hit(rule)).allowed, true);
      });

      test(`${kind}, ${limit} units: has everything again after the time that was said`, async ({
        charge,
        advance,
      }) => {
        const rule = ruleOf({ kind, limit, windowMs: PATIENT_MS });
        const resetMs = (await charge(rule, limit)).verdicts[0]?.resetMs ?? 0;
        ok(resetMs > 0 && resetMs <= PATIENT_MS * 1.1, `said ${resetMs} ms`);
        await advance(resetMs);
        same(facts(await charge(rule, limit)), { allowed: true, remaining: 0 });
      });

      test(`${kind}, ${limit} units: a reservation that is over stays charged`, async ({
        reserve,
        store,
        advance,
        peek,
      }) => {
        const rule = ruleOf({ kind, limit });
        const { charges, token } = await reserve(rule, 2, SHORT_MS);
        await advance(SHORT_MS + 1);
        equal(await store.settle(charges, token, 0), false);
        equal((await peek(rule, limit)).allowed, false);
      });
    }

    test('a log that forgets what is over and grows keeps every unit', async ({ charge, advance }) => {
      const small = ruleOf({ kind: 'sliding', limit: 4, windowMs: PATIENT_MS });
      const large = { ...small, limit: 3_000, capacity: 3_000 };
      for (let round = 0; round < 2; round++) {
        await charge(small, 3);
        await advance(PATIENT_MS / 2);
        same(facts(await charge(small, 1)), { allowed: true, remaining: 0 });
        await advance(PATIENT_MS / 2 + 1);
      }
      // One unit is in use still, or all time has passed.
      const grown = await charge(large, 2_990);
      equal(grown.allowed, true);
      equal((await charge(small, 1)).allowed, false);
      equal((await charge({ ...small, limit: 9_000, capacity: 9_000 }, 5_000)).allowed, true);
      equal((await charge(large, 1)).allowed, false);
    });

    test('charges all limits or none (G14)', async ({ store, peek }) => {
      const [second, hour] = [ruleOf({ id: 'second', limit: 2 }), ruleOf({ id: 'hour', limit: 10 })];
      const both = [second, hour].map((rule): Charge => ({ identity: 'user', rule, cost: 1, settles: false }));
      for (let i = 0; i < 2; i++) equal((await store.charge(both)).allowed, true);
      for (let i = 0; i < 3; i++) {
        const { allowed, verdicts } = await store.charge(both);
        same([allowed, ...verdicts.map((verdict) => verdict.allowed)], [false, false, true]);
      }
      equal((await peek(hour, 0)).verdicts[0]?.remaining, 8);
    });

    test('settles a reservation beside a charge for good of another identity', async ({ store, peek }) => {
      const [requests, tokens] = [ruleOf({ id: 'requests' }), ruleOf({ id: 'tokens' })];
      const charges: Charge[] = [
        { identity: 'address', rule: requests, cost: 1, settles: false },
        { identity: 'user', rule: tokens, cost: 8, settles: true },
      ];
      const token = newToken();
      equal((await store.charge(charges, { token, ms: LONG_MS })).allowed, true);
      equal(await store.settle(charges, token, 3), true);
      equal((await peek(tokens, 0)).verdicts[0]?.remaining, 7);
    });

    test('charges limits of several identities or none (G14)', async ({ store, peek }) => {
      const rule = ruleOf({ limit: 2 });
      const pair = (identity: string): Charge[] => [
        { identity, rule, cost: 1, settles: false },
        { identity: 'shared', rule, cost: 1, settles: false },
      ];
      equal((await store.charge(pair('user'))).allowed, true);
      equal((await store.charge(pair('b'))).allowed, true);
      equal((await store.charge(pair('user'))).allowed, false);
      equal((await peek(rule, 0)).verdicts[0]?.remaining, 1);
    });

    test('a limit in the shadow says no and denies nothing', async ({ store }) => {
      const [real, shadow] = [ruleOf({ id: 'real', limit: 5 }), { ...ruleOf({ id: 'new', limit: 1 }), shadow: true }];
      const both = [real, shadow].map((rule): Charge => ({ identity: 'user', rule, cost: 1, settles: false }));
      await store.charge(both);
      const { allowed, verdicts } = await store.charge(both);
      same([allowed, ...verdicts.map((verdict) => verdict.allowed)], [true, true, false]);
    });

    test('blocks an identity for a time, whatever the limit, until it is unblocked', async ({
      store,
      hit,
      advance,
    }) => {
      const rule = ruleOf({ limit: 100 });
      await store.block('user', LONG_MS);
      const denied = (await hit(rule)).verdicts[0];
      equal(denied?.blocked, true);
      ok((denied.retryMs ?? 0) > LONG_MS - 10_000);
      await store.unblock('user');
      same(facts(await hit(rule)), { allowed: true, remaining: 99 });
      await store.block('user', SHORT_MS);
      equal((await hit(rule)).allowed, false);
      await advance(SHORT_MS);
      equal((await hit(rule)).allowed, true);
    });

    test('blocks longer each time', async ({ hit, advance, peek }) => {
      const block = { ms: SHORT_MS, factor: 2, maxMs: SHORT_MS * 3 };
      const rule = { ...ruleOf({ limit: 1, windowMs: SHORT_MS / 3 }), block };
      const exceed = async (): Promise<number | undefined> => {
        for (;;) {
          const { allowed, verdicts } = await hit(rule);
          if (!allowed) return verdicts[0]?.retryMs;
        }
      };
      equal(await exceed(), SHORT_MS);
      equal((await peek(rule, 1)).verdicts[0]?.blocked, true);
      await advance(SHORT_MS);
      equal(await exceed(), SHORT_MS * 2);
      await advance(SHORT_MS * 2);
      equal(await exceed(), SHORT_MS * 3);
    });

    test('slots are held by tokens, released, and free when nobody renews', async ({ store, advance }) => {
      const rule = ruleOf({ kind: 'slots', limit: 2, windowMs: PATIENT_MS });
      const charges: Charge[] = [{ identity: 'user', rule, cost: 1, settles: false }];
      const take = async (token: string): Promise<boolean> =>
        (await store.charge(charges, { token, ms: LONG_MS })).allowed;
      same([await take('a'), await take('b'), await take('c')], [true, true, false]);
      await store.release(charges, 'a');
      equal(await take('c'), true);
      await advance(PATIENT_MS / 2);
      await store.renew(charges, 'c');
      await advance(PATIENT_MS / 2 + 5);
      equal((await store.peek(charges)).verdicts[0]?.remaining, 1);
      await store.release(charges, 'c');
      await store.release(charges, 'c');
      equal((await store.peek(charges)).verdicts[0]?.remaining, 2);
    });

    test('a slot that was lost is taken again by who holds it', async ({ store }) => {
      const rule = ruleOf({ kind: 'slots', limit: 1 });
      const charges: Charge[] = [{ identity: 'user', rule, cost: 1, settles: false }];
      await store.charge(charges, { token: 'a', ms: 1_000 });
      await store.reset([{ identity: 'user', rule }]);
      await store.renew(charges, 'a');
      equal((await store.charge(charges, { token: 'b', ms: 1_000 })).allowed, false);
    });
  });
}

/** A limit in its plainest form, and what is changed of it. */
export function ruleOf(changes: Partial<LimitRule> & { readonly kind?: MeterKind } = {}): LimitRule {
  const { limit = 10, windowMs = LONG_MS, kind = 'sliding' } = changes;
  // A window around now, however long the test takes.
  const calendar = (nowMs: number): { startMs: number; endMs: number } => {
    const startMs = nowMs - (nowMs % (1_000 * LONG_MS));
    return { startMs, endMs: startMs + 1_000 * LONG_MS };
  };
  const rule = { id: `test:${kind}:${windowMs}`, kind, limit, windowMs, capacity: limit, debt: limit, calendar };
  return { ...rule, block: undefined, shadow: false, ...changes };
}

const facts = ({ allowed, verdicts }: Ruling): { allowed: boolean; remaining: number | undefined } => ({
  allowed,
  remaining: verdicts[0]?.remaining,
});

/** Units in use, found out with a limit that is high enough. */
async function usedOf(store: LimitStore, rule: LimitRule): Promise<number> {
  const high = { ...rule, capacity: rule.capacity * 100 };
  const { verdicts } = await store.peek([{ identity: 'user', rule: high, cost: 0, settles: false }]);
  return high.capacity - (verdicts[0]?.remaining ?? 0);
}

interface Tools {
  charge(rule: LimitRule, cost: number): Promise<Ruling>;
  hit(rule: LimitRule): Promise<Ruling>;
  peek(rule: LimitRule, cost: number): Promise<Ruling>;
  reserve(rule: LimitRule, cost: number, ms?: number): Promise<{ charges: Charge[]; token: string }>;
}

function toolsFor(store: LimitStore): Tools {
  const of = (rule: LimitRule, cost: number): Charge[] => [{ identity: 'user', rule, cost, settles: false }];
  return {
    charge: (rule, cost) => store.charge(of(rule, cost)),
    hit: (rule) => store.charge(of(rule, 1)),
    peek: (rule, cost) => store.peek(of(rule, cost)),
    reserve: async (rule, cost, ms = LONG_MS) => {
      const token = newToken();
      const charges = [{ identity: 'user', rule, cost, settles: true }];
      equal((await store.charge(charges, { token, ms })).allowed, true);
      return { charges, token };
    },
  };
}
