import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import { QUESTION, SECRET } from './models.js';

describe('the model cache without a secret, where others may see its keys', () => {
  const redis = { host: '127.0.0.1', port: 1 };
  const emitWarning = jest.spyOn(process, 'emitWarning');
  const codes = () => emitWarning.mock.calls.map(([, about]) => (about as { code?: string }).code);
  beforeEach(() => emitWarning.mockReset().mockImplementation(() => undefined));
  afterAll(() => emitWarning.mockRestore());

  it.each<[string, ModelCacheOptions | undefined, ModelCacheOptions | undefined]>([
    ['as soon as anything is said of models', { ttl: 60 }, undefined],
    ['when it is configured', undefined, { ttl: 60 }],
    ['when it is turned on', { enabled: false }, { enabled: true }],
  ])('warns %s, and once', async (_, model, later) => {
    const cache = new CacheInstance({ redis, ...(model && { model }) });
    expect(codes()).toHaveLength(later === undefined ? 1 : 0);
    if (later !== undefined) cache.models.configure(later);
    expect(codes()).toEqual(['MOBIUS_MODEL_CACHE_SECRET']);
    cache.models.configure({ ttl: 120 });
    await cache.models.wrap(QUESTION, () => 'x');
    expect(codes()).toHaveLength(1);
    await cache.close();
  });

  it('warns with the first question, if nothing was said before', async () => {
    const cache = new CacheInstance({ redis });
    expect(codes()).toEqual([]);
    await cache.models.wrap(QUESTION, () => 'x');
    expect(codes()).toEqual(['MOBIUS_MODEL_CACHE_SECRET']);
    await cache.close();
  });

  it.each<[string, CacheOptions]>([
    ['there is one', { redis, model: { secret: SECRET } }],
    ['the cache lives in memory', { model: { ttl: 60 } }],
    ['the cache is turned off', { redis, enabled: false, model: { ttl: 60 } }],
    ['answers are not kept', { redis, model: { enabled: false } }],
  ])('does not where %s', async (_, options) => {
    const cache = new CacheInstance(options);
    cache.models.configure({ ttl: 120 });
    await cache.models.wrap(QUESTION, () => 'x');
    expect(codes()).toEqual([]);
    await cache.close();
  });
});
