import { Injectable, SetMetadata } from '@nestjs/common';
import { CacheInvalidate, CacheManagerService, CachePut, Cacheable } from '@mobius1/cache';
import { redisOptions } from '../support/cache.js';
import { closeApps, cacheOf, startApp } from './fixtures/start-app.js';

interface User {
  readonly id: string;
  readonly name: string;
  readonly team: string;
}

/** Runs of the methods, as `method:arguments`. */
class Runs {
  readonly log: string[] = [];

  note(method: string, ...args: readonly unknown[]): void {
    this.log.push([method, ...args.map((arg) => JSON.stringify(arg))].join(' '));
  }

  of(method: string): number {
    return this.log.filter((entry) => entry.split(' ')[0] === method).length;
  }
}

@Injectable()
class UsersService {
  readonly runs = new Runs();
  answer: unknown = 'answer';
  failure: Error | undefined;

  @Cacheable({ key: (id: string) => `user:${id}`, tags: (id: string) => [`user-${id}`, 'users'], ttl: '5m' })
  async find(id: string): Promise<User> {
    this.runs.note('find', id);
    return { id, name: 'Ada', team: 'red' };
  }

  @CachePut({ key: (id: string) => `user:${id}` })
  async save(id: string, name: string): Promise<User> {
    this.runs.note('save', id, name);
    if (this.failure) throw this.failure;
    return { id, name, team: 'red' };
  }

  @CacheInvalidate({ key: (id: string) => `user:${id}` })
  async remove(id: string): Promise<string> {
    this.runs.note('remove', id);
    if (this.failure) throw this.failure;
    return `removed ${id}`;
  }

  @CacheInvalidate({ tags: ['users'], condition: (really: boolean) => really })
  async removeAll(really: boolean): Promise<void> {
    this.runs.note('removeAll', really);
  }

  @CacheInvalidate({ resultTags: (user: User) => [`user-${user.id}`] })
  async rename(name: string): Promise<User> {
    return { id: '1', name, team: 'red' };
  }

  @CacheInvalidate({ patterns: (prefix: string) => [`${prefix}*`] })
  async removeMatching(prefix: string): Promise<string> {
    return prefix;
  }

  @CacheInvalidate({ keys: (...ids: string[]) => ids.map((id) => `user:${id}`) })
  async removeMany(...ids: string[]): Promise<number> {
    return ids.length;
  }

  @CacheInvalidate({ key: ({ id }: User) => id && `user:${id}`, tags: ({ team }: User) => team as never })
  async forget(user: User): Promise<void> {
    this.runs.note('forget', user.id);
    (user as { id: string }).id = 'another';
  }

  @Cacheable({ key: (id: string) => id })
  async raw(id: string): Promise<string> {
    return id;
  }

  @Cacheable({ resultTags: (user: User) => [`team-${user.team}`] })
  async teamMate(id: string): Promise<User> {
    this.runs.note('teamMate', id);
    return { id, name: 'Grace', team: 'blue' };
  }

  @Cacheable()
  async anything(...args: unknown[]): Promise<unknown> {
    this.runs.note('anything', args.length);
    if (this.failure) throw this.failure;
    return this.answer;
  }

  @Cacheable()
  async other(...args: unknown[]): Promise<unknown> {
    this.runs.note('other', args.length);
    return 'other';
  }

  @Cacheable({ condition: (fresh: boolean) => !fresh, unless: (result: unknown) => result === 'partial' })
  async careful(fresh: boolean): Promise<unknown> {
    this.runs.note('careful', fresh);
    return this.answer;
  }

  @Cacheable({ ttl: (kind: string) => (kind === 'long' ? 3600 : 60), key: (kind: string) => kind, namespace: 'kinds' })
  async ofKind(kind: string): Promise<string> {
    return kind;
  }

  @Cacheable({
    key: function (this: unknown, id: string) {
      return `${typeof this}:${id}`;
    },
  })
  async withThis(id: string): Promise<string> {
    return id;
  }

  @Cacheable({
    key: (): string => {
      throw new RangeError('no key today');
    },
  })
  async keyless(): Promise<string> {
    this.runs.note('keyless');
    return 'keyless';
  }

  @SetMetadata('above', 1)
  @Cacheable()
  @SetMetadata('below', 2)
  async described(first: string, second: number): Promise<void> {
    this.runs.note('described', first, second);
  }
}

async function start(cache?: Parameters<typeof startApp>[1]) {
  const app = await startApp({ providers: [UsersService] }, cache);
  return { app, users: app.get(UsersService), cache: app.get(CacheManagerService) };
}

afterEach(closeApps);

