// One cache in a process of its own, driven by messages `{ id, what, args }`. A crash is a result, not the end of the bench.
import { setTimeout as sleep } from 'node:timers/promises';
import { ADAPTERS } from './adapters.mjs';

const [adapter, options] = [process.argv[2], JSON.parse(process.argv[3])];
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);
process.on('disconnect', () => process.exit());

const cache = await ADAPTERS[adapter](options);
let loads = 0;
let current = 'first';
let next = 0;

const commands = {
  /** Many callers of one key; ms until the last of them has its value, on the clock of all processes. */
  async stampede({ key, callers, loadMs }) {
    const load = async () => {
      loads++;
      await sleep(loadMs);
      return { key };
    };
    const before = loads;
    await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(key, load, { ttl: 60 })));
    return { end: Date.now(), loads: loads - before };
  },
  /** Callers that ask for new keys until told to stop; how long each call took. */
  async readNewKeys({ callers, loadMs, ms }) {
    const took = [];
    let errors = 0;
    const until = performance.now() + ms;
    const caller = async () => {
      while (performance.now() < until) {
        const start = performance.now();
        const key = `new:${next++}`;
        await cache.getOrSet(key, () => sleep(loadMs, key), { ttl: 60 }).catch(() => errors++);
        took.push(performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return { took, errors, unhandled };
  },
  async read({ key }) {
    return cache.getOrSet(key, () => current, { ttl: 60 });
  },
  /** Reads in a loop until the value is not `old` any more; when that was, on the clock of all processes. */
  async readUntilNot({ key, old, value }) {
    current = value;
    const until = Date.now() + 5_000;
    while (Date.now() < until) {
      if ((await cache.getOrSet(key, () => current, { ttl: 60 })) !== old)
        return performance.timeOrigin + performance.now();
      await new Promise(setImmediate);
    }
    return undefined;
  },
  async change({ key, value }) {
    current = value;
    const start = performance.timeOrigin + performance.now();
    await cache.delete(key);
    return start;
  },
  /** Bytes of heap for each of `count` small entries that are held in this process. */
  async heap({ count }) {
    const used = () => {
      for (let i = 0; i < 4; i++) globalThis.gc();
      return process.memoryUsage().heapUsed;
    };
    const entry = (i) => ({ id: i, name: `user ${i}`, email: `user${i}@example.com`, active: true, visits: i % 100 });
    // Several times: what one stores itself, it may hold only when it reads it.
    const hold = async (from, to) => {
      for (let round = 0; round < 3; round++) {
        for (let i = from; i < to; i++) await cache.getOrSet(`user:${i}`, () => entry(i), { ttl: 3_600 });
      }
    };
    const warm = count / 4; // compiled code, pools and buffers are there then
    await hold(0, warm);
    const before = used();
    await hold(warm, warm + count);
    return (used() - before) / count;
  },
};

process.on('message', async ({ id, what, args }) => {
  try {
    process.send({ id, result: await commands[what](args ?? {}) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.send({ id: 'ready' });
