import { InvalidOptionsError, type RateLimitDecision, type RateLimitPolicy } from '@mobius1/cache';
import { createLimits } from './limits.js';

const perMinute = { name: 'minute', limit: 3, window: '1m' } satisfies RateLimitPolicy;
const perHour = { name: 'hour', limit: 5, window: '1h' } satisfies RateLimitPolicy;

const remaining = ({ results }: RateLimitDecision): number[] => results.map((result) => result.remaining);

describe('a decision', () => {
  it('lets the limit pass in a window, and says when the next one may', async () => {
    const { limits, clock } = createLimits();
    for (const left of [2, 1, 0]) {
      const decision = await limits.check('user:1', perMinute);
      expect(decision).toMatchObject({ allowed: true, source: 'memory', unavailable: false });
      expect(decision.retryAfterMs).toBeUndefined();
      expect(decision.results).toEqual([
        {
          key: 'user:1',
          policy: 'minute',
          algorithm: 'sliding-window',
          limit: 3,
          windowMs: 60_000,
          cost: 1,
          allowed: true,
          remaining: left,
          resetMs: 60_000,
          unsatisfiable: false,
          blocked: false,
          shadow: false,
          unavailable: false,
          source: 'memory',
        },
      ]);
      await clock.advance(10_000);
    }
    const denied = await limits.check('user:1', perMinute);
    expect(denied).toMatchObject({ allowed: false, retryAfterMs: 30_000 });
    expect(denied.results).toMatchObject([{ remaining: 0, resetMs: 50_000, retryAfterMs: 30_000 }]);
    await clock.advance(29_999);
    expect((await limits.check('user:1', perMinute)).allowed).toBe(false);
    await clock.advance(1);
    expect((await limits.check('user:1', perMinute)).allowed).toBe(true);
    expect((await limits.check('user:2', perMinute)).allowed).toBe(true);
  });

  it('of several limits charges all or none, and waits for the last of those that deny (G14)', async () => {
    const { limits, clock } = createLimits();
    const both = [perMinute, perHour];
    for (let i = 0; i < 3; i++) await limits.check('user:1', both);
    for (let i = 0; i < 5; i++) {
      const denied = await limits.check('user:1', both);
      expect([denied.allowed, denied.retryAfterMs]).toEqual([false, 60_000]);
      expect(denied.results.map(({ policy, allowed }) => [policy, allowed])).toEqual([
        ['minute', false],
        ['hour', true],
      ]);
    }
    expect(remaining(await limits.peek('user:1', both))).toEqual([0, 2]);
    await clock.advance(60_000);
    for (let i = 0; i < 2; i++) expect((await limits.check('user:1', both)).allowed).toBe(true);
    expect(await limits.check('user:1', both)).toMatchObject({ allowed: false, retryAfterMs: 3_540_000 });
  });

  it('may be about several keys, each with a cost of its own', async () => {
    const { limits } = createLimits();
    const targets = [
      { key: 'ip:1', policy: perMinute },
      { key: 'user:1', policy: perHour, cost: 5 },
    ];
    expect(remaining(await limits.check(targets))).toEqual([2, 0]);
    expect((await limits.check(targets)).allowed).toBe(false);
    expect(remaining(await limits.peek('ip:1', perMinute))).toEqual([2]);
  });

  it('takes the cost of the call', async () => {
    const { limits } = createLimits();
    expect(remaining(await limits.check('k', perHour, { cost: 4 }))).toEqual([1]);
    expect((await limits.check('k', perHour, { cost: 2 })).allowed).toBe(false);
    expect((await limits.check('k', perHour, { cost: 1 })).allowed).toBe(true);
    expect((await limits.check('k', perHour, { cost: 0 })).allowed).toBe(true);
  });

  it('by a limit of 0 is no; by a cost above the limit as well, and waiting does not help', async () => {
    const { limits } = createLimits();
    for (const decision of [
      await limits.check('k', { limit: 0, window: 60 }),
      await limits.check('k', { limit: 0, window: 60 }, { cost: 0 }),
      await limits.check('k', perMinute, { cost: 4 }),
      await limits.peek('k', perMinute, { cost: 4 }),
      await limits.check('k', [perHour, { ...perMinute, limit: 2 }], { cost: 3 }),
    ]) {
      expect(decision).toMatchObject({ allowed: false, source: 'unsatisfiable' });
      expect(decision.retryAfterMs).toBeUndefined();
      expect(decision.results.at(-1)).toMatchObject({ unsatisfiable: true, allowed: false });
    }
    expect(remaining(await limits.peek('k', [perMinute, perHour]))).toEqual([3, 5]);
  });

  it('knows policies by name and window: a limit that is raised forgets nothing', async () => {
    const { limits } = createLimits();
    await limits.check('k', { limit: 3, window: 60 }, { cost: 3 });
    expect(remaining(await limits.check('k', { limit: 5, window: 60 }))).toEqual([1]);
    expect(remaining(await limits.check('k', { limit: 5, window: 61 }))).toEqual([4]);
    const changing: { limit: number; window: number } = { limit: 5, window: 60 };
    expect((await limits.peek('k', changing)).results[0]?.limit).toBe(5);
    changing.limit = 7;
    expect(remaining(await limits.peek('k', changing))).toEqual([3]);
  });

  it('in the shadow reports, and denies nothing', async () => {
    const { limits } = createLimits();
    const shadow = { name: 'new', limit: 1, window: 60, shadow: true } satisfies RateLimitPolicy;
    await limits.check('k', [perMinute, shadow]);
    const decision = await limits.check('k', [perMinute, shadow]);
    expect(decision.allowed).toBe(true);
    expect(decision.results.map(({ allowed, shadow: isShadow }) => [allowed, isShadow])).toEqual([
      [true, false],
      [false, true],
    ]);
    const never = { ...shadow, name: 'never', limit: 0 };
    expect((await limits.check('k', never)).allowed).toBe(true);
    expect(limits.getStats().denials).toEqual([
      { policy: 'new', shadow: true, count: 1 },
      { policy: 'never', shadow: true, count: 1 },
    ]);
  });

  it('is told, and counted by how it ended and who decided', async () => {
    const { limits, cache } = createLimits();
    const told: unknown[] = [];
    cache.events.on('rateLimit', (event) => void told.push(event));
    const decisions = [
      await limits.check('k', perMinute),
      await limits.check('k', perMinute, { cost: 3 }),
      await limits.check('k', perMinute, { exempt: true }),
    ];
    expect(told).toEqual(decisions);
    expect(limits.getStats()).toMatchObject({
      decisions: [
        { outcome: 'allowed', source: 'memory', count: 1 },
        { outcome: 'denied', source: 'memory', count: 1 },
        { outcome: 'allowed', source: 'exempt', count: 1 },
      ],
      denials: [{ policy: 'minute', shadow: false, count: 1 }],
      outages: 0,
    });
  });

  it('counts the names of policies up to a bound', async () => {
    const { limits } = createLimits();
    for (let i = 0; i < 150; i++) await limits.check('k', { name: `p${i}`, limit: 0, window: 1 });
    const { denials } = limits.getStats();
    expect(denials).toHaveLength(101);
    expect(denials.at(-1)).toEqual({ policy: 'other', shadow: false, count: 50 });
  });

  it('for who is exempt, and with limits turned off, is yes without counting', async () => {
    const { limits } = createLimits();
    for (let i = 0; i < 9; i++) expect((await limits.check('k', perMinute, { exempt: true })).allowed).toBe(true);
    expect(remaining(await limits.peek('k', perMinute))).toEqual([3]);
    const off = createLimits({ rateLimit: { enabled: false } }).limits;
    expect(await off.check('k', { limit: 0, window: 1 })).toMatchObject({ allowed: true, source: 'exempt' });
    const reservation = await off.reserve('k', perMinute, 100);
    expect([reservation.allowed, await reservation.commit(5)]).toEqual([true, { charged: 0, settled: false }]);
    const slot = await off.acquire('k', { algorithm: 'concurrency', limit: 1 });
    expect(slot.allowed).toBe(true);
    await slot.release();
  });
});

