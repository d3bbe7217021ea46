import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { ModelCacheOptions } from '../../../libs/cache/src/features/model/model-options.js';
import type { SemanticOptions } from '../../../libs/cache/src/features/model/semantic/semantic-options.js';
import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { redisOptions } from '../../support/cache.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { RedisEnv } from '../../support/redis-env.js';
import type { RedisProcess } from '../../support/redis-process.js';
import { uniquePrefix } from '../../support/unique-prefix.js';
import { ENOUGH, semanticOptions, variant } from './semantic-setup.js';

interface Came {
  readonly output: string;
  readonly hit: string;
  readonly ran: boolean;
}

const SECRET = 'a secret of the tests';

describe('the semantic tier in several processes (G18)', () => {
  const env = { REDIS_URL: process.env.TEST_REDIS_URL ?? '', PREFIX: uniquePrefix() };
  const programs: Program[] = [];
  const start = async (): Promise<Program> => {
    const program = await Program.start('test/integration/models/semantic-worker.ts', env);
    programs.push(program);
    await program.call('connect');
    return program;
  };
  const ask = (program: Program, input: string, answer: string) => program.call('ask', input, answer) as Promise<Came>;
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
  });

  it('shares what it learns, keeps it over restarts, and drops what is made void', async () => {
    const [one, other] = [await start(), await start()];
    let next = 500;
    for (let i = 0; i <= ENOUGH; i++) await ask(i % 2 === 0 ? one : other, variant(i), 'a permit');
    for (const program of [one, other]) {
      await eventually(
        async () => {
          await ask(program, variant(next++), 'a permit');
          const [partition] = (await program.call('partitions')) as { verified: number; threshold?: number }[];
          return partition?.threshold !== undefined;
        },
        { what: 'the verdicts of both are heard' },
      );
    }
    // Neither question nor answer was ever in this process.
    expect(await served(other, 1_001, 'a permit')).toMatchObject({ output: 'a permit', ran: false });
    await one.kill();
    await other.kill();
    const later = await start();
    expect(await served(later, 2_001, 'a permit')).toMatchObject({ output: 'a permit', ran: false });

    const third = await start();
    await third.call('invalidate');
    expect(await ask(later, variant(3_001), 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
    // What was learned stays: the answers have changed, not what is alike.
    expect(await served(third, 4_001, 'fresh')).toMatchObject({ output: 'fresh', ran: false });
  });

  /** One in a hundred is verified instead, by asking: another answer would be held against the tier. */
  const served = (program: Program, from: number, answer: string): Promise<Came> => {
    let i = from;
    return eventually(
      async () => {
        const came = await ask(program, variant(i++), answer);
        return came.hit === 'semantic' ? came : undefined;
      },
      { what: 'a semantic hit' },
    );
  };
});

