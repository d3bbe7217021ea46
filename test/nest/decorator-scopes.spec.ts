import { Controller, Get, type INestApplicationContext, Injectable, Module, Param, Scope } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Readable } from 'node:stream';
import { EMPTY, Observable, of } from 'rxjs';
import { CacheDecoratorError, CacheInvalidate, CacheManagerService, CacheModule, Cacheable } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { cacheOf, closeApps, closing, startApp } from './fixtures/start-app.js';

class Counter {
  runs = 0;
  readonly #name: string;

  constructor(name = 'counter') {
    this.#name = name;
  }

  @Cacheable()
  async read(id: string): Promise<string> {
    this.runs++;
    return `${this.#name} ${id}`;
  }
}

@Injectable()
class PlainCounter extends Counter {}

abstract class Repository {
  runs = 0;
  protected abstract readonly kind: string;

  @Cacheable()
  async find(id: string): Promise<string> {
    this.runs++;
    return `${this.kind} ${id}`;
  }
}

@Injectable()
class Cats extends Repository {
  protected readonly kind = 'cat';
}

@Injectable()
class Dogs extends Repository {
  protected readonly kind = 'dog';
}

@Injectable()
class LoudDogs extends Dogs {
  @Cacheable()
  override async find(id: string): Promise<string> {
    return `${await super.find(id)}!`;
  }
}

afterEach(closeApps);

describe('cached methods work on', () => {
  it('inherited methods, and each subclass has entries of its own', async () => {
    const app = await startApp({ providers: [Cats, Dogs] });
    const [cats, dogs] = [app.get(Cats), app.get(Dogs)];
    expect([await cats.find('1'), await dogs.find('1')]).toEqual(['cat 1', 'dog 1']);
    expect([await cats.find('1'), await dogs.find('1')]).toEqual(['cat 1', 'dog 1']);
    expect([cats.runs, dogs.runs]).toEqual([1, 1]);
  });

  it('an override that calls the cached method it overrides', async () => {
    const app = await startApp({ providers: [LoudDogs] });
    const dogs = app.get(LoudDogs);
    expect([await dogs.find('1'), await dogs.find('1')]).toEqual(['dog 1!', 'dog 1!']);
    expect(dogs.runs).toBe(1);
  });

  it('request-scoped providers, across requests', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Counter {}
    const app = await startApp({ providers: [PerRequest] });
    const [one, two] = [await resolve(app, PerRequest), await resolve(app, PerRequest)];
    expect(one).not.toBe(two);
    await one.read('1');
    await two.read('1');
    expect([one.runs, two.runs]).toEqual([1, 0]);
  });

  it('transient providers', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Counter {}
    const app = await startApp({ providers: [Transient] });
    const [one, two] = [await app.resolve(Transient), await app.resolve(Transient)];
    await one.read('1');
    await two.read('1');
    expect([one.runs, two.runs]).toEqual([1, 0]);
  });

  it('what a useFactory or a useValue made', async () => {
    const value = new PlainCounter();
    const app = await startApp({
      providers: [
        { provide: 'made', useFactory: () => new Counter() },
        { provide: 'given', useValue: value },
      ],
    });
    for (const counter of [app.get<Counter>('made'), value]) {
      await counter.read('1');
      await counter.read('1');
      expect(counter.runs).toBe(1);
    }
  });

  it('what a request-scoped useFactory made', async () => {
    const app = await startApp({
      providers: [{ provide: Counter, scope: Scope.REQUEST, useFactory: () => new Counter() }],
    });
    const counter = await resolve(app, Counter);
    await counter.read('1');
    await counter.read('1');
    expect(counter.runs).toBe(1);
  });

  it('controllers', async () => {
    @Controller('counts')
    class Counts {
      runs = 0;

      @Get(':id')
      @Cacheable()
      async read(@Param('id') id: string): Promise<string> {
        this.runs++;
        return id;
      }
    }
    const app = await startApp({ controllers: [Counts] });
    const counts = app.get(Counts);
    await counts.read('1');
    await counts.read('1');
    expect(counts.runs).toBe(1);
  });

  it('modules that do not import the cache, since it is global', async () => {
    @Module({ providers: [PlainCounter], exports: [PlainCounter] })
    class Inner {}
    const app = await startApp({ imports: [Inner] });
    const counter = app.get(PlainCounter);
    await counter.read('1');
    await counter.read('1');
    expect(counter.runs).toBe(1);
  });
});

