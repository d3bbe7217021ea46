import { Controller, Get } from '@nestjs/common';
import request from 'supertest';
import { RateLimit, RedisService } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { RedisEnv } from '../support/redis-env.js';
import { startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@Controller()
class SharedController {
  @RateLimit({ limit: 20, window: '1m' })
  @Get('one')
  one(): string {
    return 'one';
  }

  @RateLimit({ limit: 10, window: '1m' }, { limit: 100, window: '1h', by: 'user' })
  @Get('three')
  three(): string {
    return 'three';
  }
}

const RULES = { rateLimit: { rules: [{ name: 'ip', limit: 1_000, window: '1m' }] } } as const;

afterEach(closeApps);

describe('rate limits of routes on Redis', () => {
  it('let pass exactly as many as they allow, of all that come to several applications at once (G13)', async () => {
    const redis = redisOptions();
    const start = () => startLimited({ controllers: [SharedController], cache: { redis, ...RULES } });
    const urls = (await Promise.all([start(), start(), start()])).map(({ url }) => url);
    const statuses = await Promise.all(
      Array.from({ length: 90 }, async (_, i) => (await request(urls[i % 3] ?? '').get('/one')).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(70);
  });

  it('decide all rules of a request in one command, whomever they count (G14)', async () => {
    const server = await RedisEnv.process();
    try {
      const redis = { host: server.host, port: server.port, commandTimeout: 10_000 };
      const { app, url } = await startLimited({ controllers: [SharedController], cache: { redis, ...RULES } });
      const get = () => request(url).get('/three').set('x-test-user', 'u1');
      const { headers } = await get().expect(200);
      expect(String(headers['ratelimit-policy']).split(', ')).toHaveLength(3);
      const scripts = async (): Promise<number> => {
        const stats = await app.get(RedisService).info('commandstats');
        const calls = ['evalsha', 'eval', 'fcall'].map((name) =>
          Number(/calls=(\d+)/.exec(stats[`cmdstat_${name}`] ?? '')?.[1] ?? 0),
        );
        return calls.reduce((sum, count) => sum + count, 0);
      };
      const before = await scripts();
      for (let i = 0; i < 5; i++) await get().expect(200);
      expect(await scripts()).toBe(before + 5);
    } finally {
      await closeApps();
      await server.stop();
    }
  });
});
