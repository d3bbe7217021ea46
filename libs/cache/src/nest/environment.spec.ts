import type { CacheOptions } from '../instance/cache-options.js';
import { mergeEnvironment, readEnvironment } from './environment.js';

const merged = (options: CacheOptions, environment: Record<string, string>): CacheOptions =>
  mergeEnvironment(
    options,
    readEnvironment((name) => environment[name]),
  );

const FIELDS = { REDIS_HOST: 'there', REDIS_PORT: '6380', REDIS_PASSWORD: 'secret', REDIS_DB: '2' };

describe('the environment', () => {
  it('fills in what the code leaves open', () => {
    expect(merged({}, { ...FIELDS, CACHE_ENABLED: 'off', CACHE_DEFAULT_TTL: '10m' })).toEqual({
      enabled: false,
      defaultTtl: '10m',
      redis: { host: 'there', port: 6380, password: 'secret', db: 2 },
    });
  });

  it('gives way to the code, field by field', () => {
    const code = { enabled: true, defaultTtl: 60, redis: { host: 'here', db: undefined } } as unknown as CacheOptions;
    expect(merged(code, { ...FIELDS, CACHE_ENABLED: 'false', CACHE_DEFAULT_TTL: '5' })).toEqual({
      enabled: true,
      defaultTtl: 60,
      redis: { host: 'here', port: 6380, password: 'secret', db: 2 },
    });
  });

  it.each([{ host: 'here' }, { cluster: [{ host: 'here' }] }, { sentinels: [{ host: 'here' }], name: 'main' }])(
    'leads nowhere else with its URL when the code says %j',
    (redis) => {
      expect(merged({ redis }, { REDIS_URL: 'redis://there:1/3' }).redis).toEqual(redis);
    },
  );

  it.each([false as const, { url: 'redis://here' }])('adds nothing to %j', (redis) => {
    expect(merged({ redis }, FIELDS).redis).toEqual(redis);
  });

  it('names a place by its URL, with settings of the code beside it', () => {
    expect(merged({ redis: { keyPrefix: 'shop:' } }, { REDIS_URL: 'redis://there' }).redis).toEqual({
      url: 'redis://there',
      keyPrefix: 'shop:',
    });
  });

  it('means no Redis when it only says how to talk to one', () => {
    expect(merged({}, { REDIS_PASSWORD: 'secret', REDIS_DB: '2', REDIS_KEY_PREFIX: 'shop:' }).redis).toBeUndefined();
  });

  it('completes the place that the code names', () => {
    expect(merged({ redis: { host: 'here' } }, { REDIS_PASSWORD: 'secret', REDIS_DB: '2' }).redis).toEqual({
      host: 'here',
      password: 'secret',
      db: 2,
    });
  });

  it('counts what is empty as not set', () => {
    expect(merged({}, { REDIS_HOST: ' ', CACHE_ENABLED: '' })).toEqual({ redis: undefined });
  });

  it('reports all that is wrong at once', () => {
    const wrong = {
      REDIS_URL: 'http://x',
      REDIS_PORT: '0',
      REDIS_DB: 'x',
      CACHE_ENABLED: 'maybe',
      MODEL_CACHE_TTL: '-',
    };
    for (const name of Object.keys(wrong)) expect(() => merged({}, wrong)).toThrow(name);
  });
});
