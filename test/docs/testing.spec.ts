import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cacheable, CacheInvalidate, CacheManagerService, CacheModule, type CacheModuleOptions } from '@mobius1/cache';

/** What docs/testing.md advises its reader to do, done. */
describe('the advice for tests of an application', () => {
  let asked: string[] = [];

  @Injectable()
  class Prices {
    @Cacheable({ key: (sku: string) => `price:${sku}`, ttl: '5m' })
    async price(sku: string): Promise<number> {
      asked.push(sku);
      return asked.length;
    }

    @CacheInvalidate({ key: (sku: string) => `price:${sku}` })
    async change(sku: string): Promise<string> {
      return sku;
    }
  }

  let app: TestingModule | undefined;
  const start = async (options: CacheModuleOptions): Promise<Prices> => {
    app = await Test.createTestingModule({ imports: [CacheModule.forRoot(options)], providers: [Prices] }).compile();
    await app.init();
    return app.get(Prices);
  };

  beforeEach(() => (asked = []));
  afterEach(async () => {
    jest.restoreAllMocks();
    await app?.close();
    app = undefined;
  });

  it('without an application a decorated method runs as it is written', async () => {
    const prices = new Prices();
    expect([await prices.price('tea'), await prices.price('tea')]).toEqual([1, 2]);
  });

  it('in memory, what is read again is a hit, and what was invalidated is not', async () => {
    const prices = await start({ redis: false });
    expect([await prices.price('tea'), await prices.price('tea')]).toEqual([1, 1]);
    await prices.change('tea');
    expect(await prices.price('tea')).toBe(2);
    expect(await app?.get(CacheManagerService).getStats()).toMatchObject({ hits: 1, misses: 2, invalidations: 1 });
  });

  it('each testing module begins with an empty cache', async () => {
    for (const expected of [1, 2]) {
      expect(await (await start({ redis: false })).price('tea')).toBe(expected);
      await app?.close();
    }
  });

  it('a TTL ends when the clock is moved, and nothing is waited for', async () => {
    const prices = await start({ redis: false });
    expect(await prices.price('tea')).toBe(1);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 4 * 60_000);
    expect(await prices.price('tea')).toBe(1);
    clock.mockReturnValue(now + 5 * 60_000);
    expect(await prices.price('tea')).toBe(2);
  });

  it('turned off, every call runs', async () => {
    const prices = await start({ enabled: false });
    expect([await prices.price('tea'), await prices.price('tea')]).toEqual([1, 2]);
  });

  it('with a Redis that nobody starts, calls are answered all the same', async () => {
    const prices = await start({ redis: { host: '127.0.0.1', port: 1 } });
    expect([await prices.price('tea'), await prices.price('tea')]).toEqual([1, 2]);
  });
});
