import { FakeClock } from '@mobius1/kernel';
import { Redis } from 'ioredis';
import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { serve } from '../../support/program-main.js';

const { REDIS_URL: url = '', PREFIX: prefix = '' } = process.env;

// The truth is in Redis too, beside the cache: there every process sees a write at once.
const truth = new Redis(url, { keyPrefix: `truth:${prefix}`, protocol: 2 });
const cache = new CacheInstance({
  redis: { url, keyPrefix: prefix, commandTimeout: 10_000 },
  leaseTimeout: Number(process.env.LEASE_TIMEOUT ?? 5_000),
  ...(process.env.L1 === 'off' ? { l1: false } : {}),
});
const { manager } = cache;

const NAMESPACE = 'race';
const KEYS = ['a', 'b', 'c'];
const READ_SHARE = 0.8;

/** Everything that makes what was loaded before void. */
const INVALIDATIONS: ((key: string) => Promise<unknown>)[] = [
  (key) => manager.delete(key, { namespace: NAMESPACE }),
  (key) => manager.invalidateByTag(`tag-${key}`),
  () => manager.invalidateByTag('late'),
  (key) => manager.invalidatePattern(`[${key}]`, { namespace: NAMESPACE }),
  () => manager.clear(NAMESPACE),
  (key) => manager.put(key, () => version(key), { namespace: NAMESPACE, ttl: 60, tags: [`tag-${key}`, 'late'] }),
];

const pick = <T>(from: readonly T[], draw: () => number): T => from[Math.floor(draw() * from.length)]!;

export interface Violation {
  readonly key: string;
  readonly value: number;
  readonly floor: number;
}

const version = async (key: string): Promise<number> => Number((await truth.get(key)) ?? 0);

/** Raises the floor: whoever begins to read from now on may not see less. */
const RAISE = `if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[1]) or 0) then redis.call('SET', KEYS[1], ARGV[1]) end`;

async function write(key: string, draw: () => number): Promise<void> {
  const committed = await truth.incr(key);
  await pick(INVALIDATIONS, draw)(key);
  await truth.eval(RAISE, 1, `floor:${key}`, committed);
}

async function read(key: string, draw: () => number): Promise<Violation | undefined> {
  const floor = Number((await truth.get(`floor:${key}`)) ?? 0);
  await cache.near?.catchUp(); // news of what was invalidated before takes one message
  const load = async (): Promise<number> => {
    const value = await version(key);
    if (draw() < 0.5) await truth.ping(); // a source that is slower than its data is fresh
    return value;
  };
  const lateTags = draw() < 0.5;
  const tags = lateTags ? () => [`tag-${key}`, 'late'] : [`tag-${key}`, 'late'];
  const value = await manager.getOrSet(key, load, { namespace: NAMESPACE, ttl: 60, tags });
  return value < floor ? { key, value, floor } : undefined;
}

/** Reads and writes at random; returns the reads that saw what had been invalidated before they began. */
async function race(seed: number, tasks: number, steps: number): Promise<{ violations: Violation[]; counts: object }> {
  const violations: Violation[] = [];
  const task = async (number: number): Promise<void> => {
    const dice = new FakeClock(0, seed * 1_000 + number);
    const draw = (): number => dice.random();
    for (let step = 0; step < steps; step++) {
      const key = pick(KEYS, draw);
      if (draw() >= READ_SHARE) {
        await write(key, draw);
        continue;
      }
      const violation = await read(key, draw);
      if (violation !== undefined) violations.push(violation);
    }
  };
  await Promise.all(Array.from({ length: tasks }, (_, number) => task(number)));
  return { violations, counts: { ...cache.engine.counts } };
}

/** Many callers of one cold key at once; the load lasts until the callers of all processes have come. */
async function stampede(key: string, callers: number, all: number): Promise<number[]> {
  const load = async (): Promise<number> => {
    const loads = await truth.incr(`loads:${key}`);
    while (Number(await truth.get(`callers:${key}`)) < all);
    return loads;
  };
  const reads = Array.from({ length: callers }, () => manager.getOrSet(key, load, { ttl: 60 }));
  await truth.incrby(`callers:${key}`, callers);
  return Promise.all(reads);
}

/** A read whose load is held until `gate` is set in Redis; says that it runs by setting `started`. */
async function heldRead(key: string): Promise<number> {
  return manager.getOrSet(
    key,
    async () => {
      const value = await version(key);
      await truth.set(`started:${key}`, 1);
      while ((await truth.get(`gate:${key}`)) === null);
      return value;
    },
    { ttl: 60, tags: [`tag-${key}`] },
  );
}

serve({
  connect: async () => {
    await cache.connect();
    while (cache.near?.coherence === 'deaf') await truth.ping();
  },
  catchUp: () => cache.near?.catchUp(),
  race,
  stampede,
  heldRead,
  read: (key: string) => manager.getOrSet(key, () => version(key), { ttl: 60, tags: [`tag-${key}`] }),
  delete: (key: string) => manager.delete(key),
  invalidateByTag: (tag: string) => manager.invalidateByTag(tag),
  clear: () => manager.clear(),
  set: (key: string, value: number) => manager.set(key, value, { ttl: 60 }),
  counts: () => ({ ...cache.engine.counts }),
});
