import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { typeCheck } from '../support/type-check.js';

const PROGRAMS = join(__dirname, 'programs');

/** Checks a program that is on no disk. */
const checkText = (text: string) => typeCheck([], new Map([[join(PROGRAMS, 'imagined.ts'), text]]));

const MISTAKES = `
import { cacheManager, CacheKeys, initializeRedis } from '@mobius1/cache/standalone';
async function main() {
  await cacheManager.set('k', 1, { ttl: 'soon' });
  await cacheManager.set('k', 1, { tll: 60 });
  await cacheManager.set('k');
  initializeRedis({ prot: 6379 });
  CacheKeys.document({ id: 1 });
  const user = await cacheManager.getOrSet('u', async () => ({ name: 'Ada' }), { ttl: (u) => u.name.length });
  user.age;
  const unknown = await cacheManager.get('k');
  unknown.name;
  await cacheManager.getOrSet('u', async () => 1, { unless: (n) => n.length > 0 });
  await cacheManager.increment('n', { ttl: true });
  await cacheManager.warmUp([{ key: 'k' }]);
}
void main();
`;

/** Exactly these say what they are: no annotation stands behind them. */
const INFERRED = `
import { cacheManager, CacheKeys, DefaultTTL, getRedisClient } from '@mobius1/cache/standalone';
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(proof?: T) => proof;
async function main() {
  const user = await cacheManager.getOrSet('u', async () => ({ name: 'Ada', at: new Date() }));
  same<Same<typeof user, { name: string; at: Date }>>();
  const now = await cacheManager.getOrSet('n', () => 1, { ttl: (n) => n, tags: (n) => [n.toFixed()], unless: (n) => n > 1 });
  same<Same<typeof now, number>>();
  const maybe = await cacheManager.getOrSet('m', async () => (Math.random() > 2 ? { id: 1 } : null), { ttl: DefaultTTL.day });
  same<Same<typeof maybe, { id: number } | null>>();
  const got = await cacheManager.get<{ name: string }>('u');
  same<Same<typeof got, { name: string } | undefined>>();
  const anything = await cacheManager.get('u');
  same<Same<typeof anything, unknown>>();
  const many = await cacheManager.getMany<number>(['a', 'b']);
  same<Same<typeof many, (number | undefined)[]>>();
  const count = await cacheManager.increment('c', { ttl: '1m', by: -2 });
  same<Same<typeof count, number>>();
  const { hitRate, memory } = await cacheManager.getStats();
  same<Same<typeof hitRate, number>>();
  same<Same<typeof memory, number>>();
  const key = CacheKeys.document(7n);
  same<Same<typeof key, string>>();
  const reply = await getRedisClient().getClient().get('k');
  same<Same<typeof reply, string | null>>();
}
void main();
`;

describe('the types of the standalone cache', () => {
  const programs = readdirSync(PROGRAMS).map((name) => join(PROGRAMS, name));

  it('let every program compile in strict mode', () => {
    expect(programs.length).toBeGreaterThan(5);
    expect(typeCheck(programs)).toEqual([]);
  });

  it('are inferred', () => {
    expect(checkText(INFERRED)).toEqual([]);
  });

  it('refuse mistakes where they are made', () => {
    const lines = checkText(MISTAKES).map(({ line }) => line);
    expect(lines).toEqual([4, 5, 6, 7, 8, 10, 12, 13, 14, 15]);
  });
});
