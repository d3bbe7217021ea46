import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import request from 'supertest';
import { type CacheModuleOptions, RateLimit, RateLimitGuard, SkipRateLimit } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { type Platform, startLimited } from './fixtures/limited-app.js';
import { cacheOf, closeApps } from './fixtures/start-app.js';

const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

@Controller('cats')
class CatsController {
  calls = 0;

  @RateLimit({ limit: 2, window: '1m' })
  @Get()
  list(): string {
    this.calls++;
    return 'cats';
  }

  @RateLimit({ limit: 3, window: '1m' }, { name: 'hourly', limit: 5, window: '1h' })
  @Get('both')
  both(): string {
    return 'both';
  }

  @RateLimit({ name: 'shared', limit: 2, window: '1m' })
  @Get('one')
  one(): string {
    return 'one';
  }

  @RateLimit({ name: 'shared', limit: 2, window: '1m' })
  @Get('other')
  other(): string {
    return 'other';
  }

  @RateLimit({ limit: 1, window: '1m', block: { for: '1h', factor: 2 } })
  @Get('blocking')
  blocking(): string {
    return 'blocking';
  }

  @RateLimit({ limit: 1, window: '1m', shadow: true })
  @Get('shadow')
  shadow(): string {
    return 'shadow';
  }

  @RateLimit({ limit: 5, window: '1m', cost: 6 })
  @Get('dear')
  dear(): string {
    return 'dear';
  }

  @Get('free')
  free(): string {
    return 'free';
  }
}

@Controller('dogs')
class DogsController {
  @RateLimit({ limit: 2, window: '1m' })
  @Get()
  list(): string {
    return 'dogs';
  }
}

/** Another controller of the same name. */
const Namesake = (() => {
  @Controller('more-cats')
  class CatsController {
    @RateLimit({ limit: 2, window: '1m' })
    @Get()
    list(): string {
      return 'more cats';
    }
  }
  return CatsController;
})();

@UseGuards(RateLimitGuard)
@RateLimit({ limit: 2, window: '1m' })
@Controller('guarded')
class GuardedController {
  @UseGuards(RateLimitGuard)
  @Get()
  list(): string {
    return 'guarded';
  }

  @RateLimit({ limit: 1 })
  @Post()
  create(): string {
    return 'created';
  }

  @SkipRateLimit()
  @Get('health')
  health(): string {
    return 'well';
  }
}

const CONTROLLERS = [CatsController, DogsController, Namesake, GuardedController];

afterEach(closeApps);

