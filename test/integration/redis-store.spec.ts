import { type Redis } from 'ioredis';
import { ROOT } from '../../libs/cache/src/core/generation.js';
import { parseRecord } from '../../libs/cache/src/core/record.js';
import { newToken } from '../../libs/cache/src/core/token.js';
import { FAILURE_MS } from '../../libs/cache/src/core/store.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import { RedisStore } from '../../libs/cache/src/drivers/redis-store.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { describeStore } from '@mobius1/cache/testing';
import { redisOptions } from '../support/cache.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import { serverTime } from '../support/server-time.js';

async function open(changes: RedisOptions = {}) {
  const options = redisOptions(changes);
  const connection = new RedisConnection(options);
  await connection.connect();
  const prefix = options.keyPrefix ?? '';
  const store = new RedisStore(connection, prefix);
  const close = async (): Promise<void> => {
    await store.sweep({ namespace: undefined, pattern: '*', everything: true });
    await connection.quit();
  };
  const internal = `${prefix}~{${prefix}}:`;
  return { store, connection, prefix, internal, close };
}

describeStore('redis', async () => {
  const { store, close } = await open();
  return { store, advance: (ms) => serverTime(() => store.now(), ms), close };
});

describe('RedisStore', () => {
  /** Of its own: others must not have their scripts forgotten, nor be what makes ours be sent again. */
  let server: RedisProcess;
  let under: Awaited<ReturnType<typeof open>>;
  let raw: Redis;

  beforeAll(async () => {
    server = await RedisEnv.process();
  });
  beforeEach(async () => {
    under = await open({ url: server.url });
    raw = under.connection.client as unknown as Redis;
  });
  afterEach(() => under.close());
  afterAll(() => server.stop());

  /** The commands that leave while `work` runs, with what they are given. */
  async function sentBy(work: () => Promise<unknown>): Promise<{ name: string; args: unknown[] }[]> {
    const sent = jest.spyOn(raw, 'sendCommand');
    try {
      await work();
      return sent.mock.calls.map(([{ name, args }]) => ({ name, args }));
    } finally {
      sent.mockRestore();
    }
  }

  it('keeps value and lease in one readable key, so that any DEL kills both (rule 1)', async () => {
    const token = newToken();
    await under.store.acquire('user:1', { token, leaseMs: 60_000, seen: undefined, keep: false });
    expect(await raw.keys(`${under.prefix}*`)).toEqual([`${under.prefix}user:1`]);
    expect(await raw.get(`${under.prefix}user:1`)).toMatch(/^M1L/);
    expect(await raw.pttl(`${under.prefix}user:1`)).toBeGreaterThan(50_000);
    await raw.del(`${under.prefix}user:1`);
    expect(await under.store.release('user:1', token)).toBe(false);
  });

  it('keeps word of a failed load for a second, for those who wait and for the next lease (G6)', async () => {
    const { store, prefix } = under;
    const find = async (): Promise<unknown> => (await store.read({ id: 'k', names: [] })).found;
    const attempt = { leaseMs: 60_000, seen: undefined, keep: false };
    const [token, next] = [newToken(), newToken()];
    await store.acquire('k', { ...attempt, token });
    expect(await store.fail('k', token)).toBe(true);
    const left = await raw.pttl(`${prefix}k`);
    expect(left).toBeLessThanOrEqual(FAILURE_MS);
    expect(left).toBeGreaterThan(0);
    await raw.pexpire(`${prefix}k`, 60_000); // longer than this test
    expect(await find()).toEqual({ kind: 'failed' });
    expect((await store.usage()).keys).toBe(0);
    expect(await store.acquire('k', { ...attempt, token: next })).toBe(true);
    expect(await find()).toEqual({ kind: 'lease', holder: next, afterFailure: true });
    await store.fail('k', next);
    expect(await store.increment('k', 1, undefined)).toBe(1); // word is no value
  });

  it('sends the reads of one turn as one command, each key once', async () => {
    const reads = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 100 }, (_, i) => under.store.read({ id: `k${i % 10}`, names: ['*', 't:a'] })));
    const [command, ...others] = await sentBy(reads);
    expect([command?.name, others]).toEqual(['mget', []]);
    expect(command?.args).toHaveLength(10 + 2);
  });

  it('goes on when the server has forgotten its scripts', async () => {
    const token = newToken();
    await under.store.force('k', token, 60_000);
    await raw.script('FLUSH');
    expect(await under.store.renew('k', token, 60_000)).toBe(true);
    expect(await under.store.increment('n', 2, undefined)).toBe(2);
  });

  it('stores a counter as a plain integer whose ttl is never extended and never lost', async () => {
    const ttl = (): Promise<number> => raw.pttl(`${under.prefix}n`);
    await under.store.increment('n', 1, 60_000);
    await under.store.increment('n', 1, 600_000);
    expect(await raw.get(`${under.prefix}n`)).toBe('2');
    expect(await ttl()).toBeLessThanOrEqual(60_000);
    expect(await ttl()).toBeGreaterThan(50_000);
  });

  it('lets generations of tags expire some day, and the one under all entries never', async () => {
    await under.store.draw([ROOT, 't:a'], 'all');
    const { ids, names } = under.store.keys.heard(await raw.keys(`${under.prefix}*`));
    expect(ids).toEqual([]);
    const lives = await Promise.all(names.sort().map((name) => raw.pttl(`${under.internal}${name}`)));
    expect(names).toEqual(['#', ROOT, 't:a']);
    expect(lives).toEqual([-1, -1, expect.any(Number)]);
    expect(lives[2]).toBeGreaterThan(29 * 24 * 3_600_000);
  });

  it.each([1, 1_000])(
    'invalidates a tag of %d entries with one command, and walks over none of them (G3)',
    async (size) => {
      const redis = { client: raw, keyPrefix: under.prefix, commandTimeout: 10_000 };
      const cache = new CacheInstance({ redis, l1: false });
      const { manager } = cache;
      await manager.setMany(Array.from({ length: size }, (_, i) => ({ key: `k${i}`, value: i, tags: ['t'] })));
      const sent = await sentBy(() => manager.invalidateByTag('t'));
      expect(sent.map(({ name }) => name)).toEqual(['evalsha']);
      expect(await manager.getMany(Array.from({ length: size }, (_, i) => `k${i}`))).toEqual(
        Array(size).fill(undefined),
      );
      await cache.close();
    },
  );

  it('takes over a key of another type', async () => {
    await raw.lpush(`${under.prefix}k`, 'a list');
    expect((await under.store.read({ id: 'k', names: [] })).found).toEqual({ kind: 'absent' });
    const attempt = { token: newToken(), leaseMs: 60_000, seen: undefined, keep: false };
    expect(await under.store.acquire('k', attempt)).toBe(true);
  });

  it('draws a new epoch when the sequence is lost, so that old proofs are void', async () => {
    await under.store.draw(['t:x'], 'missing');
    const before = (await under.store.read({ id: 'k', names: [], sequence: true })).sequence;
    await raw.del(...(await raw.keys(`${under.prefix}*#`)));
    const { sequence } = await under.store.draw(['t:y'], 'missing');
    expect(sequence.epoch).not.toBe(before?.epoch);
  });

  describe('what stands under our key but is not ours', () => {
    const foreign: [string, string | Buffer][] = [
      ['a foreign text', 'hello'],
      ['an empty string', ''],
      ['JSON of another library', '{"value":1,"expires":null}'],
      ['a record of a future format', `M2V-${'x'.repeat(200)}`],
      ['a record that was cut', 'M1VJ----------------'],
      ['a record with wrong lengths', `M1VJ${'a'.repeat(32)}${'0'.repeat(52)}00000000000000099999999{}`],
      ['a record of an unknown codec', `M1VX${'a'.repeat(32)}${'9'.repeat(52)}000000000000000000002{}`],
      ['binary noise', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) % 256))],
      ['a number with a fraction', '1.5'],
      ['a number too large', '123456789012345678901'],
    ];

    it.each(foreign)('%s is a counted miss, and the load replaces it', async (_kind, bytes) => {
      const options = redisOptions({ url: server.url });
      const cache = new CacheInstance({ redis: options });
      await cache.connect();
      await raw.set(`${options.keyPrefix ?? ''}k`, bytes);
      expect(await cache.manager.get('k')).toBeUndefined();
      expect(cache.engine.counts.foreign).toBe(1);
      await raw.set(`${options.keyPrefix ?? ''}k`, bytes);
      expect(await cache.manager.getOrSet('k', () => 'loaded')).toBe('loaded');
      expect(await cache.manager.get('k')).toBe('loaded');
      expect(cache.engine.counts.storeFailures).toBe(0);
      await cache.manager.clear();
      await cache.close();
    });

    it('a payload that would pollute prototypes is a miss and pollutes nothing', async () => {
      const options = redisOptions({ url: server.url });
      const cache = new CacheInstance({ redis: options });
      await cache.connect();
      const key = `${options.keyPrefix ?? ''}k`;
      await cache.manager.set('k', { a: 1 });
      const record = (await raw.getBuffer(key)) ?? Buffer.alloc(0);
      const evil = Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
      const { entry } = parseRecord(record, 0) as { entry: { payload: { bytes: Buffer } } };
      const head = record.subarray(0, record.length - entry.payload.bytes.length);
      const patched = Buffer.concat([head, evil]);
      patched.write(String(evil.length).padStart(9, '0'), 100, 'latin1');
      await raw.set(key, patched);
      expect(await cache.manager.get('k')).toBeUndefined();
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      expect(cache.engine.counts.foreign).toBe(1);
      await cache.manager.clear();
      await cache.close();
    });
  });
});
