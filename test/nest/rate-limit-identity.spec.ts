import { Controller, type ExecutionContext, Get } from '@nestjs/common';
import request from 'supertest';
import { type CacheModuleOptions, InvalidKeyError, RateLimit, RateLimitKeys, RateLimitService } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { PLATFORMS, startLimited } from './fixtures/limited-app.js';
import { cacheOf, closeApps } from './fixtures/start-app.js';

const header = (name: string) => (context: ExecutionContext) =>
  context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers[name];

@Controller()
class WhoController {
  @RateLimit({ limit: 1, window: '1m' })
  @Get('ip')
  ip(): string {
    return 'ip';
  }

  @RateLimit({ limit: 1, window: '1m', by: 'user' })
  @Get('user')
  user(): string {
    return 'user';
  }

  @RateLimit({ limit: 1, window: '1m', by: ['workspace', 'ip'] })
  @Get('workspace')
  workspace(): string {
    return 'workspace';
  }

  @RateLimit({ limit: 1, window: '1m', by: 'apiKey', onMissing: 'deny' })
  @Get('key')
  key(): string {
    return 'key';
  }

  @RateLimit({ limit: 1, window: '1m', by: header('x-shop'), onMissing: 'skip' })
  @Get('shop')
  shop(): string {
    return 'shop';
  }

  @RateLimit({ limit: 1, window: '1m', by: () => ({}) }, { name: 'throwing', limit: 1, window: '1m', by: failing })
  @Get('odd')
  odd(): string {
    return 'odd';
  }

  @RateLimit({ limit: 1, window: '1m', allow: ['127.0.0.0/8'] })
  @Get('friends')
  friends(): string {
    return 'friends';
  }

  @RateLimit({ limit: 0, algorithm: 'concurrency', allow: ['127.0.0.0/8'] })
  @Get('slot')
  slot(): string {
    return 'slot';
  }
}

function failing(): never {
  throw new TypeError('no user');
}

afterEach(closeApps);

describe.each(PLATFORMS)('who is counted on %s', (platform) => {
  const start = async (cache: CacheModuleOptions = {}, trustProxy = false) => {
    const { app, url } = await startLimited({ platform, controllers: [WhoController], cache, trustProxy });
    const get = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
      const { status } = await request(url).get(path).set(headers);
      return status;
    };
    return { app, url, get };
  };

  it('is whoever connects: what a header claims is not believed', async () => {
    const { get } = await start();
    expect(await get('/ip', { 'x-forwarded-for': '203.0.113.1' })).toBe(200);
    expect(await get('/ip', { 'x-forwarded-for': '203.0.113.2' })).toBe(429);
  });

  it('is whom a trusted proxy names: an IPv6 network, IPv4 however it is written', async () => {
    const { get } = await start({}, true);
    const from = (address: string) => get('/ip', { 'x-forwarded-for': address });
    expect(await from('2001:db8:1:2::1')).toBe(200);
    expect(await from('2001:db8:1:2:ffff::9')).toBe(429);
    expect(await from('2001:db8:1:3::1')).toBe(200);
    expect(await from('203.0.113.9')).toBe(200);
    expect(await from('::ffff:203.0.113.9')).toBe(429);
  });

  it('is as wide as the module says', async () => {
    const { get } = await start({ rateLimit: { ipv6Prefix: 48 } }, true);
    expect(await get('/ip', { 'x-forwarded-for': '2001:db8:1:2::1' })).toBe(200);
    expect(await get('/ip', { 'x-forwarded-for': '2001:db8:1:3::1' })).toBe(429);
  });

  it('is a user, or the address of who is none', async () => {
    const { get } = await start();
    expect(await get('/user', { 'x-test-user': 'u1' })).toBe(200);
    expect(await get('/user', { 'x-test-user': 'u2' })).toBe(200);
    expect(await get('/user', { 'x-test-user': 'u1' })).toBe(429);
    expect(await get('/user')).toBe(200);
    expect(await get('/user')).toBe(429);
  });

  it('is each combination of a list', async () => {
    const { get } = await start({}, true);
    const [user, address] = ['x-test-user', 'x-forwarded-for'];
    expect(await get('/workspace', { [user]: 'u1', [address]: '203.0.113.1' })).toBe(200);
    expect(await get('/workspace', { [user]: 'u1', [address]: '203.0.113.2' })).toBe(200);
    expect(await get('/workspace', { [user]: 'u2', [address]: '203.0.113.1' })).toBe(200);
    expect(await get('/workspace', { [user]: 'u2', [address]: '203.0.113.1' })).toBe(429);
  });

  it('must be known where a policy says so', async () => {
    const { app, get, url } = await start();
    const sources: string[] = [];
    cacheOf(app).events.on('rateLimit', ({ source }) => void sources.push(source));
    expect(await get('/key', { 'x-api-key': 'k1' })).toBe(200);
    expect(await get('/key', { 'x-api-key': 'k2' })).toBe(200);
    expect(await get('/key', { 'x-api-key': 'k1' })).toBe(429);
    const denied = await request(url).get('/key').set('x-api-key', ' ').expect(429);
    expect(denied.headers).not.toHaveProperty('retry-after');
    expect(denied.headers.ratelimit).toBe('"WhoController.key";r=0');
    expect(denied.body.detail).toBe('It is not known for whom to count this request (apiKey).');
    expect(sources).toEqual(['memory', 'memory', 'memory', 'unidentified']);
  });

  it('is nobody where a policy says so', async () => {
    const { get } = await start();
    expect(await get('/shop', { 'x-shop': 's1' })).toBe(200);
    expect(await get('/shop', { 'x-shop': 's1' })).toBe(429);
    for (let i = 0; i < 3; i++) expect(await get('/shop')).toBe(200);
  });

  it('is an address, not "[object Object]", when a function returns no name or fails', async () => {
    const { get } = await start({}, true);
    expect(await get('/odd', { 'x-forwarded-for': '203.0.113.1' })).toBe(200);
    expect(await get('/odd', { 'x-forwarded-for': '203.0.113.1' })).toBe(429);
    expect(await get('/odd', { 'x-forwarded-for': '203.0.113.2' })).toBe(200);
  });

  it('is let pass from networks of a list, and says so', async () => {
    const { app, get } = await start({}, true);
    const sources: string[] = [];
    cacheOf(app).events.on('rateLimit', ({ source }) => void sources.push(source));
    for (let i = 0; i < 3; i++) expect(await get('/friends')).toBe(200);
    expect(sources).toEqual(['exempt', 'exempt', 'exempt']);
    expect(await get('/friends', { 'x-forwarded-for': '203.0.113.1' })).toBe(200);
    expect(await get('/friends', { 'x-forwarded-for': '203.0.113.1' })).toBe(429);
  });

  it('is let pass from networks of a list by slots, too', async () => {
    const { get } = await start({}, true);
    expect(await get('/slot')).toBe(200);
    expect(await get('/slot', { 'x-forwarded-for': '203.0.113.1' })).toBe(429);
  });

  it('is let pass by the module, also where it should be known', async () => {
    const { get } = await start({ rateLimit: { allow: ['127.0.0.1', '::1'] } });
    for (let i = 0; i < 3; i++) {
      expect(await get('/ip')).toBe(200);
      expect(await get('/key')).toBe(200);
    }
  });

  it('is read as the module says', async () => {
    const callers = {
      user: ({ headers }: { headers?: Record<string, unknown> }) => Promise.resolve(headers?.['x-name']),
      ip: ({ headers }: { headers?: Record<string, unknown> }) => headers?.['x-real-ip'],
    };
    const { get } = await start({ rateLimit: { callers } });
    expect(await get('/user', { 'x-name': 'ana' })).toBe(200);
    expect(await get('/user', { 'x-name': 'luis' })).toBe(200);
    expect(await get('/user', { 'x-name': 'ana' })).toBe(429);
    expect(await get('/ip', { 'x-real-ip': '203.0.113.1' })).toBe(200);
    expect(await get('/ip', { 'x-real-ip': '203.0.113.2' })).toBe(200);
    expect(await get('/ip', { 'x-real-ip': 'somewhere' })).toBe(429);
    expect(await get('/ip')).toBe(429);
  });
});

