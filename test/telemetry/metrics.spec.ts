import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { registerCacheMetrics } from '@mobius1/cache/prometheus';
import { Registry } from 'prom-client';
import { noCounts } from '../../libs/cache/src/core/stats.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

describe('what a cache tells of itself', () => {
  let redis: RedisProcess;
  const instances: CacheInstance[] = [];
  const use = (name?: string, { onRedis = false } = {}): CacheInstance => {
    const place = { host: redis.host, port: redis.port, keyPrefix: 'secret-tenant:' };
    const instance = new CacheInstance({
      ...(name === undefined ? {} : { name }),
      ...(onRedis ? { redis: place } : {}),
    });
    instances.push(instance);
    return instance;
  };
  const valuesOf = async (registry: Registry, name: string): Promise<Record<string, number>> => {
    const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name);
    return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [Object.values(labels).join(), value]));
  };

  beforeAll(async () => {
    redis = await RedisEnv.process();
  });
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
  });
  afterAll(() => redis.stop());

  describe('to Prometheus', () => {
    it('is every count, read when it is scraped', async () => {
      const registry = new Registry();
      const cache = use();
      registerCacheMetrics(registry, cache);
      await cache.manager.getOrSet('k', () => 1);
      await cache.manager.getOrSet('k', () => 1);
      const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
      for (const count of Object.keys(noCounts())) {
        const name = `mobius_cache_${count.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
        expect(names).toContain(name);
      }
      expect(await valuesOf(registry, 'mobius_cache_hits_total')).toEqual({ cache: 1 });
      expect(await valuesOf(registry, 'mobius_cache_misses_total')).toEqual({ cache: 1 });
      expect(await registry.metrics()).toMatch(/mobius_cache_load_seconds_count\{cache="cache"\} 1/);
    });

    it('is all there will be, also when Redis is connected to later', async () => {
      const registry = new Registry();
      const cache = use('shop', { onRedis: true });
      registerCacheMetrics(registry, cache);
      expect(await valuesOf(registry, 'mobius_cache_ping_seconds')).toEqual({});
      await cache.connect();
      expect(await valuesOf(registry, 'mobius_cache_ping_seconds')).toEqual({ shop: expect.any(Number) });
    });

    it('is how rate limits decided, without a word of their keys', async () => {
      const registry = new Registry();
      const cache = use();
      registerCacheMetrics(registry, cache);
      expect(await valuesOf(registry, 'mobius_cache_rate_limit_decisions_total')).toEqual({ 'cache,allowed,none': 0 });
      const policy = { name: 'login', limit: 1, window: 60 };
      for (let i = 0; i < 3; i++) await cache.limits.check('user-4711', policy);
      expect(await valuesOf(registry, 'mobius_cache_rate_limit_decisions_total')).toEqual({
        'cache,allowed,none': 0,
        'cache,allowed,memory': 1,
        'cache,denied,memory': 2,
      });
      expect(await valuesOf(registry, 'mobius_cache_rate_limit_denials_total')).toEqual({
        'cache,none,false': 0,
        'cache,login,false': 2,
      });
      expect(await registry.metrics()).not.toContain('4711');
    });

    it('is the state of connection, breaker and tier on Redis', async () => {
      const registry = new Registry();
      const cache = use(undefined, { onRedis: true });
      await cache.connect();
      registerCacheMetrics(registry, cache);
      expect(await valuesOf(registry, 'mobius_cache_connected')).toEqual({ cache: 1 });
      expect(await valuesOf(registry, 'mobius_cache_breaker')).toEqual({
        'cache,closed': 1,
        'cache,half-open': 0,
        'cache,open': 0,
      });
      expect(await valuesOf(registry, 'mobius_cache_coherence')).toMatchObject({
        'cache,coherent': 1,
        'cache,deaf': 0,
      });
      expect(await valuesOf(registry, 'mobius_cache_staleness_bound_seconds')).toEqual({ cache: 2 });
      await cache.close();
      await eventually(async () => (await valuesOf(registry, 'mobius_cache_connected')).cache === 0, {
        what: 'it is closed',
      });
      expect(await valuesOf(registry, 'mobius_cache_coherence')).toMatchObject({
        'cache,coherent': 0,
        'cache,deaf': 1,
      });
    });

    it('holds no key, tag, namespace, value or prefix (G9)', async () => {
      const registry = new Registry();
      const cache = use(undefined, { onRedis: true });
      await cache.connect();
      registerCacheMetrics(registry, cache);
      await cache.manager.getOrSet('secret-key', () => 'secret-value', {
        namespace: 'secret-namespace',
        tags: ['secret-tag'],
      });
      expect(await registry.metrics()).not.toContain('secret');
    });

    it('is documented, every metric of it', async () => {
      const place = { host: redis.host, port: redis.port, waitReplicas: { replicas: 1 } };
      const cache = new CacheInstance({ redis: place });
      instances.push(cache);
      await cache.connect();
      const registry = new Registry();
      registerCacheMetrics(registry, cache);
      const page = readFileSync(join(__dirname, '../../docs/observability.md'), 'utf8');
      const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
      expect(names.length).toBeGreaterThan(20);
      expect(names.filter((name) => !page.includes(`| \`${name}\` `))).toEqual([]);
    });

    it('tells caches apart by their names, and ends one by one', async () => {
      const registry = new Registry();
      const [first, second] = [use('first'), use('second')];
      const stop = registerCacheMetrics(registry, first);
      registerCacheMetrics(registry, second);
      registerCacheMetrics(registry, second); // as when a module is loaded twice
      for (const cache of [first, second]) await cache.manager.getOrSet('k', () => 1);
      expect(await valuesOf(registry, 'mobius_cache_loads_total')).toEqual({ first: 1, second: 1 });
      expect(await registry.metrics()).toMatch(/mobius_cache_load_seconds_count\{cache="second"\} 1/);
      stop();
      expect(await valuesOf(registry, 'mobius_cache_loads_total')).toEqual({ second: 1 });
    });
  });

  describe('on diagnostics channels', () => {
    it('is each event, with the name of the cache', async () => {
      const messages: unknown[] = [];
      const listen = (message: unknown): void => void messages.push(message);
      subscribe('mobius:cache:read', listen);
      const cache = use('shop');
      await cache.manager.getOrSet('k', () => 1);
      unsubscribe('mobius:cache:read', listen);
      await cache.manager.getOrSet('k', () => 1);
      expect(messages).toEqual([{ cache: 'shop', key: 'k', namespace: undefined, outcome: 'miss' }]);
    });

    it('is what happens to the connection and to the tier', async () => {
      const messages: string[] = [];
      const listen = (_message: unknown, name: string | symbol): void => void messages.push(String(name));
      const channels = ['ready', 'coherence'].map((name) => `mobius:cache:${name}`);
      for (const one of channels) subscribe(one, listen);
      const cache = use(undefined, { onRedis: true });
      await cache.connect();
      for (const one of channels) unsubscribe(one, listen);
      expect(messages).toEqual(expect.arrayContaining(channels));
    });
  });
});