describe('keys', () => {
  it('of every kind are told apart', async () => {
    const { limits } = createLimits();
    const keys = [
      'a',
      'a:b',
      '{a}',
      '{a',
      'a}',
      '}',
      '{}',
      'a|b',
      '~a',
      '%7B',
      'ü',
      '\ud800',
      '\udc00',
      '😀',
      ' ',
      '\n',
    ];
    const long = 'x'.repeat(10_000);
    for (const key of [...keys, long, `${long}y`, `${long.slice(1)}\ud800`, `${long.slice(1)}\udc00`]) {
      expect(await limits.check(key, { limit: 1, window: 60 })).toMatchObject({ allowed: true });
      expect(await limits.check(key, { limit: 1, window: 60 })).toMatchObject({ allowed: false });
    }
  });

  it.each([[''], [undefined], [null], [7], [{}]])('%p is none', async (key) => {
    const { limits } = createLimits();
    await expect(limits.check(key as string, perMinute)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
    await expect(limits.block(key as string, 1)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
  });
});

describe('a policy', () => {
  it.each<[string, unknown, string]>([
    ['without a limit', { window: 1 }, 'policy.limit'],
    ['with a negative limit', { limit: -1, window: 1 }, 'policy.limit'],
    ['with a fractional limit', { limit: 1.5, window: 1 }, 'policy.limit'],
    ['with NaN for a limit', { limit: NaN, window: 1 }, 'policy.limit'],
    ['with Infinity for a limit', { limit: Infinity, window: 1 }, 'policy.limit'],
    ['with a text for a limit', { limit: '5', window: 1 }, 'policy.limit'],
    ['without a window', { limit: 1 }, 'policy.window'],
    ['with a window of 0', { limit: 1, window: 0 }, 'policy.window'],
    ['with a negative window', { limit: 1, window: -1 }, 'policy.window'],
    ['with a window without unit', { limit: 1, window: '60' }, 'policy.window'],
    ['with a window of a century', { limit: 1, window: '36500d' }, 'policy.window'],
    ['with an unknown algorithm', { limit: 1, window: 1, algorithm: 'leaky' }, 'policy.algorithm'],
    ['with an unknown option', { limit: 1, window: 1, widow: 1 }, "did you mean 'window'?"],
    ['with a burst of another algorithm', { limit: 1, window: 1, burst: 2 }, 'policy.burst'],
    ['with a calendar of another algorithm', { limit: 1, window: 1, per: 'day' }, 'policy.per'],
    ['with a window beside its calendar', { limit: 1, window: 1, algorithm: 'calendar' }, 'policy.window'],
    ['with an unknown time zone', { limit: 1, algorithm: 'calendar', timeZone: 'Mars/Dome' }, 'policy.timeZone'],
    ['with a name that is no header value', { limit: 1, window: 1, name: 'a"b' }, 'policy.name'],
    ['with an unknown way out', { limit: 1, window: 1, onOutage: 'deny' }, 'policy.onOutage'],
    ['with a block of 0', { limit: 1, window: 1, block: 0 }, 'policy.block'],
    ['with a block that gets shorter', { limit: 1, window: 1, block: { for: 1, factor: 0.5 } }, 'policy.block.factor'],
    ['with a longest block below the first', { limit: 1, window: 1, block: { for: 9, max: 1 } }, 'policy.block.max'],
    ['with a negative debt', { limit: 1, window: 1, debt: -1 }, 'policy.debt'],
    ['that is none', undefined, 'policy'],
    ['that is null', null, 'policy'],
  ])('%s is refused', async (_what, policy, said) => {
    const { limits } = createLimits();
    const checking = limits.check('k', policy as RateLimitPolicy);
    await expect(checking).rejects.toThrow(InvalidOptionsError);
    await expect(checking).rejects.toThrow(said);
  });

  it('says everything that is wrong at once', async () => {
    const { limits } = createLimits();
    const wrong = { limit: -1, window: 0, algorithm: 'x' } as unknown as RateLimitPolicy;
    await expect(limits.check('k', wrong)).rejects.toThrow(/3 invalid options/);
  });

  it.each([[-1], [1.5], [NaN], [Infinity], ['1'], [null]])('is not charged a cost of %p', async (cost) => {
    const { limits } = createLimits();
    await expect(limits.check('k', perMinute, { cost: cost as number })).rejects.toThrow('a whole number, 0 or more');
    const targets = [{ key: 'k', policy: perMinute, cost: cost as number }];
    if (cost !== null) await expect(limits.check(targets)).rejects.toThrow('a whole number, 0 or more');
    await expect(limits.reserve('k', perMinute, cost as number)).rejects.toThrow(InvalidOptionsError);
  });

  it('stands once for a key; there is at least one', async () => {
    const { limits } = createLimits();
    await expect(limits.check('k', [perMinute, { ...perMinute, limit: 9 }])).rejects.toThrow('different names');
    await expect(limits.check('k', [])).rejects.toThrow('at least one policy');
    await expect(limits.check([])).rejects.toThrow('at least one policy');
  });

  it.each([[{ coost: 2 }], [{ exempt: 'yes' }], [null], [5]])('is not checked with options %p', async (options) => {
    const { limits } = createLimits();
    await expect(limits.check('k', perMinute, options as never)).rejects.toThrow(InvalidOptionsError);
    await expect(limits.check([{ key: 'k', policy: perMinute }], options as never)).rejects.toThrow(
      InvalidOptionsError,
    );
  });

  it('is part of every target', async () => {
    const { limits } = createLimits();
    for (const target of [null, undefined, {}, { key: 'k' }])
      await expect(limits.check([target as never])).rejects.toThrow(/policy|key/);
  });

  it('of slots is held, not checked', async () => {
    const { limits } = createLimits();
    await expect(limits.check('k', { algorithm: 'concurrency', limit: 1 })).rejects.toThrow('acquire()');
  });
});

describe('a block', () => {
  it('of a policy follows a denial, grows, and is forgotten', async () => {
    const { limits, clock } = createLimits();
    const policy = { limit: 1, window: 1, block: { for: 10, factor: 3, max: 60 } } satisfies RateLimitPolicy;
    const exceed = async (): Promise<number | undefined> => {
      await limits.check('k', policy);
      return (await limits.check('k', policy)).retryAfterMs;
    };
    expect(await exceed()).toBe(10_000);
    expect((await limits.check('k', policy)).results[0]).toMatchObject({ blocked: true, allowed: false });
    await clock.advance(10_000);
    expect(await exceed()).toBe(30_000);
    await clock.advance(30_000);
    expect(await exceed()).toBe(60_000);
    await clock.advance(60_000 + 60_000);
    expect(await exceed()).toBe(10_000);
    await limits.reset('k', policy);
    expect((await limits.check('k', policy)).allowed).toBe(true);
  });

  it('by hand denies everything to a key until it ends', async () => {
    const { limits, clock } = createLimits();
    await limits.block('k', '1m');
    expect(await limits.check('k', perHour)).toMatchObject({ allowed: false, retryAfterMs: 60_000 });
    expect((await limits.check('other', perHour)).allowed).toBe(true);
    await clock.advance(60_000);
    expect((await limits.check('k', perHour)).allowed).toBe(true);
    await limits.block('k', 3_600);
    await limits.unblock('k');
    expect((await limits.check('k', perHour)).allowed).toBe(true);
    await expect(limits.block('k', 0)).rejects.toThrow(InvalidOptionsError);
  });
});

describe('the options of all limits', () => {
  it('are checked with those of the cache', () => {
    const rateLimit = { timeout: 0, onOutage: 'panic', denyCacheTtl: 0, limit: 1 } as never;
    const make = (): unknown => createLimits({ rateLimit });
    for (const path of ['timeout', 'onOutage', 'denyCacheTtl', 'limit']) expect(make).toThrow(`rateLimit.${path}`);
    expect(() => createLimits({ rateLimit: { keyPrefix: 'mobius1:limits:' } })).toThrow('rateLimit.keyPrefix');
  });

  it('bound the keys that are counted in this process', async () => {
    const { limits } = createLimits({ rateLimit: { maxLocalKeys: 2 } });
    for (const key of ['a', 'b', 'c']) await limits.check(key, perMinute, { cost: 3 });
    expect((await limits.check('c', perMinute)).allowed).toBe(false);
    expect((await limits.check('a', perMinute)).allowed).toBe(true);
  });
});