describe('the semantic tier on Redis', () => {
  const instances: CacheInstance[] = [];
  const keyPrefix = uniquePrefix();
  let client: Redis;
  beforeAll(() => {
    client = new Redis(process.env.TEST_REDIS_URL ?? '');
  });
  afterAll(async () => {
    client.disconnect();
    await Promise.all(instances.map((instance) => instance.close()));
  });

  async function open(semantic: Partial<SemanticOptions> = {}, model: ModelCacheOptions = {}, redis = {}) {
    const instance = new CacheInstance({
      redis: redisOptions({ keyPrefix, ...redis }),
      model: { secret: SECRET, semantic: semanticOptions(semantic), ...model },
    });
    instances.push(instance);
    await instance.connect();
    const ask = (input: string, answer: unknown, workspaceId = 'w1') =>
      instance.models.wrap({ modelId: 'llama', input, workspaceId }, () => answer);
    const learn = async (workspaceId = 'w1') => {
      for (let i = 0; i <= ENOUGH; i++) await ask(variant(i), 'a permit', workspaceId);
      await settled(instance, ENOUGH);
    };
    return { instance, models: instance.models, ask, learn };
  }

  const settled = (instance: CacheInstance, verified: number) =>
    eventually(() => instance.models.semanticPartitions().some((one) => one.verified >= verified), {
      what: `${verified} verdicts`,
    });

  /** Everything under the prefix, as bytes. */
  async function dump(part = ''): Promise<{ keys: string[]; bytes: Buffer }> {
    // Generations of tags have only ids in them.
    const keys = (await client.keys(`${keyPrefix}[^~]*${part}*`)).sort();
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await client.type(key);
        if (type === 'string') return client.getBuffer(key);
        return ((await client.callBuffer('XRANGE', key, '-', '+')) as [Buffer, Buffer[]][]).flatMap(([, row]) => row);
      }),
    );
    return { keys, bytes: Buffer.concat(values.flat().map((value) => value ?? Buffer.alloc(0))) };
  }

  it('compares nothing that went through another gate: what one table stops, another has let through', async () => {
    const { learn } = await open();
    await learn('gates');
    const german = { negations: ['nicht'], opposites: [], routes: [], units: {}, values: {} };
    const { models, ask } = await open({ gate: [german] });
    expect(await ask(variant(1_000), 'fresh', 'gates')).toMatchObject({ hit: 'none', output: 'fresh' });
    expect(models.semanticPartitions()).toMatchObject([{ workspaceId: 'gates', verified: 0 }]);
    const { models: same, ask: askSame } = await open();
    await askSame(variant(2_000), 'a permit', 'gates');
    expect(same.semanticPartitions()[0]?.verified).toBeGreaterThanOrEqual(ENOUGH);
  });

  it('keeps no word of a question, and erases all of a workspace', async () => {
    const { ask, models } = await open();
    await ask('my number is Xylophone', 'an answer', 'private');
    await eventually(async () => (await dump('private')).keys.some((key) => key.endsWith(':questions')), {
      what: 'the question is noted',
    });
    const { keys, bytes } = await dump('private');
    expect(`${keys.join()}${bytes.toString('latin1')}`).not.toMatch(/xylo|number/i);
    await models.eraseWorkspace('private');
    expect((await dump('private')).keys).toEqual([]);
  });

  it('encrypts vectors where answers are, and does not read what was put there', async () => {
    const encryption = { keys: { one: randomBytes(32) }, current: 'one' };
    const { ask, models } = await open({}, { encryption });
    const { values } = ngrams();
    await ask(variant(1), 'an answer', 'sealed');
    await eventually(async () => (await dump('sealed')).keys.some((key) => key.endsWith(':questions')), {
      what: 'the question is noted',
    });
    const { keys, bytes } = await dump('sealed');
    expect(bytes.includes(values)).toBe(false);
    const stream = keys.find((key) => key.endsWith(':questions')) ?? '';
    await client.xadd(stream, '*', 'r', 'J{"name":"abc","proof":"p","exact":"e","words":[]}');
    await client.xadd(stream, '*', 'r', 'anything');
    await ask(variant(2), 'an answer', 'sealed');
    expect(models.getStats().semantic).toMatchObject({ unreadable: 2 });

    const plain = await open();
    await plain.ask(variant(1), 'an answer', 'plain');
    const noted = () => dump('plain').then(({ bytes: all }) => all.includes(values));
    await eventually(noted, { what: 'a vector in clear' });
  });

  /** The vector of the first variant, as bytes. */
  function ngrams(): { values: Buffer } {
    const raw = semanticOptions().embedder.embed(variant(1), new AbortController().signal) as Float32Array;
    const length = Math.hypot(...raw);
    return { values: Buffer.from(Float32Array.from(raw, (value) => value / length).buffer) };
  }

  it('is bounded in Redis', async () => {
    const { ask } = await open({ maxQuestions: 5 });
    for (let i = 0; i < 12; i++) await ask(variant(i), 'a permit', 'bounded');
    const stream = await eventually(
      async () => (await dump('bounded')).keys.find((key) => key.endsWith(':questions')),
      { what: 'questions' },
    );
    await eventually(async () => (await client.xlen(stream)) === 5, { what: 'the oldest are gone' });
    expect(await client.pttl(stream)).toBeGreaterThan(0);
  });

  it('goes on without vector sets where the server has none: it is asked, its version is not', async () => {
    const { learn, ask, models } = await open({ vectorSets: true });
    expect(await client.call('VCARD', 'x').catch((error: unknown) => (error as Error).message)).toMatch(
      /unknown command/,
    );
    await learn('fallback');
    const hits = await Promise.all([1, 2, 3].map((i) => ask(variant(5_000 + i), 'a permit', 'fallback')));
    expect(hits.map(({ hit }) => hit)).toContain('semantic');
    expect(models.semanticPartitions()).toMatchObject([{ questions: expect.any(Number) }]);
    expect(models.semanticPartitions()[0]?.questions).toBeGreaterThan(ENOUGH);
    expect(models.getStats().semantic).toMatchObject({ unavailable: 0, unreadable: 0 });
    expect((await instances.at(-1)?.health())?.refused ?? []).toEqual([]);
  });

  it('does not keep an inference waiting while Redis is frozen (G10)', async () => {
    const redis = await RedisEnv.process();
    try {
      const { ask, models } = await open({ timeout: 100 }, {}, { url: redis.url, commandTimeout: 50 });
      await ask(variant(1), 'a permit');
      redis.freeze();
      expect(await ask(variant(2), 'fresh')).toMatchObject({ output: 'fresh', hit: 'none' });
      redis.thaw();
      let i = 100;
      await eventually(
        async () => {
          await ask(variant(i++), 'a permit');
          return models.getStats().semantic.candidates > 0;
        },
        { what: 'it heals' },
      );
    } finally {
      await Promise.all(instances.splice(-1).map((instance) => instance.close()));
      await redis.stop();
    }
  });
});

