import 'reflect-metadata';
import { inspect } from 'node:util';
import { Injectable, type LoggerService, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface.js';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  Cacheable,
  CacheHealthIndicator,
  CacheKeys,
  CacheManagerService,
  CacheModule,
  type CacheOptions,
  ModelCacheService,
  QueryCacheService,
  RateLimitService,
} from '@mobius1/cache';
import { symptomsOf } from '../docs/symptoms.js';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import { HOOK, runNode } from '../support/run-node.js';
import { closeApps, closing } from './fixtures/start-app.js';
import { WRONG_DECORATORS } from './fixtures/wrong-decorators.js';

const PASSWORD = 'hunter2-of-the-server';
/** What an application may be configured with and must never print. */
const SECRETS = /hunter2|of-the-server/;
/** A frame of a stack that is the library's own. */
const OURS = /^ *at .*libs\/(kernel|cache)\/src/m;

const PAGE = 'docs/troubleshooting.md';

/** The first mistakes that people make, and what they are told: each message says what happened and what to do, and a page explains it. */
describe('a mistake of the first minutes', () => {
  const symptoms = symptomsOf(PAGE);
  let told: string[];
  let log: string[];
  const emitWarning = jest.spyOn(process, 'emitWarning');
  const warnings = (): string[] => emitWarning.mock.calls.map(([text]) => String(text));

  const keep = (...words: unknown[]): void =>
    void log.push(words.map((word) => (typeof word === 'string' ? word : inspect(word))).join(' '));
  const logger: LoggerService = { log: keep, warn: keep, error: keep };

  beforeEach(() => {
    log = [];
    told = [];
  });
  afterEach(async () => {
    await closeApps();
    expect([...told, ...log, ...warnings()].filter((text) => SECRETS.test(text))).toEqual([]);
  });

  async function boot(metadata: ModuleMetadata) {
    @Module(metadata)
    class AppModule {}
    const options: NestApplicationContextOptions = Object.assign(new NestApplicationContextOptions(), {
      logger,
      abortOnError: false,
    });
    return closing(await NestFactory.createApplicationContext(AppModule, options));
  }

  const withCache = (redis: CacheOptions['redis'] = false, providers: Type[] = []) =>
    boot({ imports: [CacheModule.forRoot({ redis })], providers });

  /** The page has a row for what somebody is told. */
  const explained = (text: string): string => {
    told.push(text);
    const flat = text.replaceAll(/\n */g, ' ');
    expect(symptoms.some(({ pattern }) => pattern.test(flat)) ? '' : `No row of ${PAGE} for: ${flat}`).toBe('');
    return text;
  };

  /** What is thrown, as Nest and Node.js print it. */
  async function failure(run: () => unknown): Promise<string> {
    try {
      await run();
    } catch (error) {
      return explained(inspect(error));
    }
    throw new Error('Nothing was thrown.');
  }

  const reasonsOf = async (app: Awaited<ReturnType<typeof boot>>): Promise<string> => {
    const { cache } = await app.get(CacheHealthIndicator).isHealthy();
    const reasons = (cache as unknown as { reasons: string[] }).reasons.join('\n');
    return explained(reasons);
  };

  const heard = async (what: RegExp): Promise<string> =>
    explained(await eventually(() => log.find((line) => what.test(line)), { what: `the log says ${String(what)}` }));

  describe('with Redis', () => {
    it('that is not there', async () => {
      const gone = await RedisEnv.process();
      await gone.stop();
      const app = await withCache({ host: gone.host, port: gone.port });
      expect(await heard(/cannot be used yet/)).toMatch(
        /^cache: Redis at 127\.0\.0\.1:\d+ cannot be used yet: connect ECONNREFUSED \S+\. Nothing listens there: start Redis, or correct REDIS_URL, REDIS_HOST and REDIS_PORT, or redis in the options\. Running without it, trying on\./,
      );
      expect(await reasonsOf(app)).toMatch(
        /^Redis at \S+ does not answer: connect ECONNREFUSED \S+\. Nothing listens there: /,
      );
    });

    it('by its URL alone, and nothing of a password is shown', async () => {
      const text = await failure(() => withCache(`redis://:${PASSWORD}@localhost:6379` as never));
      expect(text).toContain(
        "1 invalid option\n  redis: expected an object like { host: 'localhost' } or { url: 'redis://localhost:6379' }, got a value that is not shown",
      );
    });

    it('whose host nobody knows', async () => {
      const app = await withCache({ host: 'no-such-host.invalid' });
      expect(await heard(/cannot be used yet/)).toMatch(
        /(ENOTFOUND|EAI_AGAIN).*There is no such host: correct REDIS_URL/,
      );
      expect(await reasonsOf(app)).toContain('There is no such host');
    });

    it('that does not speak TLS', async () => {
      const { hostname: host, port } = new URL(redisOptions().url ?? '');
      await withCache({ host, port: Number(port), tls: true });
      expect(await heard(/cannot be used yet/)).toMatch(
        /no answer within 1000 ms\. Look at the network, and whether it speaks TLS: 'rediss:\/\/' and redis\.tls are for servers that do\./,
      );
    });

    describe('that wants a password', () => {
      let server: RedisProcess;
      beforeAll(async () => void (server = await RedisEnv.process({ args: ['--requirepass', PASSWORD] })));
      afterAll(() => server.stop());

      it.each([
        ['without one', undefined, 'NOAUTH'],
        ['with a wrong one', 'hunter2', 'WRONGPASS'],
      ])('%s', async (_how, password, word) => {
        const app = await withCache({ host: server.host, port: server.port, password });
        expect(await heard(/^Redis refuses/)).toMatch(
          new RegExp(
            `^Redis refuses \\(unauthenticated\\): it wants another user or password; correct REDIS_PASSWORD or REDIS_URL, .*\\(${word} .*\\) Cache$`,
          ),
        );
        expect(await heard(/cannot be used yet/)).toMatch(`: ${word} `);
        const reasons = (await reasonsOf(app)).split('\n');
        // Once, and not that it does not answer, for it does.
        expect(reasons).toEqual([
          expect.stringMatching(/cannot be used at the moment\. Reads go to their source\.$/),
          expect.stringMatching(
            new RegExp(`refuses: it wants another user or password; correct .*\\(${word} .*[^.]\\)\\.$`),
          ),
        ]);
      });
    });

    it('that is a Cluster, reached as a single server', async () => {
      const cluster = await RedisEnv.cluster();
      try {
        const [{ host, port } = { host: '', port: 0 }] = cluster.addresses;
        const app = await withCache({ host, port, commandTimeout: 10_000 });
        const cache = app.get(CacheManagerService);
        expect(await cache.getOrSet('k', () => 'loaded', { tags: ['a', 'b'] })).toBe('loaded');
        // Of so many keys some live on another master: MOVED.
        await Promise.all(Array.from({ length: 50 }, (_, i) => cache.delete(`key:${i}`)));
        expect(await heard(/\(cross-slot\)/)).toMatch(
          /it is a Cluster, and the client does not know it; name its nodes in redis\.cluster, in place of host or url/,
        );
        const reasons = await reasonsOf(app);
        expect(reasons).toMatch(/refuses: it is a Cluster, .*name its nodes in redis\.cluster.*MOVED/);
        expect(reasons).not.toContain('for a reason of its own');
      } finally {
        await closeApps();
        await cluster.stop();
      }
    });

    it('that is full and may not evict', async () => {
      const server = await RedisEnv.process({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] });
      try {
        const app = await withCache({ host: server.host, port: server.port, commandTimeout: 10_000 });
        expect(await app.get(CacheManagerService).getOrSet('k', () => 'loaded')).toBe('loaded');
        expect(await heard(/\(full\)/)).toMatch(/give it more, or a maxmemory-policy that evicts entries \(.*OOM/);
        expect(await reasonsOf(app)).toMatch(/refuses: its memory is full/);
      } finally {
        await closeApps();
        await server.stop();
      }
    });

    it('behind a client of another kind', async () => {
      const client = { connect: () => undefined, on: () => undefined, quit: () => undefined };
      expect(await failure(() => withCache({ client }))).toMatch(
        /redis\.client: expected a Redis or Cluster of ioredis 5 or 6, got an object \(it lacks ping, /,
      );
    });

    it('behind a client with a keyPrefix', async () => {
      const client = new Redis({ lazyConnect: true, keyPrefix: 'shop:' });
      expect(await failure(() => withCache({ client }))).toMatch(
        /without a keyPrefix of its own.*give keyPrefix to the cache/,
      );
    });
  });

  describe('in the options', () => {
    it.each([
      ['redis://:hunter2@localhost:abc', 'a port that is none'],
      ['redis://:hunter2#x@localhost:6379', 'a # in the password'],
      ['redis://app:12#hunter2@localhost:6379', 'what would make a host of the user'],
      ['localhost:6379', 'no scheme'],
    ])('a URL of Redis, %s: %s', async (url) => {
      const text = await failure(() => withCache({ url }));
      expect(text).toMatch(
        /redis\.url: expected a URL like 'redis:\/\/localhost:6379\/0', in whose password @ : \/ \? # are written %40 %3A %2F %3F %23, got a value that is not shown/,
      );
      expect(text).not.toMatch(/localhost:abc/);
    });

    it.each<[string, CacheOptions | undefined, Record<string, string>, RegExp]>([
      ['REDIS_PORT=abc', {}, { REDIS_PORT: 'abc' }, /REDIS_PORT: expected an integer from 1 to 65535, got "abc"/],
      [
        'a TTL that is none',
        { defaultTtl: '5 minutes' as never },
        {},
        /defaultTtl: expected a positive number of seconds or a string like '5m', got "5 minutes"/,
      ],
    ])('%s: the message stands alone', async (_what, options, env, expected) => {
      Object.assign(process.env, env);
      try {
        const text = await failure(() => boot({ imports: [CacheModule.forRoot(options)] }));
        expect(text).toMatch(expected);
        expect(text).not.toMatch(/^ *at /m);
      } finally {
        for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
      }
    });

    it('ends a program whose REDIS_PORT is abc with that message, and nothing of ours around it', async () => {
      const program = `
        const { Module } = require('@nestjs/common');
        const { NestFactory } = require('@nestjs/core');
        const { CacheModule } = require('@mobius1/cache');
        class AppModule {}
        Module({ imports: [CacheModule.forRoot()] })(AppModule);
        void NestFactory.createApplicationContext(AppModule);`;
      const env = { NODE_ENV: 'test', REDIS_PORT: 'abc', REDIS_PASSWORD: 'hunter2', NO_COLOR: '1' };
      const { code, stdout, stderr } = await runNode(['-r', HOOK, '-e', program], { env });
      const output = stdout + stderr;
      expect(code).toBe(1);
      expect(output).toMatch(
        /ERROR \[ExceptionHandler\] \[?InvalidOptionsError: environment: 1 invalid option\n {2}REDIS_PORT: expected /,
      );
      expect(output).not.toMatch(OURS);
      expect(output).not.toMatch(SECRETS);
    });
  });

  describe('with the module missing, or in the wrong place', () => {
    it('decorates a method', async () => {
      @Injectable()
      class Prices {
        @Cacheable()
        async price(sku: string): Promise<string> {
          return sku;
        }
      }
      expect(await failure(() => boot({ providers: [Prices] }))).toContain(
        '(import CacheModule.forRoot() in your root module)',
      );
    });

    it('injects a service', async () => {
      @Injectable()
      class Prices {
        constructor(readonly cache: CacheManagerService) {}
      }
      expect(await failure(() => boot({ providers: [Prices] }))).toMatch(
        /Nest can't resolve dependencies of the Prices .*Please make sure that the argument CacheManagerService/,
      );
    });

    it('imports the bare class', async () => {
      expect(await failure(() => boot({ imports: [CacheModule] }))).toContain(
        'write CacheModule.forRoot() in your root module, not CacheModule alone',
      );
    });

    it('has a feature of it', async () => {
      expect(await failure(() => boot({ imports: [CacheModule.forFeature({ namespace: 'x' })] }))).toContain(
        '(import CacheModule.forRoot() in your root module)',
      );
    });

    it('is made twice for everybody', async () => {
      @Module({ imports: [CacheModule.forRoot({ redis: false, defaultTtl: '7s' })] })
      class Books {}
      expect(await failure(() => boot({ imports: [CacheModule.forRoot({ redis: false }), Books] }))).toContain(
        'CacheModule: 1 invalid option\n  forRoot(): expected once in an application, got "2 times"',
      );
    });

    it('is made twice on purpose, one of them apart', async () => {
      const apart = CacheModule.forRoot({ redis: false, isGlobal: false });
      const app = await boot({ imports: [CacheModule.forRoot({ redis: false, defaultTtl: '7s' }), apart] });
      expect(app.get(CacheManagerService)).toBeInstanceOf(CacheManagerService);
    });

    it('has a feature of it behind it', async () => {
      const imports = [CacheModule.forRoot({ redis: false }), CacheModule.forFeature({ namespace: 'x' })];
      expect(await failure(() => boot({ imports }))).toContain(
        'AppModule, imports: 1 invalid option\n  order: expected CacheModule.forFeature() before CacheModule.forRoot()',
      );
    });
  });

  /** Type checks refuse most of these as well; what strips types does not. */
  describe('with a decorator', () => {
    it.each(WRONG_DECORATORS)('%s', async (_what, define, expected) => {
      expect(await failure(define)).toMatch(expected);
    });

    it('is told where the class is defined, not where the library looked', async () => {
      const text = await failure(() => {
        class Prices {
          @(Cacheable() as unknown as MethodDecorator)
          get all(): string {
            return 'all';
          }

          readonly none = 0;
        }
        return Prices;
      });
      expect(text).not.toMatch(OURS);
      expect(text).toMatch(/^ *at .*mistakes\.spec\.ts/m);
    });
  });

  describe('with a call', () => {
    it.each<[string, (cache: any) => Promise<unknown>, RegExp]>([
      [
        'a number for its options',
        (cache) => cache.set('k', 1, 60),
        /set\(\): 1 invalid option\s+options: expected an object like \{ ttl: '5m' \}, got 60/,
      ],
      [
        'a value for its load',
        (cache) => cache.getOrSet('k', 5),
        /getOrSet\(\): 1 invalid option\s+load: expected a function that returns the value, got 5/,
      ],
      [
        'an amount for its options',
        (cache) => cache.increment('n', 5),
        /increment\(\): 1 invalid option\s+options: expected an object, got 5/,
      ],
    ])('that has %s', async (_what, call, message) => {
      const app = await withCache();
      const { cache, scoped } = {
        cache: app.get(CacheManagerService),
        scoped: app.get(CacheManagerService).scoped({ ttl: 5 }),
      };
      expect(await failure(() => call(cache))).toMatch(message);
      expect(await failure(() => call(scoped))).toMatch(message);
    });
  });

  describe('with milliseconds for seconds', () => {
    const warned = (place: string): string => explained(warnings().find((text) => text.startsWith(place)) ?? '');

    it('in a decorator, which is named, once', async () => {
      @Injectable()
      class Prices {
        @Cacheable({ ttl: 300_000 })
        async price(sku: string): Promise<string> {
          return sku;
        }
      }
      const app = await withCache(false, [Prices]);
      await app.get(Prices).price('a');
      expect(warned('@Cacheable on Prices.price')).toBe(
        "@Cacheable on Prices.price: ttl 300000 is 3 days. A ttl number is in seconds; write '5m' for 300000 milliseconds, or '300000s' if seconds are meant.",
      );
      await app.get(Prices).price('b');
      // Nor is it told again by the call, which has it from the decorator.
      expect(warnings().filter((text) => text.includes('300000'))).toHaveLength(1);
    });

    it('in a rate limit', async () => {
      const app = await withCache();
      const check = () => app.get(RateLimitService).check('k', { limit: 5, window: 60_000 });
      await check();
      await check();
      expect(warned('RateLimits.check')).toMatch(
        /window 60000 is 17 hours. A window number is in seconds; write '1m' for/,
      );
      expect(warnings().filter((text) => text.includes('window 60000'))).toHaveLength(1);
    });

    it('in the module, in a feature, in a call', async () => {
      const app = await boot({
        imports: [
          CacheModule.forFeature({ namespace: 'reports', ttl: 3_600_000 }),
          CacheModule.forRoot({ redis: false, defaultTtl: 60_000 }),
        ],
      });
      await app.get(CacheManagerService).set('k', 1, { ttl: 900_000 });
      expect(warned('CacheModule, defaultTtl')).toMatch(/60000 is 17 hours.*write '1m'/);
      expect(warned('CacheManager of reports')).toMatch(/write '1h'/);
      expect(warned('set()')).toMatch(/write '15m'/);
    });

    it('and not where seconds are what anybody would write', async () => {
      const before = warnings().length;
      const app = await withCache();
      const cache = app.get(CacheManagerService);
      for (const ttl of [1, 60, 3_600, 36_000, 86_400, 604_800, 432_000, 864_000, 2_592_000])
        await cache.scoped({ namespace: `n${ttl}`, ttl }).set('k', 1, { ttl });
      expect(warnings()).toHaveLength(before);
    });
  });

  describe('without a workspace', () => {
    const none = undefined as never;
    const expected =
      /No key ".*:…" without workspaceId: it is undefined, and an id is needed\. What belongs to a workspace is kept apart .* such as 'shared'\./;

    it.each<[string, (models: ModelCacheService, queries: QueryCacheService) => unknown]>([
      ['an answer that is looked for', (models) => models.get('m', 'q', none)],
      ['an answer that is kept', (models) => models.set('m', 'q', 'a', none)],
      ['an inference', (models) => models.wrap({ modelId: 'm', input: 'q', workspaceId: none }, () => 'a')],
      ['a query of a document', (_models, queries) => queries.cacheDocument('d', none, () => 1)],
      ['a query', (_models, queries) => queries.cacheQuery('q', () => 1, { workspaceId: none })],
      ['a list', (_models, queries) => queries.cacheList('l', 1, 10, () => 1, { workspaceId: none })],
      ['a key', () => CacheKeys.workspace(none)],
    ])('%s', async (_what, use) => {
      const app = await withCache();
      expect(await failure(() => use(app.get(ModelCacheService), app.get(QueryCacheService)))).toMatch(expected);
    });

    it('another id that is missing is named, too', async () => {
      expect(await failure(() => CacheKeys.user(''))).toMatch(
        /No key "user:…" without userId: it is empty, and an id is needed\.$/m,
      );
      expect(await failure(() => CacheKeys.user({} as never))).toMatch(/userId: it is of type object/);
    });
  });

  it('that nobody sees: values that cannot be cached, a cache that is turned off, one in memory', async () => {
    const app = await withCache();
    const load = () => ({ render: () => 'a function' });
    await app.get(CacheManagerService).getOrSet('page:1', load);
    await heard(/^values of "page" are not cached: render is a function; it cannot be cached\./);
    await heard(/^cache: embedded in-memory store/);
    await boot({ imports: [CacheModule.forRoot({ redis: false, enabled: false })] });
    await heard(/^cache: turned off \(every load runs\)/);
  });

  afterAll(() => emitWarning.mockRestore());
});
