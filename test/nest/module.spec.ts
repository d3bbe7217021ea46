import { Injectable, type LoggerService, Module, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { inspect } from 'node:util';
import {
  CacheManagerService,
  CacheModule,
  type CacheOptions,
  type CacheOptionsFactory,
  Cacheable,
  InvalidOptionsError,
  RedisNotConfiguredError,
  RedisService,
} from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import { cacheOf, closeApps, closing, startApp } from './fixtures/start-app.js';

const start = async (imports: ModuleMetadata['imports'], providers: ModuleMetadata['providers'] = []) =>
  closing(await Test.createTestingModule({ imports, providers }).compile()).init();

/** Keeps what is logged. */
class Log implements LoggerService {
  readonly lines: string[] = [];
  readonly #note = (...words: unknown[]): void => void this.lines.push(words.map((word) => inspect(word)).join(' '));
  readonly log = this.#note;
  readonly warn = this.#note;
  readonly error = this.#note;
}

@Injectable()
class Reports {
  runs = 0;

  @Cacheable({ key: (id: string) => id })
  async read(id: string): Promise<string> {
    this.runs++;
    return `report ${id}`;
  }
}

afterEach(closeApps);

describe('CacheModule.forRoot', () => {
  it('gives every module the services', async () => {
    @Module({ providers: [Reports], exports: [Reports] })
    class Inner {}
    const app = await start([CacheModule.forRoot({ redis: redisOptions() }), Inner]);
    expect(await app.get(RedisService).ping()).toBe(true);
    expect(await app.get(CacheManagerService).set('k', { a: 1 })).toBe(true);
    expect(await app.get(CacheManagerService).get('k')).toEqual({ a: 1 });
    await app.get(Reports).read('1');
    expect(await app.get(CacheManagerService).get('1')).toBe('report 1');
  });

  it('gives them only to modules that import it with isGlobal: false', async () => {
    const cache = CacheModule.forRoot({ redis: false, isGlobal: false });
    @Module({ providers: [Reports] })
    class Outside {}
    @Module({ imports: [cache], providers: [Reports], exports: [Reports] })
    class Inside {}
    await expect(start([cache, Outside])).rejects.toThrow(/import CacheModule\.forRoot\(\)/);
    const app = await start([cache, Inside]);
    await app.get(Reports).read('1');
    await app.get(Reports).read('1');
    expect(app.get(Reports).runs).toBe(1);
  });

  it('reports every wrong option in one error', async () => {
    const wrong = { defaultTtl: -1, jitter: 2, redis: { port: 0 }, memory: { maxEntries: 1.5 }, defautTtl: 5 };
    const error = await start([CacheModule.forRoot(wrong as CacheOptions)]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    const { problems, message } = error as InvalidOptionsError;
    const paths = ['defaultTtl', 'defautTtl', 'jitter', 'memory.maxEntries', 'redis.port'];
    expect(problems.map(({ path }) => path).sort()).toEqual(paths);
    expect(message).toContain("did you mean 'defaultTtl'?");
  });

  it('with enabled: false runs every load, opens nothing, and says so when asked for Redis', async () => {
    const app = await startApp({ providers: [Reports] }, { enabled: false, redis: redisOptions() });
    const reports = app.get(Reports);
    expect([await reports.read('1'), await reports.read('1')]).toEqual(['report 1', 'report 1']);
    expect(reports.runs).toBe(2);
    expect(app.get(RedisService).status).toBe('none');
    expect(() => app.get(RedisService).getClient()).toThrow(RedisNotConfiguredError);
  });
});

describe('CacheModule.forRootAsync', () => {
  const redis = redisOptions();
  const options = Promise.resolve({ redis, defaultTtl: '1h' } as const);

  @Injectable()
  class Settings implements CacheOptionsFactory {
    createCacheOptions(): Promise<CacheOptions> {
      return options;
    }
  }
  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it.each([
    ['useFactory', () => CacheModule.forRootAsync({ useFactory: () => options })],
    [
      'useFactory with what it injects',
      () =>
        CacheModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) => settings.createCacheOptions(),
        }),
    ],
    ['useClass', () => CacheModule.forRootAsync({ useClass: Settings })],
    ['useExisting', () => CacheModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings })],
  ])('takes the options of %s', async (_how, module) => {
    const app = await start([module()], [Reports]);
    await app.get(Reports).read('1');
    const client = app.get(RedisService).getClient();
    expect(await client.pttl(`${redis.keyPrefix}1`)).toBeGreaterThan(3_500_000);
  });

  it('reports wrong options at boot', async () => {
    const module = CacheModule.forRootAsync({ useFactory: () => ({ defaultTtl: 0 }) });
    await expect(start([module])).rejects.toThrow(/CacheModule: 1 invalid option\n {2}defaultTtl: expected/);
  });

  it.each([undefined, null])('says so when what makes the options makes %s', async (nothing) => {
    const module = CacheModule.forRootAsync({ useFactory: () => nothing as never });
    await expect(start([module])).rejects.toThrow(
      /CacheModule\.forRootAsync: 1 invalid option\n {2}options: expected an object/,
    );
  });

  it('is global unless said otherwise', async () => {
    @Module({ providers: [Reports] })
    class Outside {}
    const module = (isGlobal?: boolean) =>
      CacheModule.forRootAsync({
        useFactory: () => ({ redis: false as const }),
        ...(isGlobal === false && { isGlobal }),
      });
    await expect(start([module(), Outside])).resolves.toBeDefined();
    await expect(start([module(false), Outside])).rejects.toThrow(/import CacheModule\.forRoot\(\)/);
  });
});