describe('@Cacheable', () => {
  it('runs the method once and returns the same from then on', async () => {
    const { users } = await start();
    expect(await users.find('1')).toEqual({ id: '1', name: 'Ada', team: 'red' });
    expect(await users.find('1')).toEqual({ id: '1', name: 'Ada', team: 'red' });
    await users.find('2');
    expect(users.runs.log).toEqual(['find "1"', 'find "2"']);
  });

  it('runs once for a hundred callers at the same time', async () => {
    const { users } = await start();
    const found = await Promise.all(Array.from({ length: 100 }, () => users.find('1')));
    expect(new Set(found.map(({ name }) => name))).toEqual(new Set(['Ada']));
    expect(users.runs.of('find')).toBe(1);
  });

  it('runs once for the callers of two applications on one Redis', async () => {
    const redis = redisOptions();
    const [one, two] = [await start({ redis }), await start({ redis })];
    await Promise.all(Array.from({ length: 50 }, () => [one.users.find('1'), two.users.find('1')]).flat());
    expect(one.users.runs.of('find') + two.users.runs.of('find')).toBe(1);
  });

  it('stores under the key that the options make, where the cache manager finds it', async () => {
    const { users, cache } = await start();
    await users.find('1');
    expect(await cache.get('user:1')).toMatchObject({ name: 'Ada' });
    await cache.delete('user:1');
    await users.find('1');
    expect(users.runs.of('find')).toBe(2);
  });

  it('makes tags of the arguments', async () => {
    const { users, cache } = await start();
    await Promise.all([users.find('1'), users.find('2')]);
    await cache.invalidateByTag('user-1');
    await Promise.all([users.find('1'), users.find('2')]);
    expect(users.runs.log).toEqual(['find "1"', 'find "2"', 'find "1"']);
  });

  it('makes tags of the result', async () => {
    const { users, cache } = await start();
    await users.teamMate('1');
    await users.teamMate('1');
    expect(users.runs.of('teamMate')).toBe(1);
    await cache.invalidateByTag('team-blue');
    await users.teamMate('1');
    expect(users.runs.of('teamMate')).toBe(2);
  });

  it('makes TTL and namespace of the options', async () => {
    const redis = redisOptions();
    const { app, users } = await start({ redis });
    await Promise.all([users.ofKind('long'), users.ofKind('short')]);
    const client = cacheOf(app).connection!.client as any;
    const ttl = (kind: string): Promise<number> => client.pttl(`${redis.keyPrefix}kinds|${kind}`);
    expect(await ttl('long')).toBeGreaterThan(60_000);
    expect(await ttl('short')).toBeLessThanOrEqual(60_000);
    expect(await ttl('short')).toBeGreaterThan(0);
  });

  it('caches null', async () => {
    const { users } = await start();
    users.answer = null;
    expect([await users.anything(), await users.anything()]).toEqual([null, null]);
    expect(users.runs.of('anything')).toBe(1);
  });

  it('does not cache undefined, which stands for nothing found', async () => {
    const { users } = await start();
    users.answer = undefined;
    expect([await users.anything(), await users.anything()]).toEqual([undefined, undefined]);
    expect(users.runs.of('anything')).toBe(2);
  });

  it('caches nothing when the method throws, and throws the same error', async () => {
    const { users } = await start();
    users.failure = new RangeError('no luck');
    await expect(users.anything()).rejects.toBe(users.failure);
    users.failure = undefined;
    expect(await users.anything()).toBe('answer');
    expect(users.runs.of('anything')).toBe(2);
  });

  it('neither reads nor stores when the condition says no', async () => {
    const { users } = await start();
    await users.careful(false);
    await users.careful(true);
    await users.careful(true);
    expect(users.runs.of('careful')).toBe(3);
    await users.careful(false);
    expect(users.runs.of('careful')).toBe(3);
  });

  it('returns but does not store what unless refuses', async () => {
    const { users } = await start();
    users.answer = 'partial';
    expect(await users.careful(false)).toBe('partial');
    users.answer = 'whole';
    expect(await users.careful(false)).toBe('whole');
    users.answer = 'partial';
    expect(await users.careful(false)).toBe('whole');
  });

  it('gives a key function no object: a key is made of arguments alone', async () => {
    const { users, cache } = await start();
    await users.withThis('1');
    expect(await cache.exists('undefined:1')).toBe(true);
  });

  it('rejects with what a key function throws, and does not run the method', async () => {
    const { users } = await start();
    await expect(users.keyless()).rejects.toThrow(new RangeError('no key today'));
    expect(users.runs.log).toEqual([]);
  });

  it.each<[string, unknown[], unknown[]]>([
    ['a number and its text', [1], ['1']],
    ['null and undefined', [null], [undefined]],
    ['null and its text', [null], ['null']],
    ['nothing and null', [], [null]],
    ['lists cut elsewhere', ['a', 'b'], ['a,b']],
    ['one list and two arguments', [['a', 'b']], ['a', 'b']],
    ['a date and its text', [new Date(0)], [new Date(0).toISOString()]],
    ['numbers and big integers', [1], [1n]],
    ['a map and an object', [new Map([['a', 1]])], [{ a: 1 }]],
    ['nested objects', [{ a: { b: 1 } }], [{ a: { b: 2 } }]],
  ])('keeps %s apart without a key of its own', async (_what, one, two) => {
    const { users } = await start();
    await users.anything(...one);
    await users.anything(...two);
    await users.anything(...one);
    await users.anything(...two);
    expect(users.runs.of('anything')).toBe(2);
  });

  it('takes objects with equal fields for the same argument, whatever their order', async () => {
    const { users } = await start();
    await users.anything({ page: 1, filter: { a: 1, b: 2 } });
    await users.anything({ filter: { b: 2, a: 1 }, page: 1 });
    expect(users.runs.of('anything')).toBe(1);
  });

  it('keeps methods with equal arguments apart', async () => {
    const { users } = await start();
    expect([await users.anything(1), await users.other(1)]).toEqual(['answer', 'other']);
  });

  it('keeps name, length and the metadata of decorators above and below', () => {
    const method = UsersService.prototype.described;
    expect([method.name, method.length]).toEqual(['described', 2]);
    expect(Reflect.getMetadata('above', method)).toBe(1);
    expect(Reflect.getMetadata('below', method)).toBe(2);
    expect(Reflect.getMetadata('design:paramtypes', UsersService.prototype, 'described')).toEqual([String, Number]);
  });
});