describe('the names of callers', () => {
  const USER = 'ana@example.org';

  async function keysInRedis(keySecret?: string): Promise<string[]> {
    const redis = redisOptions();
    const secret = keySecret === undefined ? {} : { keySecret };
    const cache: CacheModuleOptions = { redis, ...secret };
    const { app, url } = await startLimited({ controllers: [WhoController], cache });
    await request(url).get('/user').set('x-test-user', USER).expect(200);
    await request(url).get('/ip').expect(200);
    const { client } = cacheOf(app).connection ?? {};
    if (client === undefined) throw new Error('there is no Redis');
    const keys = await (client as unknown as { keys(pattern: string): Promise<string[]> }).keys(`*${redis.keyPrefix}*`);
    return keys.map((key) => key.replace(String(redis.keyPrefix), '')).sort();
  }

  it('stand in Redis as digests, which a secret makes others of', async () => {
    const plain = await keysInRedis();
    const keyed = await keysInRedis('a secret of the tests');
    expect(plain.length).toBeGreaterThanOrEqual(2);
    expect(keyed).toHaveLength(plain.length);
    for (const key of [...plain, ...keyed]) expect(key).not.toMatch(/ana|example|127|undefined/);
    expect(keyed.filter((key) => plain.includes(key))).toEqual([]);
  });

  it('lead to their counts: to look at, to reset and to block', async () => {
    const { app, url } = await startLimited({ controllers: [WhoController] });
    const [limits, keys] = [app.get(RateLimitService), app.get(RateLimitKeys)];
    const user = (id: string) => request(url).get('/user').set('x-test-user', id);
    const policy = { name: 'WhoController.user', limit: 1, window: '1m' } as const;
    await user('u1').expect(200);
    const key = keys.of({ user: 'u1' });
    expect(await limits.peek(key, policy)).toMatchObject({ allowed: false, results: [{ remaining: 0 }] });
    await limits.reset(key, policy);
    await user('u1').expect(200);
    await limits.block(keys.of({ user: 'u2' }), '1h');
    const blocked = await user('u2').expect(429);
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(3_590);
    await limits.unblock(keys.of({ user: 'u2' }));
    await user('u2').expect(200);
    const address = await limits.peek(keys.of({ ip: '::ffff:127.0.0.1' }), { ...policy, name: 'WhoController.ip' });
    expect(address.results[0]).toMatchObject({ remaining: 1 });
    expect(() => keys.of({ ip: 'localhost' })).toThrow(InvalidKeyError);
    expect(() => keys.of({})).toThrow(InvalidKeyError);
  });
});