describe('CacheModule.forFeature', () => {
  @Injectable()
  class Invoices extends Reports {
    constructor(readonly cache: CacheManagerService) {
      super();
    }
  }
  @Injectable()
  class Letters extends Reports {
    constructor(readonly cache: CacheManagerService) {
      super();
    }
  }
  @Module({
    imports: [CacheModule.forFeature({ namespace: 'invoices', ttl: '1h', tags: ['papers'] })],
    providers: [Invoices, { provide: 'made', useFactory: () => new Reports() }],
    exports: [Invoices, 'made'],
  })
  class InvoicesModule {}
  @Module({
    imports: [CacheModule.forFeature({ namespace: 'letters', ttl: '2s', tags: ['papers', 'letters'] })],
    providers: [Letters],
    exports: [Letters],
  })
  class LettersModule {}

  async function startFeatures() {
    const redis = redisOptions();
    const app = await startApp({ imports: [InvoicesModule, LettersModule], providers: [Reports] }, { redis });
    const client = app.get(RedisService).getClient();
    return {
      app,
      all: [app.get(Reports), app.get(Invoices), app.get(Letters)],
      ttl: (name: string) => client.pttl(`${redis.keyPrefix}${name}`),
    };
  }

  it('keeps the entries of features and of the rest apart, decorated methods included', async () => {
    const { app, all, ttl } = await startFeatures();
    for (const reports of all) await reports.read('1');
    for (const reports of all) await reports.read('1');
    expect(all.map(({ runs }) => runs)).toEqual([1, 1, 1]);
    for (const name of ['1', 'invoices|1', 'letters|1']) expect(await ttl(name)).toBeGreaterThan(0);
    await app.get(Letters).cache.clear();
    for (const reports of all) await reports.read('1');
    expect(all.map(({ runs }) => runs)).toEqual([1, 1, 2]);
  });

  it('gives entries its TTL and its tags', async () => {
    const { app, all, ttl } = await startFeatures();
    for (const reports of all) await reports.read('1');
    expect(await ttl('invoices|1')).toBeGreaterThan(3_000_000);
    expect(await ttl('letters|1')).toBeLessThanOrEqual(2_000);
    await cacheOf(app).manager.invalidateByTag('papers');
    for (const reports of all) await reports.read('1');
    expect(all.map(({ runs }) => runs)).toEqual([1, 2, 2]);
  });

  it('gives way to what a call says', async () => {
    const { app, ttl } = await startFeatures();
    await app.get(Letters).cache.set('long', 1, { ttl: '1h' });
    await app.get(Letters).cache.set('elsewhere', 1, { namespace: 'other' });
    expect(await ttl('letters|long')).toBeGreaterThan(3_000_000);
    expect(await ttl('other|elsewhere')).toBeGreaterThan(0);
  });

  it('also holds for what a useFactory of its module made', async () => {
    const { app, ttl } = await startFeatures();
    await app.get<Reports>('made').read('made');
    expect(await ttl('invoices|made')).toBeGreaterThan(0);
  });

  it('holds for an alias of what its module made, wherever the alias stands', async () => {
    const app = await startApp({ imports: [InvoicesModule], providers: [{ provide: 'alias', useExisting: 'made' }] });
    await app.get<Reports>('alias').read('1');
    expect(await cacheOf(app).manager.get('1', { namespace: 'invoices' })).toBe('report 1');
  });

  it('holds in modules that have it from one that exports it', async () => {
    const feature = CacheModule.forFeature({ namespace: 'shared' });
    @Module({ imports: [feature], exports: [feature] })
    class SharedModule {}
    @Module({
      imports: [SharedModule],
      providers: [Invoices, { provide: 'made', useFactory: () => new Reports() }],
    })
    class UserModule {}
    const app = await startApp({ imports: [UserModule] });
    await app.get(Invoices).read('1');
    await app.get<Reports>('made').read('2');
    await app.get(Invoices).cache.set('3', 'set');
    const { manager } = cacheOf(app);
    const found = ['report 1', 'report 2', 'set'];
    expect(await manager.getMany(['1', '2', '3'], { namespace: 'shared' })).toEqual(found);
  });

  it('is not that of an object that nobody bound', async () => {
    const app = await start([InvoicesModule, CacheModule.forRoot({ redis: false })]);
    await new Reports().read('1');
    expect(await cacheOf(app).manager.get('1')).toBe('report 1');
  });

  it('that would not be seen behind the cache itself is refused at boot', async () => {
    const [root, feature] = [CacheModule.forRoot({ redis: false }), CacheModule.forFeature({ namespace: 'mine' })];
    @Module({ imports: [root, feature], providers: [Invoices] })
    class HidesIt {}
    @Module({ imports: [feature, root], providers: [Invoices] })
    class SeesIt {}
    await expect(start([HidesIt])).rejects.toThrow(
      /HidesIt, imports: 1 invalid option\n {2}order: expected CacheModule\.forFeature\(\) before CacheModule\.forRoot\(\)/,
    );
    const app = await start([SeesIt]);
    await app.get(Invoices).read('1');
    await app.get(Invoices).cache.set('2', 'set');
    const { manager } = cacheOf(app);
    expect(await manager.getMany(['1', '2'], { namespace: 'mine' })).toEqual(['report 1', 'set']);
  });

  it('reports wrong options at boot', async () => {
    const feature = CacheModule.forFeature({ namespace: '', ttl: -1, nameSpace: 'x' } as never);
    const boot = start([CacheModule.forRoot({ redis: false }), feature]);
    await expect(boot).rejects.toThrow(InvalidOptionsError);
    await expect(boot).rejects.toThrow(/nameSpace: .*did you mean 'namespace'.*\n {2}namespace: .*\n {2}ttl: /);
  });
});