describe('a key that is none', () => {
  it.each([undefined, null, 7, ''])('names class and method: %p', async (id) => {
    const { users } = await start();
    const message = /^@Cacheable on UsersService\.raw: its key is (empty|no text \(.*\)) for these arguments\.$/;
    await expect(users.raw(id as never)).rejects.toMatchObject({
      code: 'CACHE_INVALID_KEY',
      message: expect.stringMatching(message),
    });
  });
});

describe('@CachePut', () => {
  it('runs always and replaces what was cached', async () => {
    const { users } = await start();
    await users.find('1');
    await users.save('1', 'Grace');
    await users.save('1', 'Linus');
    expect((await users.find('1')).name).toBe('Linus');
    expect(users.runs.log).toEqual(['find "1"', 'save "1" "Grace"', 'save "1" "Linus"']);
  });

  it('drops what was cached when the method throws: it may have changed something before', async () => {
    const { users } = await start();
    await users.find('1');
    users.failure = new RangeError('no luck');
    await expect(users.save('1', 'Grace')).rejects.toBe(users.failure);
    expect((await users.find('1')).name).toBe('Ada');
    expect(users.runs.of('find')).toBe(2);
  });
});

describe('@CacheInvalidate', () => {
  it('invalidates a key after the method and returns what it returned', async () => {
    const { users } = await start();
    await Promise.all([users.find('1'), users.find('2')]);
    expect(await users.remove('1')).toBe('removed 1');
    await Promise.all([users.find('1'), users.find('2')]);
    expect(users.runs.log).toEqual(['find "1"', 'find "2"', 'remove "1"', 'find "1"']);
  });

  it('invalidates nothing when the method throws', async () => {
    const { users } = await start();
    await users.find('1');
    users.failure = new RangeError('no luck');
    await expect(users.remove('1')).rejects.toBe(users.failure);
    await users.find('1');
    expect(users.runs.of('find')).toBe(1);
  });

  it.each<[string, (users: UsersService) => Promise<unknown>]>([
    ['tags', (users) => users.removeAll(true)],
    ['tags of the result', (users) => users.rename('Grace')],
    ['patterns', (users) => users.removeMatching('user:')],
    ['keys', (users) => users.removeMany('0', '1')],
  ])('invalidates by %s', async (_kind, invalidate) => {
    const { users } = await start();
    await users.find('1');
    await invalidate(users);
    await users.find('1');
    expect(users.runs.of('find')).toBe(2);
  });

  it('goes by the arguments as they were at the call', async () => {
    const { users } = await start();
    await users.find('1');
    await users.forget({ id: '1', name: 'Ada', team: ['red'] as never });
    await users.find('1');
    expect(users.runs.of('find')).toBe(2);
  });

  it.each<[string, Partial<Record<keyof User, unknown>>, RegExp]>([
    [
      'no key',
      { team: [] },
      /@CacheInvalidate on UsersService\.forget:.*\s+key: expected a key for these arguments, got undefined/,
    ],
    ['an empty key', { id: '', team: [] }, /key: expected a key for these arguments, got ""/],
    ['tags that are no list', { id: '1', team: 'red' }, /@CacheInvalidate on UsersService\.forget:.*\s+tags: expected/],
  ])('runs nothing when its functions return %s', async (_what, user, message) => {
    const { users } = await start();
    await expect(users.forget(user as never)).rejects.toThrow(message);
    expect(users.runs.log).toEqual([]);
  });

  it('invalidates nothing when the condition says no', async () => {
    const { users } = await start();
    await users.find('1');
    await users.removeAll(false);
    await users.find('1');
    expect(users.runs.of('find')).toBe(1);
  });

  it('does not let a load that began before it be stored', async () => {
    const { users, cache } = await start();
    let finish!: (value: string) => void;
    let reading!: Promise<string>;
    await new Promise<void>((begun) => {
      reading = cache.getOrSet('user:1', () => {
        begun();
        return new Promise((resolve) => (finish = resolve));
      });
    });
    await users.remove('1');
    finish('older');
    expect(await reading).toBe('older');
    expect((await users.find('1')).name).toBe('Ada');
  });
});