it('providers of any kind beside them do not stop the boot', async () => {
  const withoutPrototype = await import('node:path');
  const values = [withoutPrototype, Object.create(null), null, 1, () => 1] as unknown[];
  const providers = values.map((useValue, i) => ({ provide: `value ${i}`, useValue }));
  await expect(startApp({ providers })).resolves.toBeDefined();
});

describe('two applications in one process', () => {
  it('share nothing when their prefixes differ', async () => {
    const apps = [];
    for (const redis of [redisOptions(), redisOptions()])
      apps.push(await startApp({ providers: [PlainCounter] }, { redis }));
    for (const app of apps) {
      await app.get(PlainCounter).read('1');
      await app.get(PlainCounter).read('1');
      expect(app.get(PlainCounter).runs).toBe(1);
    }
    await apps[0]!.get(CacheManagerService).clear();
    for (const app of apps) await app.get(PlainCounter).read('1');
    expect(apps.map((app) => app.get(PlainCounter).runs)).toEqual([2, 1]);
  });

  it('one after the other each bind what both are given', async () => {
    const counter = new PlainCounter();
    const providers = [{ provide: 'given', useValue: counter }];
    const one = await startApp({ providers });
    await counter.read('1');
    await one.close();
    const two = await startApp({ providers });
    await counter.read('1');
    await two.get(CacheManagerService).clear();
    await counter.read('1');
    expect(counter.runs).toBe(3);
  });

  it('keep theirs when the other is closed', async () => {
    const [one, two] = [await startApp({ providers: [PlainCounter] }), await startApp({ providers: [PlainCounter] })];
    await two.get(PlainCounter).read('1');
    await one.close();
    await two.get(PlainCounter).read('1');
    expect(two.get(PlainCounter).runs).toBe(1);
  });
});

describe('a decorated method outside of Nest', () => {
  it('runs as if it were not decorated', async () => {
    const counter = new PlainCounter('lonely');
    expect([await counter.read('1'), await counter.read('1')]).toEqual(['lonely 1', 'lonely 1']);
    expect(counter.runs).toBe(2);
  });

  it('runs undecorated again when its application is closed', async () => {
    const app = await startApp({});
    const counter = new PlainCounter();
    await app.close();
    await counter.read('1');
    await counter.read('1');
    expect(counter.runs).toBe(2);
  });

  it('uses the one application that runs, whatever else was only put together', async () => {
    const { Test } = await import('@nestjs/testing');
    closing(await Test.createTestingModule({ imports: [CacheModule.forRoot({ redis: false })] }).compile());
    await startApp({});
    const counter = new PlainCounter();
    await counter.read('1');
    await counter.read('1');
    expect(counter.runs).toBe(1);
  });

  it.each<[string, () => unknown]>([
    ['an object', () => ({})],
    ['whatever is asked of it', () => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : jest.fn()) })],
  ])('runs as if it were not decorated where a test mocks the cache with %s', async (_what, mock) => {
    const { Test } = await import('@nestjs/testing');
    const builder = Test.createTestingModule({ providers: [PlainCounter] });
    const counter = closing(await builder.useMocker(mock).compile()).get(PlainCounter);
    expect(await counter.read('1')).toBe('counter 1');
  });

  it('runs as if it were not decorated when it was taken off its object', async () => {
    class Constants {
      @Cacheable()
      async pi(): Promise<number> {
        return 3.14;
      }
    }
    await startApp({});
    expect(await new Constants().pi.call(undefined as never)).toBe(3.14);
  });

  it('does not guess which of two applications is meant', async () => {
    const apps = [await startApp({}), await startApp({})];
    const counter = new PlainCounter();
    await counter.read('1');
    await counter.read('1');
    expect(counter.runs).toBe(2);
    expect(apps.map((app) => cacheOf(app).engine.counts.loads)).toEqual([0, 0]);
  });

  it('shows nothing of the cache on the object', async () => {
    const app = await startApp({ providers: [PlainCounter] });
    const counter = app.get(PlainCounter);
    expect(Object.keys(counter)).toEqual(['runs']);
    expect(Object.getOwnPropertySymbols(counter)).toEqual([]);
  });
});

