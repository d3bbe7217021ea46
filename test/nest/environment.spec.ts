import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import {
  CacheManagerService,
  CacheModule,
  type CacheOptions,
  InvalidOptionsError,
  ModelCacheService,
} from '@mobius1/cache';
import { inspect } from 'node:util';
import { redisOptions } from '../support/cache.js';
import { uniquePrefix } from '../support/unique-prefix.js';
import { cacheOf, closeApps, closing } from './fixtures/start-app.js';

const OURS = /^(REDIS_|CACHE_|MODEL_CACHE_)/;
const before = { ...process.env };

function environment(variables: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (OURS.test(name)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
}

/** Boots with what the environment says, and options of the code. */
async function boot(
  options: CacheOptions = {},
  imports: ModuleMetadata['imports'] = [],
): Promise<INestApplicationContext> {
  const builder = Test.createTestingModule({ imports: [...imports, CacheModule.forRoot(options)] });
  return closing(await builder.compile()).init();
}

async function bootError(...args: Parameters<typeof boot>): Promise<InvalidOptionsError> {
  return boot(...args).then(
    () => {
      throw new Error('It booted.');
    },
    (error: unknown) => error as InvalidOptionsError,
  );
}

beforeEach(() => environment({}));
afterEach(async () => {
  await closeApps();
  environment(before as Record<string, string>);
});

describe('the environment', () => {
  it('that says nothing means a cache in memory with the defaults', async () => {
    expect(cacheOf(await boot()).store).toBe('memory');
  });

  it.each<[string, (server: URL) => Record<string, string>]>([
    ['REDIS_URL', ({ href }) => ({ REDIS_URL: href })],
    ['REDIS_HOST and REDIS_PORT', ({ hostname, port }) => ({ REDIS_HOST: hostname, REDIS_PORT: port })],
    ['spaces around a value', ({ href }) => ({ REDIS_URL: ` ${href} ` })],
  ])('names a Redis by %s, and its prefix', async (_what, variables) => {
    const prefix = uniquePrefix();
    environment({ ...variables(new URL(redisOptions().url!)), REDIS_KEY_PREFIX: prefix });
    const app = await boot({ redis: { commandTimeout: 10_000 } });
    expect(await app.get(CacheManagerService).set('k', 1)).toBe(true);
    expect(await (cacheOf(app).connection!.client as any).exists(`${prefix}k`)).toBe(1);
  });

  it('sets the TTL of entries that name none', async () => {
    const redis = redisOptions();
    environment({ CACHE_DEFAULT_TTL: '2' });
    const app = await boot({ redis });
    await app.get(CacheManagerService).set('k', 1);
    const left = await (cacheOf(app).connection!.client as any).pttl(`${redis.keyPrefix}k`);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(2_000);
  });

  it('turns everything into a pass-through with CACHE_ENABLED=false, Redis or not', async () => {
    environment({ CACHE_ENABLED: 'false', REDIS_HOST: 'no-such-host.invalid' });
    const app = await boot();
    const cache = app.get(CacheManagerService);
    let loads = 0;
    for (const expected of [1, 2]) expect(await cache.getOrSet('k', () => ++loads)).toBe(expected);
    expect(await cache.set('k', 1)).toBe(false);
    expect(await cache.get('k')).toBeUndefined();
    expect(cacheOf(app).connection).toBeUndefined();
    expect(await cacheOf(app).health()).toMatchObject({ status: 'up', store: 'none' });
  });

  it('gives way to what the code says', async () => {
    environment({ CACHE_ENABLED: 'false', REDIS_HOST: 'no-such-host.invalid' });
    expect(cacheOf(await boot({ enabled: true, redis: false })).store).toBe('memory');
  });

  it('comes through the ConfigService, whose values may be converted already', async () => {
    const { hostname, port } = new URL(redisOptions().url!);
    const validate = () => ({ REDIS_HOST: hostname, REDIS_PORT: Number(port), REDIS_DB: 0, CACHE_ENABLED: true });
    const app = await boot({}, [ConfigModule.forRoot({ ignoreEnvFile: true, validate })]);
    expect(cacheOf(app)).toMatchObject({ store: 'redis', description: `Redis at ${hostname}:${port}` });
  });

  it('comes through the ConfigService from what the application loads', async () => {
    const load = [async () => ({ CACHE_ENABLED: 'false' })];
    const app = await boot({}, [ConfigModule.forRoot({ ignoreEnvFile: true, load })]);
    expect(cacheOf(app).store).toBe('none');
  });

  it('says how long answers of models are kept, whether at all, and with which secret', async () => {
    environment({ MODEL_CACHE_TTL: '60', MODEL_CACHE_SECRET: 'a secret of the environment' });
    const models = (await boot({ redis: false })).get(ModelCacheService);
    await models.set('llama', 'q', 'a', 'w1');
    const answer = await models.get('llama', 'q', 'w1');
    expect(answer?.ttlMs).toBeGreaterThan(50_000);
    expect(answer?.ttlMs).toBeLessThanOrEqual(60_000);
    environment({ MODEL_CACHE_ENABLED: 'false' });
    const off = (await boot({ redis: false })).get(ModelCacheService);
    expect(await off.set('llama', 'q', 'a', 'w1')).toEqual({ stored: false, reason: 'disabled' });
    const on = (await boot({ redis: false, model: { enabled: true, secret: 'a secret of the code' } })).get(
      ModelCacheService,
    );
    expect(await on.set('llama', 'q', 'a', 'w1')).toEqual({ stored: true });
  });
});

describe('a wrong environment stops the boot', () => {
  it('with one error that names every wrong variable', async () => {
    environment({ REDIS_PORT: 'abc', CACHE_DEFAULT_TTL: '-1' });
    const error = await bootError();
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.problems.map(({ path }) => path)).toEqual(['REDIS_PORT', 'CACHE_DEFAULT_TTL']);
    expect(error.message).toBe(
      [
        'environment: 2 invalid options',
        '  REDIS_PORT: expected an integer from 1 to 65535, got "abc"',
        `  CACHE_DEFAULT_TTL: expected a number of seconds above 0, or a string like '5m', got "-1"`,
      ].join('\n'),
    );
  });

  const WRONG: [string, string][] = [
    ['REDIS_PORT', '0'],
    ['REDIS_PORT', '65536'],
    ['REDIS_PORT', '6379.5'],
    ['REDIS_PORT', '0x1F'],
    ['REDIS_DB', '-1'],
    ['REDIS_DB', 'one'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_HOST', 'h'.repeat(256)],
    ['REDIS_KEY_PREFIX', 'p'.repeat(129)],
    ['CACHE_ENABLED', 'perhaps'],
    ['CACHE_DEFAULT_TTL', '0'],
    ['CACHE_DEFAULT_TTL', '5 minutes'],
    ['CACHE_DEFAULT_TTL', '1.2.3'],
    ['MODEL_CACHE_ENABLED', '2'],
    ['MODEL_CACHE_TTL', 'NaN'],
  ];
  it.each(WRONG.map(([name, value]) => [name, value.slice(0, 12), value]))('for %s=%s', async (name, _shown, value) => {
    environment({ REDIS_HOST: 'localhost', [name]: value });
    const { problems } = await bootError();
    expect(problems.map(({ path }) => path)).toEqual([name]);
  });

  it('without showing a password, neither its own nor that of a URL', async () => {
    environment({
      REDIS_URL: 'http://user:hunter2@localhost',
      REDIS_PASSWORD: 'hunter2',
      REDIS_PORT: 'abc',
    });
    const error = await bootError();
    expect(error.problems).toHaveLength(2);
    expect([error.stack, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)].join()).not.toContain(
      'hunter2',
    );
  });
});
