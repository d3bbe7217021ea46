import { Controller, Get, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  CacheHealthIndicator,
  CacheManagerService,
  CacheModule,
  type CacheOptions,
  RateLimitService,
  RedisHealthIndicator,
} from '@mobius1/cache';
import { judgeHealth } from '../../libs/cache/src/instance/cache-health.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { closeApps, closing } from './fixtures/start-app.js';

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly cache: CacheHealthIndicator,
    private readonly redis: RedisHealthIndicator,
    private readonly manager: CacheManagerService,
  ) {}

  @Get('health')
  @HealthCheck()
  lenient() {
    return this.health.check([() => this.cache.isHealthy()]);
  }

  @Get('health/strict')
  @HealthCheck()
  strict() {
    return this.health.check([() => this.cache.isHealthy('entries', { strict: true }), () => this.redis.isHealthy()]);
  }

  @Get('work')
  work() {
    return this.manager.getOrSet('k', () => 'done');
  }
}

async function start(cache: CacheOptions): Promise<INestApplication> {
  const builder = Test.createTestingModule({
    imports: [CacheModule.forRoot(cache), TerminusModule],
    controllers: [HealthController],
  });
  const app = (await builder.compile()).createNestApplication();
  return closing(app).init();
}

afterEach(closeApps);

describe('health over HTTP', () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await RedisEnv.process();
  });
  afterAll(() => server.stop());

  it('says that Redis was killed, while the application answers, and that it is back', async () => {
    const app = await start({ redis: { host: server.host, port: server.port, commandTimeout: 10_000 } });
    const ask = (path: string) => request(app.getHttpServer()).get(path);
    const well = { status: 'up', store: 'redis', reasons: [], breaker: 'closed', remembered: 0 };
    expect((await ask('/health')).body).toMatchObject({ status: 'ok', details: { cache: well } });
    expect((await ask('/health/strict')).body.details).toMatchObject({ entries: well, redis: well });

    await server.kill();
    const place = `Redis at ${server.host}:${server.port}`;
    const reasons = [expect.stringContaining(`${place} does not answer`)];
    const lenient = await ask('/health');
    expect(lenient.status).toBe(200);
    expect(lenient.body).toMatchObject({ status: 'degraded', details: { cache: { status: 'degraded', reasons } } });
    const strict = await ask('/health/strict');
    expect(strict.status).toBe(503);
    expect(strict.body.error).toMatchObject({
      entries: { status: 'down', reasons },
      redis: { status: 'down', reasons },
    });
    expect((await ask('/work')).text).toBe('done');
    await app.get(CacheManagerService).delete('k');
    expect((await ask('/health')).body.details.cache).toMatchObject({ remembered: 1 });

    await server.restart();
    await eventually(async () => (await ask('/health')).body.status === 'ok', { what: 'the cache is up again' });
    expect((await ask('/health/strict')).status).toBe(200);
  });

  it('is told of a Redis that is too slow for reads, and never fails for it', async () => {
    const line = await TcpProxy.start({ host: server.host, port: server.port });
    try {
      const app = await start({ redis: { host: line.host, port: line.port, commandTimeout: 20 }, l1: false });
      const ask = (path: string) => request(app.getHttpServer()).get(path);
      line.delay(100);
      const health = async () => {
        for (let i = 0; i < 10; i++) await app.get(CacheManagerService).get(`k${i}`);
        const { status, body } = await ask('/health');
        expect({ status, cache: body.details.cache.status }).toEqual({ status: 200, cache: 'degraded' });
        return body.details.cache;
      };
      const stopped = async () => {
        const seen = await health();
        return seen.breaker !== 'closed' && seen;
      };
      // A pause of this process may make an answer come in time, and close it again.
      const { reasons } = await eventually(stopped, { what: 'the breaker opens' });
      expect(reasons).toEqual(
        expect.arrayContaining([expect.stringMatching(/breaker/), expect.stringMatching(/reads give up after 20 ms/)]),
      );
      await health();
      expect((await ask('/health/strict')).status).toBe(200);
    } finally {
      await closeApps();
      await line.stop();
    }
  });

  it.each<[string, CacheOptions, string]>([
    ['in memory', { redis: false }, 'memory'],
    ['turned off', { enabled: false }, 'none'],
  ])('is up %s, where no Redis can fail', async (_what, options, store) => {
    const app = await start(options);
    const { status, body } = await request(app.getHttpServer()).get('/health/strict');
    expect(status).toBe(200);
    expect(body.details).toMatchObject({ entries: { status: 'up', store }, redis: { status: 'up', store } });
  });
});