describe('the semantic tier on a Redis with vector sets', () => {
  const instances: CacheInstance[] = [];
  let redis: RedisProcess | undefined;
  beforeAll(async () => {
    redis = await RedisEnv.redis8();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await redis?.stop();
  });

  const open = async (url: string, semantic: Partial<SemanticOptions> = {}, model: ModelCacheOptions = {}) => {
    const instance = new CacheInstance({
      redis: { url, keyPrefix: 'v:', commandTimeout: 10_000 },
      model: { secret: SECRET, semantic: semanticOptions({ vectorSets: true, ...semantic }), ...model },
    });
    instances.push(instance);
    await instance.connect();
    return instance;
  };
  const ask = ({ models }: CacheInstance, input: string, answer: unknown, workspaceId = 'w1') =>
    models.wrap({ modelId: 'llama', input, workspaceId }, () => answer);

  it('lets it search; shared, bounded, and void with what it points to', async () => {
    if (redis === undefined) {
      console.warn('No Redis 8 is to be had here: vector sets were not tested.');
      return;
    }
    const { url } = redis;
    const client = new Redis(url);
    try {
      const [one, other] = [await open(url), await open(url)];
      let asked = 0;
      for (let i = 0; i <= 2 * ENOUGH; i++) if ((await ask(one, variant(i), 'a permit')).hit === 'none') asked++;
      await eventually(() => one.models.semanticPartitions()[0]?.threshold !== undefined, { what: 'a threshold' });
      const [set = ''] = await client.keys('v:*:vectors');
      await eventually(async () => Number(await client.call('VCARD', set)) === asked, {
        what: 'all are there',
      });
      expect(one.models.semanticPartitions()).toMatchObject([{ questions: 0 }]);

      let i = 7_000;
      const hit = await eventually(
        async () => {
          const came = await ask(other, variant(i++), 'a permit');
          return came.hit === 'semantic' ? came : undefined;
        },
        { what: 'a hit in the other process' },
      );
      expect(hit).toMatchObject({ output: 'a permit' });
      expect(hit.similarity).toBeGreaterThan(0.5);
      expect(hit.similarity).toBeLessThanOrEqual(1);
      // What the gate stops is no candidate, however near.
      const { candidates } = other.models.getStats().semantic;
      expect(await ask(other, `not ${variant(1)}`, 'fresh')).toMatchObject({ hit: 'none' });
      expect(other.models.getStats().semantic).toMatchObject({ candidates, unavailable: 0, unreadable: 0 });
      await one.models.invalidateModel('llama');
      expect(await ask(other, variant(i++), 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
    } finally {
      client.disconnect();
    }
  });

  it('keeps its bound, is erased, and leaves encrypted vectors to the process', async () => {
    if (redis === undefined) return;
    const { url } = redis;
    const client = new Redis(url);
    try {
      const few = await open(url, { maxQuestions: 4 });
      for (let n = 0; n < 10; n++) await ask(few, variant(n), 'a permit', 'few');
      const [set = ''] = await eventually(
        async () => {
          const sets = await client.keys('v:model:few:*:vectors');
          return sets.length > 0 && sets;
        },
        { what: 'a set' },
      );
      await eventually(async () => Number(await client.call('VCARD', set)) === 4, { what: 'as many as may be' });
      expect(await client.pttl(set)).toBeGreaterThan(0);
      await few.models.eraseWorkspace('few');
      expect(await client.keys('v:model:few:*')).toEqual([]);

      const sealed = await open(url, {}, { encryption: { keys: { k: randomBytes(32) }, current: 'k' } });
      await ask(sealed, variant(1), 'a permit', 'sealed');
      await eventually(async () => (await client.keys('v:model:sealed:*:questions')).length === 1, {
        what: 'a journal',
      });
      expect(await client.keys('v:model:sealed:*:vectors')).toEqual([]);
    } finally {
      client.disconnect();
    }
  });
});
