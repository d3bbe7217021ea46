import { Controller, Get, Logger } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  SkipThrottle,
  Throttle,
  ThrottlerGuard,
  ThrottlerModule,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import request from 'supertest';
import { type CacheModuleOptions, RateLimitThrottlerStorage } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import { PLATFORMS, startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@Controller()
class ThrottledController {
  @Get('cats')
  cats(): string {
    return 'cats';
  }

  @Throttle({ default: { limit: 1, ttl: 60_000, blockDuration: 3_600_000 } })
  @Get('blocking')
  blocking(): string {
    return 'blocking';
  }

  @Throttle({ default: { limit: 1, ttl: 300, blockDuration: 0 } })
  @Get('short')
  short(): string {
    return 'short';
  }

  @SkipThrottle()
  @Get('free')
  free(): string {
    return 'free';
  }

  @Throttle({ default: { limit: 0, ttl: 60_000 } })
  @Get('never')
  never(): string {
    return 'never';
  }

  @Throttle({ default: { limit: 2.5, ttl: 0.5 } })
  @Get('odd')
  odd(): string {
    return 'odd';
  }
}

const start = (
  options: Partial<CacheModuleOptions> = {},
  throttlers: Extract<ThrottlerModuleOptions, unknown[]> = [{ limit: 2, ttl: 60_000 }],
  platform: (typeof PLATFORMS)[number] = 'Express',
) =>
  startLimited({
    platform,
    everywhere: false,
    cache: options,
    controllers: [ThrottledController],
    imports: [
      ThrottlerModule.forRootAsync({
        inject: [RateLimitThrottlerStorage],
        useFactory: (storage: RateLimitThrottlerStorage) => ({
          throttlers,
          storage: storage satisfies ThrottlerStorage,
        }),
      }),
    ],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  });

beforeEach(() => Logger.overrideLogger(false));
afterEach(closeApps);

describe.each([
  ['memory', 'Express', (): false => false],
  ['Redis', 'Express', () => redisOptions()],
  ['Redis', 'Fastify', () => redisOptions()],
] as const)('the storage of @nestjs/throttler, in %s, on %s', (_, platform, redis) => {
  const get = async (path: string, url: string) => request(url).get(path);

  it('limits as the guard expects it', async () => {
    const { url } = await start({ redis: redis() }, undefined, platform);
    const first = await get('/cats', url);
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    expect(Number(first.headers['x-ratelimit-reset'])).toBeGreaterThan(55);
    const second = await get('/cats', url);
    expect(second.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
    const denied = await get('/cats', url);
    expect(denied.status).toBe(429);
    expect(denied.body.message).toBe('ThrottlerException: Too Many Requests');
    expect(Number(denied.headers['retry-after'])).toBeGreaterThan(55);
    expect((await get('/free', url)).status).toBe(200);
  });

  it('blocks for as long as is said, or not beyond the window', async () => {
    const { url } = await start({ redis: redis() }, undefined, platform);
    expect((await get('/blocking', url)).status).toBe(200);
    const blocked = await get('/blocking', url);
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(3_590);
    expect((await get('/short', url)).status).toBe(200);
    await eventually(async () => (await get('/short', url)).status === 200, { what: 'the window is over' });
  });

  it('takes limits that are none', async () => {
    const { url } = await start({ redis: redis() }, undefined, platform);
    const never = await get('/never', url);
    expect(never.status).toBe(429);
    expect(Number(never.headers['retry-after'])).toBeGreaterThan(0);
    expect((await get('/odd', url)).status).toBe(200);
  });

  it('counts each throttler by itself', async () => {
    const throttlers = [
      { name: 'short', limit: 2, ttl: 60_000 },
      { name: 'long', limit: 5, ttl: 3_600_000 },
    ];
    const { url } = await start({ redis: redis() }, throttlers, platform);
    for (const status of [200, 200, 429]) {
      const { status: answered, headers } = await get('/cats', url);
      expect(answered).toBe(status);
      if (status === 200) expect(headers).toMatchObject({ 'x-ratelimit-limit-long': '5' });
    }
  });
});

describe('the storage of @nestjs/throttler without Redis', () => {
  it('goes on, or answers 503 where that is wanted', async () => {
    const server = await RedisEnv.process();
    const redis = { host: server.host, port: server.port };
    const [local, closed] = await Promise.all([start({ redis }), start({ redis, rateLimit: { onOutage: 'closed' } })]);
    await server.kill();
    for (const status of [200, 200, 429]) await request(local.url).get('/cats').expect(status);
    const { body } = await request(closed.url).get('/cats').expect(503);
    expect(body.type).toContain('#temporary-reduced-capacity');
    await server.stop();
  });
});