describe('the health of rate limits', () => {
  it('needs a Redis that does not evict what they have counted', async () => {
    const args = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
    const server = await RedisEnv.process({ args });
    try {
      const app = await start({ redis: { host: server.host, port: server.port, commandTimeout: 10_000 } });
      const health = async () => (await request(app.getHttpServer()).get('/health')).body.details.cache;
      expect(await health()).toMatchObject({ status: 'up', reasons: [] });
      await app.get(RateLimitService).check('k', { limit: 1, window: 60 });
      expect(await health()).toMatchObject({
        status: 'degraded',
        reasons: [expect.stringContaining('maxmemory-policy')],
      });
    } finally {
      await closeApps();
      await server.stop();
    }
  });
});

describe('the judgement', () => {
  const redis = {
    place: 'Redis at here:1',
    answers: true,
    lastError: '',
    latencyMs: 1,
    commandTimeoutMs: 50,
    breaker: 'closed',
    refusals: [],
    maxMemory: 0,
  };
  const near = { coherence: 'coherent', refusal: undefined, stalenessMs: 1_000, entries: 2, bytes: 700 } as const;
  type Facts = NonNullable<Parameters<typeof judgeHealth>[0]['redis']>;
  const judge = (changes: Partial<Facts>, { remembered = 0, memory = 100 } = {}) =>
    judgeHealth({ store: 'redis', remembered, memory, redis: { ...redis, ...changes } });

  it.each<[string, Parameters<typeof judge>, string, RegExp[]]>([
    ['nothing', [{}], 'up', []],
    ['silence', [{ answers: false, lastError: 'gone' }], 'down', [/^Redis at here:1 does not answer: gone\./]],
    ['the breaker', [{ breaker: 'open' }], 'degraded', [/circuit breaker is open/]],
    ['a latency above half the time-out', [{ latencyMs: 26 }], 'degraded', [/took 26\.0 ms.*after 50 ms/]],
    ['a latency of half the time-out', [{ latencyMs: 25 }], 'up', []],
    ['a backlog', [{}, { remembered: 3 }], 'degraded', [/^3 invalidations wait/]],
    ['memory above 95 %', [{ maxMemory: 105 }], 'degraded', [/uses 100 of 105 bytes/]],
    [
      'limits that may be evicted',
      [{ limitsEvictable: true, maxMemory: 1_000 }],
      'degraded',
      [/evicts any key.*rate limits/],
    ],
    ['limits on a server without a bound', [{ limitsEvictable: true, maxMemory: 0 }], 'up', []],
    ['a tier that hears everything', [{ near }], 'up', []],
    ['a tier that does not hear', [{ near: { ...near, coherence: 'deaf' } }], 'degraded', [/not heard at the moment/]],
    [
      'a tier that may not hear',
      [{ near: { ...near, coherence: 'refused', refusal: 'NOPERM' } }],
      'degraded',
      [/does not tell changes \(NOPERM\)/],
    ],
    [
      'a tier that hears only what other processes say',
      [{ near: { ...near, coherence: 'bounded', refusal: 'NOPERM' } }],
      'degraded',
      [/does not tell changes \(NOPERM\); the processes tell each other, .* 1000 ms/],
    ],
    [
      'silence, of which a deaf tier is no news',
      [{ answers: false, near: { ...near, coherence: 'deaf' } }],
      'down',
      [/answer/],
    ],
    [
      'what Redis refuses',
      [
        {
          refusals: [
            { kind: 'read-only', message: 'READONLY …' },
            { kind: 'full', message: 'OOM …' },
          ],
        },
      ],
      'degraded',
      [/refuses: it is a replica.*READONLY/, /memory is full/],
    ],
    [
      'a Redis that refuses to be used, once',
      [{ answers: false, lastError: 'WRONGPASS …', refusals: [{ kind: 'unauthenticated', message: 'WRONGPASS …' }] }],
      'down',
      [/^Redis at here:1 cannot be used at the moment\. Reads/, /refuses: it wants another user or password; correct/],
    ],
    [
      'a silence with a cause',
      [{ answers: false, lastError: 'connect ECONNREFUSED' }],
      'down',
      [/ECONNREFUSED\. Nothing/],
    ],
    ['memory at 95 %', [{ maxMemory: 100 }, { memory: 95 }], 'up', []],
    [
      'silence first, then the rest',
      [{ answers: false, breaker: 'open' }, { remembered: 1 }],
      'down',
      [/answer/, /wait/, /breaker/],
    ],
  ])('of %s', (_what, facts, status, reasons) => {
    const health = judge(...facts);
    expect(health.status).toBe(status);
    expect(health.reasons).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });
});
