import { FakeClock } from '@mobius1/kernel';
import type { Redis } from 'ioredis';
import { StoreUnavailableError } from '../../../libs/cache/src/core/errors.js';
import { MemoryTally } from '../../../libs/cache/src/drivers/memory-tally.js';
import { RedisConnection } from '../../../libs/cache/src/drivers/redis-connection.js';
import type { RedisOptions } from '../../../libs/cache/src/drivers/redis-options.js';
import { RedisStore } from '../../../libs/cache/src/drivers/redis-store.js';
import { RedisTally } from '../../../libs/cache/src/drivers/redis-tally.js';
import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { redisOptions } from '../../support/cache.js';
import { describeTally, posting } from '../../support/describe-tally.js';
import { eventually } from '../../support/eventually.js';
import { RedisEnv } from '../../support/redis-env.js';
import type { RedisProcess } from '../../support/redis-process.js';

const DAY = '2026-01-31';

async function open(changes: RedisOptions = {}) {
  const options = redisOptions(changes);
  const connection = new RedisConnection(options);
  await connection.connect();
  const prefix = options.keyPrefix ?? '';
  const raw = connection.client as unknown as Redis;
  return { connection, prefix, raw, close: () => connection.quit() };
}

describeTally('memory', async (bounds) => ({ tally: new MemoryTally(new FakeClock(), bounds) }));
describeTally('redis', async (bounds) => {
  const { connection, prefix, close } = await open();
  return { tally: new RedisTally(connection, prefix, bounds), close };
});

describe('MemoryTally', () => {
  it('keeps a sheet for as long as it was told, from the last posting on', async () => {
    const clock = new FakeClock();
    const tally = new MemoryTally(clock);
    await tally.add(posting({ keepMs: 1_000 }));
    await clock.advance(900);
    await tally.add(posting({ keepMs: 1_000, number: 2 }));
    await clock.advance(999);
    expect((await tally.read(DAY, 'w1')).sums).toEqual(new Map([['hits|m', 2]]));
    await clock.advance(1);
    expect((await tally.read(DAY, 'w1')).sums.size).toBe(0);
    expect(await tally.accounts(DAY)).toEqual({ accounts: [], all: true });
  });
});

describe('RedisTally', () => {
  /** Of its own: others must not have their scripts forgotten. */
  let server: RedisProcess;
  let under: Awaited<ReturnType<typeof open>>;
  let tally: RedisTally;
  const sheet = (): string => `${under.prefix}~savings:${DAY}:w1`;
  const list = (): string => `${under.prefix}~savings:${DAY}`;

  beforeAll(async () => {
    server = await RedisEnv.process();
  });
  beforeEach(async () => {
    under = await open({ url: server.url });
    tally = new RedisTally(under.connection, under.prefix);
  });
  afterEach(() => under.close());
  afterAll(() => server.stop());

  it('keeps a readable hash for each workspace and day, and never a key without an end', async () => {
    await tally.add(posting({ amounts: { 'hits|gpt-4o': 2 }, keepMs: 86_400_000 }));
    expect((await under.raw.keys(`${under.prefix}*`)).sort()).toEqual([list(), sheet()]);
    expect(await under.raw.hget(sheet(), 'hits|gpt-4o')).toBe('2');
    for (const key of [list(), sheet()]) {
      expect(await under.raw.pttl(key)).toBeGreaterThan(86_000_000);
      expect(await under.raw.pttl(key)).toBeLessThanOrEqual(86_400_000);
    }
  });

  it('goes on with what somebody has damaged, and when the server has forgotten its scripts', async () => {
    await under.raw.set(sheet(), 'not a hash');
    await under.raw.set(list(), 'not a set');
    expect(await tally.read(DAY, 'w1')).toEqual({ sums: new Map(), written: new Map() });
    expect(await tally.accounts(DAY)).toEqual({ accounts: [], all: true });
    await tally.add(posting({}));
    await under.raw.hset(sheet(), 'hits|m', 'many', 'junk', '-7', '~writer-2', 'x');
    await under.raw.script('FLUSH');
    await tally.add(posting({ number: 2, amounts: { 'hits|m': 4 } }));
    await tally.add(posting({ writer: 'writer-2', number: 1, amounts: { 'hits|m': 5 } }));
    const { sums, written } = await tally.read(DAY, 'w1');
    expect([sums, written]).toEqual([
      new Map([['hits|m', 9]]),
      new Map([
        ['writer-1', 2],
        ['writer-2', 1],
      ]),
    ]);
    expect((await tally.accounts(DAY)).accounts).toEqual(['w1']);
  });

  it('forgets the numbers of writers that were silent for an hour, when a new one comes', async () => {
    await tally.add(posting({}));
    const now = Number((await under.raw.time())[0]);
    await under.raw.hset(sheet(), '~gone', `7 ${now - 3_700}`, '~lately', `8 ${now - 3_500}`);
    await tally.add(posting({ number: 2 }));
    expect((await tally.read(DAY, 'w1')).written.has('gone')).toBe(true); // one that is known costs no search
    await tally.add(posting({ writer: 'new' }));
    expect([...(await tally.read(DAY, 'w1')).written.keys()].sort()).toEqual(['lately', 'new', 'writer-1']);
  });

  it('is none of the entries: not counted, not cleared, not told to the tier', async () => {
    const store = new RedisStore(under.connection, under.prefix);
    const cache = new CacheInstance({ redis: redisOptions({ url: server.url, keyPrefix: under.prefix }) });
    await cache.connect();
    await cache.manager.set('k', 1, { ttl: 60 });
    await tally.add(posting({}));
    expect((await store.usage()).keys).toBe(1);
    expect(store.keys.heard([sheet(), list(), `${under.prefix}k`])).toEqual({ ids: ['k'], names: [] });
    await cache.manager.invalidatePattern('*');
    await cache.manager.invalidatePattern('~savings:*');
    await cache.manager.clear();
    expect(await store.sweep({ namespace: undefined, pattern: '*', everything: true })).toBe(0);
    expect(await cache.manager.get('k')).toBeUndefined();
    expect((await tally.read(DAY, 'w1')).sums).toEqual(new Map([['hits|m', 1]]));
    // Nobody reaches it under a key of his own.
    await cache.manager.set(`~savings:${DAY}:w1`, 1, { ttl: 60 });
    await cache.manager.delete(`~savings:${DAY}:w1`);
    expect((await tally.read(DAY, 'w1')).sums).toEqual(new Map([['hits|m', 1]]));
    await cache.close();
  });

  it('counts once what is carried out after it was given up, on a server that freezes', async () => {
    const hasty = await open({ url: server.url, keyPrefix: under.prefix, commandTimeout: 100 });
    const frozen = new RedisTally(hasty.connection, under.prefix);
    const hits = async (): Promise<number | undefined> => (await tally.read(DAY, 'w1')).sums.get('hits|m');
    try {
      await tally.add(posting({})); // so that the server knows the scripts
      server.freeze();
      const late = posting({ number: 2, amounts: { 'hits|m': 10 } });
      await expect(frozen.add(late)).rejects.toThrow(StoreUnavailableError);
      server.thaw();
      // It is carried out, although nobody waited for it any more …
      await eventually(async () => (await hits()) === 11, { what: 'it is added late' });
      // … and is not added again when it is sent again.
      await eventually(() => frozen.add(late), { what: 'it is answered' });
      expect(await hits()).toBe(11);
    } finally {
      server.thaw();
      await hasty.close();
    }
  });
});