describe.each<[Platform, string, () => CacheModuleOptions['redis']]>([
  ['Express', 'memory', () => false],
  ['Express', 'Redis', () => redisOptions()],
  ['Fastify', 'Redis', () => redisOptions()],
])('rate limits of routes on %s, in %s', (platform, _, redis) => {
  const start = (cache: CacheModuleOptions = {}) =>
    startLimited({ platform, controllers: CONTROLLERS, cache: { redis: redis(), ...cache } });

  it('tells what is left, and denies with a problem document', async () => {
    const { app, url } = await start();
    const first = await request(url).get('/cats').expect(200, 'cats');
    expect(first.headers['ratelimit-policy']).toBe('"CatsController.list";q=2;w=60');
    expect(first.headers.ratelimit).toMatch(/^"CatsController.list";r=1;t=(60|59)$/);
    expect(first.headers).not.toHaveProperty('retry-after');
    await request(url).get('/cats').expect(200);

    const denied = await request(url).get('/cats').expect(429);
    expect(denied.headers['content-type']).toMatch(/^application\/problem\+json/);
    const after = Number(denied.headers['retry-after']);
    expect(after).toBeGreaterThanOrEqual(58);
    expect(after).toBeLessThanOrEqual(60);
    expect(denied.headers.ratelimit).toBe(`"CatsController.list";r=0;t=${after}`);
    expect(denied.headers['ratelimit-policy']).toBe('"CatsController.list";q=2;w=60');
    expect(JSON.parse(denied.text)).toEqual({
      type: QUOTA_EXCEEDED,
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      detail: `Too many requests. Try again in ${after} seconds.`,
      'violated-policies': ['CatsController.list'],
    });
    expect(app.get(CatsController).calls).toBe(2);
  });

  it('holds several limits together, of which a denied request consumes none', async () => {
    const { url } = await start();
    for (let i = 0; i < 3; i++) await request(url).get('/cats/both').expect(200);
    const denied = await request(url).get('/cats/both').expect(429);
    expect(denied.body['violated-policies']).toEqual(['CatsController.both']);
    expect(Number(denied.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(denied.headers.ratelimit).toMatch(/^"CatsController.both";r=0;t=\d\d, "hourly";r=2;t=\d+$/);
  });

  it('counts for each handler by itself, and for all that share a name', async () => {
    const { url } = await start();
    for (const path of ['/cats', '/dogs', '/more-cats']) {
      await request(url).get(path).expect(200);
      const second = await request(url).get(path).expect(200);
      expect(second.headers.ratelimit).toContain(';r=0;');
    }
    await request(url).get('/cats/one').expect(200);
    await request(url).get('/cats/other').expect(200);
    await request(url).get('/cats/one').expect(429);
    await request(url).get('/cats/other').expect(429);
  });

  it('counts a request once, however many guards see it', async () => {
    const { url } = await start();
    const first = await request(url).get('/guarded').expect(200);
    expect(first.headers.ratelimit).toMatch(/^"GuardedController.list";r=1;/);
    await request(url).get('/guarded').expect(200);
    const denied = await request(url).get('/guarded').expect(429);
    expect(denied.body['violated-policies']).toEqual(['GuardedController.list']);
  });

  it('lets a method say more than its class, and skip what the class says', async () => {
    const { url } = await start();
    const created = await request(url).post('/guarded').expect(201);
    expect(created.headers['ratelimit-policy']).toBe('"GuardedController.create";q=1;w=60');
    await request(url).post('/guarded').expect(429);
    for (let i = 0; i < 4; i++) {
      const { headers } = await request(url).get('/guarded/health').expect(200);
      expect(headers).not.toHaveProperty('ratelimit');
    }
  });

  it('blocks who goes on, where a rule says so', async () => {
    const { url } = await start();
    await request(url).get('/cats/blocking').expect(200);
    const blocked = await request(url).get('/cats/blocking').expect(429);
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(3_590);
  });

  it('says nothing of when to come back where waiting does not help', async () => {
    const { url } = await start();
    const denied = await request(url).get('/cats/dear').expect(429);
    expect(denied.headers).not.toHaveProperty('retry-after');
    expect(denied.headers.ratelimit).toBe('"CatsController.dear";r=0');
    expect(denied.body.detail).toBe('The request costs more than its limit ever allows.');
  });

  it('reports what a policy in the shadow would deny, and lets it pass untold', async () => {
    const { app, url } = await start();
    const told: boolean[] = [];
    cacheOf(app).events.on(
      'rateLimit',
      ({ allowed, results }) => void told.push(allowed, results[0]?.allowed === true),
    );
    for (let i = 0; i < 2; i++) {
      const { headers } = await request(url).get('/cats/shadow').expect(200);
      expect(headers).not.toHaveProperty('ratelimit');
    }
    expect(told).toEqual([true, true, true, false]);
  });

  it('tells on all routes what the module says of all routes', async () => {
    const { url } = await start({
      rateLimit: { rules: [{ name: 'ip', limit: 3, window: '1m' }], legacyHeaders: true },
    });
    const first = await request(url).get('/cats').expect(200);
    expect(first.headers['ratelimit-policy']).toBe('"ip";q=3;w=60, "CatsController.list";q=2;w=60');
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    const free = await request(url).get('/cats/free').expect(200);
    expect(free.headers['ratelimit-policy']).toBe('"ip";q=3;w=60');
    await request(url).get('/dogs').expect(200);
    const denied = await request(url).get('/cats/free').expect(429);
    expect(denied.headers['x-ratelimit-remaining']).toBe('0');
    expect(Number(denied.headers['x-ratelimit-reset'])).toBeGreaterThan(50);
  });

  it('can be turned off', async () => {
    const { url } = await start({ rateLimit: { enabled: false } });
    for (let i = 0; i < 4; i++) {
      const { headers } = await request(url).get('/cats').expect(200);
      expect(headers).not.toHaveProperty('ratelimit');
    }
  });

  it('can keep to itself what is left', async () => {
    const { url } = await start({ rateLimit: { headers: false } });
    for (let i = 0; i < 2; i++) await request(url).get('/cats').expect(200);
    const denied = await request(url).get('/cats').expect(429);
    expect(denied.headers).not.toHaveProperty('ratelimit');
    expect(Number(denied.headers['retry-after'])).toBeGreaterThan(50);
  });
});
