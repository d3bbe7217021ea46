import type { Savings } from '@mobius1/cache';
import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { redisOptions } from '../../support/cache.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { RedisEnv } from '../../support/redis-env.js';
import type { RedisProcess } from '../../support/redis-process.js';
import { uniquePrefix } from '../../support/unique-prefix.js';

const QUESTION = { modelId: 'llama', workspaceId: 'w1', input: 'hello' } as const;
const SECRET = 'a secret of the tests';

describe('savings of several processes', () => {
  it('add up exactly, also when all but one have ended', async () => {
    const env = { REDIS_URL: process.env.TEST_REDIS_URL ?? '', PREFIX: uniquePrefix() };
    const start = () => Program.start('test/integration/savings/worker.ts', env);
    const programs = await Promise.all([start(), start(), start(), start()]);
    await Promise.all(programs.map((program) => program.call('connect')));
    const asked = await Promise.all(programs.map((program) => program.call('ask', 300)));
    const answers = (asked as string[][]).flat();
    const calls = answers.filter((hit) => hit === 'none').length;
    const hits = answers.length - calls;
    expect([answers.length, calls > 0, hits > 1_000]).toEqual([1_200, true, true]);

    const [reader, ...others] = programs as [Program, ...Program[]];
    await Promise.all(others.map((program) => program.call('close')));
    const { totals, complete } = (await reader.call('savings')) as Savings;
    expect([complete, totals.calls, totals.hits]).toEqual([true, calls, hits]);
    expect(totals.coalesced).toBe(answers.filter((hit) => hit === 'coalesced').length);
    expect(totals.tokensAvoided).toEqual({ input: 7 * hits, cachedInput: 0, output: 3 * hits, unspecified: 0 });
    expect(totals.latencySavedMs).toBe(11 * (hits - totals.coalesced));
    expect([totals.saved.length, totals.unpriced]).toEqual([1, 0]);
    await Promise.all(programs.map((program) => program.kill()));
  });
});

describe('savings on Redis', () => {
  let redis: RedisProcess;
  const instances: CacheInstance[] = [];
  const open = async (changes: object = {}): Promise<CacheInstance> => {
    const place = { host: redis.host, port: redis.port, commandTimeout: 10_000 };
    const cache = new CacheInstance({ redis: place, model: { secret: SECRET, ...changes } });
    instances.push(cache);
    await cache.connect();
    return cache;
  };

  beforeAll(async () => {
    redis = await RedisEnv.process();
  });
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((cache) => cache.close()));
    await redis.command('FLUSHALL');
  });
  afterAll(() => redis.stop());

  it('cost no command for a hit, and two for all that came together in a workspace', async () => {
    const cache = await open({ savings: { flushInterval: 3_600_000 } });
    await cache.models.wrap(QUESTION, () => 'an answer');
    await cache.models.wrap(QUESTION, () => 'an answer');
    const scripts = async (): Promise<number> => {
      const stats = String(await redis.command('INFO', 'commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await scripts();
    for (let i = 0; i < 500; i++) await cache.models.wrap(QUESTION, () => 'an answer');
    expect((await scripts()) - before).toBe(0);
    await cache.close();
    expect((await scripts()) - before).toBe(2);
    const found = await (await open()).models.getSavings();
    expect(found.totals).toMatchObject({ calls: 1, hits: 501 });
  });

  it('neither fail nor delay an inference while Redis is away, and are written when it is back', async () => {
    const cache = await open({ savings: { flushInterval: 20 } });
    const { models } = cache;
    await models.wrap(QUESTION, () => 'an answer');
    await redis.kill();
    await eventually(() => cache.connection?.ready === false, { what: 'the connection is lost' });
    for (let i = 0; i < 20; i++) await models.wrap({ ...QUESTION, input: `${i}` }, () => 'an answer');
    const away = await models.getSavings();
    expect(away).toMatchObject({ complete: false, missing: 'store', unrecorded: 0 });
    expect(away.totals.calls).toBeGreaterThanOrEqual(20);
    await redis.restart();
    await eventually(() => models.savings.facts.pending === 0, { what: 'everything is written' });
    const found = await eventually(
      async () => {
        const report = await models.getSavings();
        return report.complete && report;
      },
      { what: 'Redis answers' },
    );
    // The first may have been written before the server was killed, which had nothing on disk.
    expect([20, 21]).toContain(found.totals.calls);
  });

  it('leave the tier of other processes alone', async () => {
    const [cache, other] = [await open(), await open()];
    await cache.manager.set('k', 1, { ttl: 60 });
    const holds = (): boolean => other.near?.store.peek('k') !== undefined;
    await eventually(async () => (await other.manager.get('k')) === 1 && holds(), { what: 'the other one holds it' });
    await cache.models.wrap(QUESTION, () => 'an answer');
    await cache.models.savings.flush();
    await other.near?.catchUp(); // it has heard of it
    expect(holds()).toBe(true);
    expect((await other.models.getSavings()).totals.calls).toBe(1);
  });

  it('are gone with their workspace, in all processes, and those of others are not', async () => {
    const [cache, other] = [await open(), await open()];
    for (const workspaceId of ['w1', 'w2', 'w1:x']) await cache.models.wrap({ ...QUESTION, workspaceId }, () => 'a');
    await cache.models.savings.flush();
    expect((await other.models.getSavings()).totals.calls).toBe(3);
    expect(await other.models.eraseWorkspace('w1')).toBe(1);
    const keys = (await redis.command('KEYS', '*savings*')) as string[];
    expect(keys.filter((key) => key.endsWith(':w1'))).toEqual([]);
    const { rows } = await cache.models.getSavings();
    expect(rows.map(({ workspaceId }) => workspaceId)).toEqual(['w1:x', 'w2']);
  });

  it('live under the prefix of the cache', async () => {
    const options = redisOptions();
    const cache = new CacheInstance({ redis: options, model: { secret: SECRET, savings: { retention: '2d' } } });
    instances.push(cache);
    await cache.connect();
    await cache.models.wrap(QUESTION, () => 'an answer');
    const { from, to, rows, totals } = await cache.models.getSavings({ groupBy: ['day'] });
    expect(totals.calls).toBe(1);
    expect(Date.parse(to) - Date.parse(from)).toBe(29 * 86_400_000);
    const client = cache.connection?.client as unknown as { pttl(key: string): Promise<number> };
    const ttl = await client.pttl(`${options.keyPrefix}~savings:${rows[0]?.day}:w1`);
    expect(ttl).toBeGreaterThan(2 * 86_400_000 - 60_000);
    expect(ttl).toBeLessThanOrEqual(2 * 86_400_000);
  });
});
