import { Redis } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import { RedisEnv } from '../../support/redis-env.js';
import { Program } from '../../support/program.js';
import { uniquePrefix } from '../../support/unique-prefix.js';
import type { Violation } from './worker.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';
const PROCESSES = 3;

interface Race {
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
}

/** G1, G2 and G3 where they are hard: between processes on one Redis. */
describe.each([
  ['Redis alone', { L1: 'off' }],
  ['a tier of their own before Redis', { L1: 'on' }],
])('processes that share a cache, with %s', (_tier, tier) => {
  let truth: Redis;
  let prefix: string;
  const programs: Program[] = [];

  async function start(env: Record<string, string> = {}): Promise<Program> {
    const program = await Program.start('test/integration/processes/worker.ts', {
      ...{ REDIS_URL, PREFIX: prefix },
      ...tier,
      ...env,
    });
    programs.push(program);
    await program.call('connect');
    return program;
  }

  const startAll = async (): Promise<Program[]> => Promise.all(Array.from({ length: PROCESSES }, () => start()));

  beforeEach(() => {
    prefix = uniquePrefix();
    truth = new Redis(REDIS_URL, { keyPrefix: `truth:${prefix}`, protocol: 2 });
  });

  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.kill()));
    truth.disconnect();
  });

  it.each([1, 2, 3])('never read what was invalidated before they began to (seed %d)', async (seed) => {
    const workers = await startAll();
    const races = (await Promise.all(workers.map((one, i) => one.call('race', seed * 10 + i, 8, 150)))) as Race[];
    expect(races.flatMap(({ violations }) => violations)).toEqual([]);
    // The race was one: values came out of the cache, and late loads were kept from it.
    const total = (name: string): number => races.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
    expect(total('hits')).toBeGreaterThan(100);
    expect(total('fills')).toBeGreaterThan(100);
    expect(total('fenced')).toBeGreaterThan(0);
  });

  it('never do so either while the connections that tell of changes are killed and scripts forgotten', async () => {
    const redis = await RedisEnv.process(); // of its own: nobody else shall suffer
    try {
      const workers = await Promise.all(Array.from({ length: PROCESSES }, () => start({ REDIS_URL: redis.url })));
      const race = { over: false };
      let faulted = 0;
      const faults = (async () => {
        for (; !race.over; faulted++) {
          await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await redis.command('SCRIPT', 'FLUSH');
        }
      })();
      const races: Race[] = [];
      for (let seed = 40; races.length === 0 || faulted <= 3; seed += 10) {
        races.push(...((await Promise.all(workers.map((one, i) => one.call('race', seed + i, 8, 150)))) as Race[]));
      }
      race.over = true;
      await faults;
      expect(races.flatMap(({ violations }) => violations)).toEqual([]);
    } finally {
      await Promise.all(programs.splice(0).map((program) => program.kill()));
      await redis.stop();
    }
  });

  it('run one load for all the callers of all processes', async () => {
    const workers = await startAll();
    const all = PROCESSES * 100;
    const values = (await Promise.all(workers.map((one) => one.call('stampede', 'cold', 100, all)))) as number[][];
    expect(values.flat()).toEqual(Array(all).fill(1));
    expect(await truth.get('loads:cold')).toBe('1');
  });

  /** A process in the middle of a load of `k`, which read version 1. */
  async function frozenInALoad(env: Record<string, string> = {}): Promise<{ late: Program; read: Promise<unknown> }> {
    const late = await start(env);
    await truth.set('k', 1);
    const read = late.call('heldRead', 'k');
    await eventually(() => truth.exists('started:k').then(Boolean), { what: 'the load runs' });
    late.freeze();
    await truth.set('k', 2);
    return { late, read };
  }

  it.each([
    ['delete', 'k'],
    ['invalidateByTag', 'tag-k'],
    ['clear', undefined],
  ])('keep the load of a process that slept through %s out of the cache', async (name, arg) => {
    const { late, read } = await frozenInALoad();
    const other = await start();
    await other.call(name, arg);
    await truth.set('gate:k', 1);
    late.thaw();
    expect(await read).toBe(1); // its own load, begun before the invalidation
    expect(await other.call('read', 'k')).toBe(2);
    await late.call('catchUp');
    expect(await late.call('read', 'k')).toBe(2);
  });

  it('do not let a process that slept overwrite what was set', async () => {
    const { late, read } = await frozenInALoad();
    const other = await start();
    expect(await other.call('set', 'k', 7)).toBe(true);
    await truth.set('gate:k', 1);
    late.thaw();
    await read;
    expect(await other.call('read', 'k')).toBe(7);
  });

  it.each(['dies', 'sleeps'])('take a load over from a process that %s', async (what) => {
    const { late, read } = await frozenInALoad({ LEASE_TIMEOUT: '300' });
    const lost = read.catch((error: unknown) => error);
    if (what === 'dies') await late.kill();
    const other = await start();
    expect(await other.call('read', 'k')).toBe(2);
    expect(await other.call('read', 'k')).toBe(2);
    expect(await other.call('counts')).toMatchObject({ loads: 1, hits: 1 });
    if (what === 'dies') {
      expect(await lost).toMatchObject({ code: 'PROGRAM_ENDED' });
      return;
    }
    await truth.set('gate:k', 1);
    late.thaw();
    await lost;
    await late.call('catchUp');
    expect(await late.call('read', 'k')).toBe(2); // its late fill was refused
  });
});