describe('what cannot be cached', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a getter',
      () => {
        class Prices {
          // @ts-expect-error a getter is no method
          @Cacheable()
          get total(): number {
            return 1;
          }
        }
        return Prices;
      },
      /@Cacheable on Prices\.total: it is a getter/,
    ],
    [
      'a method that returns an Observable',
      () => {
        class Prices {
          // @ts-expect-error an Observable is no promise
          @Cacheable()
          watch(): Observable<number> {
            return EMPTY;
          }
        }
        return Prices;
      },
      /@Cacheable on Prices\.watch: it returns Observable.*firstValueFrom/,
    ],
    [
      'a method that returns a stream',
      () => {
        class Prices {
          // @ts-expect-error a stream is no promise
          @CacheInvalidate({ all: true })
          file(): Readable {
            return Readable.from([]);
          }
        }
        return Prices;
      },
      /@CacheInvalidate on Prices\.file: it returns Readable/,
    ],
    [
      'a generator',
      () => {
        class Prices {
          // @ts-expect-error a generator is no promise
          @Cacheable()
          async *all(): AsyncGenerator<number> {
            yield await Promise.resolve(1);
          }
        }
        return Prices;
      },
      /@Cacheable on Prices\.all: it is a generator/,
    ],
    [
      'a method that is not async',
      () => {
        class Prices {
          // @ts-expect-error a number is no promise
          @Cacheable()
          price(): number {
            return 1;
          }
        }
        return Prices;
      },
      /@Cacheable on Prices\.price: it returns a Number; a cached method is async/,
    ],
    [
      'a static method',
      () => {
        class Prices {
          declare readonly currency: string;

          @Cacheable()
          static async price(): Promise<number> {
            return 1;
          }
        }
        return Prices;
      },
      /@Cacheable on Prices\.price: it is static/,
    ],
  ])('%s is refused when the class is defined', (_what, define, message) => {
    expect(define).toThrow(CacheDecoratorError);
    expect(define).toThrow(message);
  });

  it('a method named by a symbol is refused, unless it has a key: two symbols may look the same', async () => {
    const [one, two] = [Symbol('price'), Symbol('price')];
    expect(() => {
      class Prices {
        @Cacheable()
        async [one](): Promise<number> {
          return 1;
        }
      }
      return Prices;
    }).toThrow(/@Cacheable on Prices\.Symbol\(price\): it is named by a symbol.*give it a key/);
    class Prices {
      @Cacheable({ key: 'one' })
      async [one](): Promise<number> {
        return 1;
      }

      @Cacheable({ key: 'two' })
      async [two](): Promise<number> {
        return 2;
      }
    }
    const prices = (await startApp({ providers: [Prices] })).get(Prices);
    for (let i = 0; i < 2; i++) expect([await prices[one]!(), await prices[two]!()]).toEqual([1, 2]);
  });

  it.each<[string, () => unknown]>([
    ['an Observable', () => of(1)],
    ['a stream', () => Readable.from(['a'])],
    ['a promise of a stream', async () => Readable.from(['a'])],
    ['a promise of a web stream', async () => new Response('a').body],
  ])('%s behind a type that hides it is refused at the first call', async (_what, make) => {
    class Hidden {
      @Cacheable()
      find(): Promise<any> {
        return make() as Promise<any>;
      }
    }
    const app = await startApp({ providers: [{ provide: Hidden, useFactory: () => new Hidden() }] });
    const call = app.get(Hidden).find();
    await expect(call).rejects.toBeInstanceOf(CacheDecoratorError);
    await expect(call).rejects.toThrow(/@Cacheable on Hidden\.find: it returned an Observable or a stream/);
  });

  it('two classes of one name that cache by class, method and arguments are refused at boot', async () => {
    const other = (() => {
      @Injectable()
      class Cats {
        @Cacheable()
        async find(id: string): Promise<string> {
          return id;
        }
      }
      return Cats;
    })();
    const start = startApp({ providers: [Cats, other] });
    await expect(start).rejects.toBeInstanceOf(CacheDecoratorError);
    await expect(start).rejects.toThrow(/@Cacheable on Cats\.find: two classes are named Cats/);
  });

  it('two classes of one name whose methods have keys of their own are accepted', async () => {
    const [one, two] = ['one', 'two'].map((kind) => {
      @Injectable()
      class Named {
        @Cacheable({ key: (id: string) => `${kind}:${id}` })
        async find(id: string): Promise<string> {
          return `${kind} ${id}`;
        }
      }
      return Named;
    });
    const app = await startApp({ providers: [one!, two!] });
    expect([await app.get(one!).find('1'), await app.get(two!).find('1')]).toEqual(['one 1', 'two 1']);
  });

  it('a class in an application without the cache is refused at boot, saying what to import', async () => {
    const { Test } = await import('@nestjs/testing');
    const building = Test.createTestingModule({ providers: [PlainCounter] }).compile();
    await expect(building).rejects.toThrow(/import CacheModule\.forRoot\(\) in your root module/);
  });
});

async function resolve<T>(app: INestApplicationContext, type: new (...args: any[]) => T): Promise<T> {
  const contextId = ContextIdFactory.create();
  return app.resolve(type, contextId);
}