describe('the connection', () => {
  it('is closed with the application', async () => {
    const app = await startApp({}, { redis: redisOptions() });
    const client = app.get(RedisService).getClient();
    expect(client.status).toBe('ready');
    await app.close();
    await eventually(() => client.status === 'end', { what: 'the socket is closed' });
  });

  it('is left open when it was given', async () => {
    const { url, keyPrefix } = redisOptions();
    const client = new Redis(url!, { enableOfflineQueue: false, lazyConnect: true });
    await client.connect();
    try {
      const app = await startApp({ providers: [Reports] }, { redis: { client, keyPrefix, commandTimeout: 10_000 } });
      await app.get(Reports).read('1');
      await app.close();
      expect(await client.exists(`${keyPrefix}1`)).toBe(1);
    } finally {
      client.disconnect();
    }
  });

  it('that is refused stops neither the start nor the end of the application', async () => {
    const server = await RedisEnv.process();
    await server.kill();
    const app = await startApp({ providers: [Reports] }, { redis: { host: server.host, port: server.port } });
    expect(await app.get(Reports).read('1')).toBe('report 1');
    expect(app.get(RedisService).status).not.toBe('ready');
    await expect(app.close()).resolves.toBeUndefined();
  });

  it('shows its password in no error and no line of the log, right or wrong', async () => {
    const server = await RedisEnv.process({ args: ['--requirepass', 'hunter2-right'] });
    try {
      const { host, port } = server;
      for (const redis of [
        { host, port, password: 'hunter2-wrong' },
        { host, port, password: 'hunter2-right' },
        { url: `redis://:hunter2-wrong@${host}:${port}` },
        { url: `redis://:hunter2-right@${host}:${port}` },
      ]) {
        const log = new Log();
        const builder = Test.createTestingModule({ imports: [CacheModule.forRoot({ redis })] }).setLogger(log);
        const app = await closing(await builder.compile()).init();
        const failures = await Promise.all([
          app
            .get(RedisService)
            .connect()
            .catch((error: unknown) => error),
          app
            .get(CacheManagerService)
            .increment('n')
            .catch((error: unknown) => error),
        ]);
        const health = await cacheOf(app).health();
        const shown = inspect([log.lines, failures, health], { depth: 20, showHidden: true });
        expect(log.lines.join()).toContain(`Redis at ${host}:${port}`);
        expect(shown).not.toContain('hunter2');
        await app.close();
      }
    } finally {
      await server.stop();
    }
  });
});
