// A load reads the old state; the state changes and is invalidated; the load returns. Who serves the old value afterwards?
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { times } from './harness.mjs';
import { ADAPTERS, contestants } from './peers/adapters.mjs';

const ROUNDS = times(20, 2);
const BUS_MS = 100; // for those who tell each other by messages

const WAYS = {
  delete: (cache, key) => cache.delete(key),
  set: (cache, key, value) => cache.set?.(key, value, { ttl: 60, tags: [`tag:${key}`] }),
  'tag invalidation': (cache, key) => cache.invalidateTag?.(`tag:${key}`),
};
const CAN = { delete: 'delete', set: 'set', 'tag invalidation': 'invalidateTag' };

/** One race; what readers got afterwards: in the process that loaded, in another one, and who came before the load returned. */
async function race({ loader, by, other, way, key }) {
  let truth = 1;
  let began;
  let open;
  const started = new Promise((resolve) => (began = resolve));
  const gate = new Promise((resolve) => (open = resolve));
  const options = { ttl: 60, tags: [`tag:${key}`] };
  const load = async () => {
    const value = truth;
    began();
    await gate;
    return value;
  };
  const loading = loader.getOrSet(key, load, options);
  await started;
  truth = 2;
  await WAYS[way](by, key, truth);
  const late = loader.getOrSet(key, async () => truth, options);
  await sleep(1);
  open();
  await loading;
  const cameLate = await late;
  await sleep(BUS_MS);
  const read = (cache) => cache.getOrSet(key, async () => truth, options);
  return { late: cameLate, here: await read(loader), there: await read(other) };
}

export async function races({ url }) {
  const rows = [];
  for (const name of contestants()) {
    const prefix = `bench-${randomUUID()}:`;
    // Two caches with connections and memory of their own are to each other what two processes are.
    const open = () => ADAPTERS[name]({ url, prefix, commandTimeout: 5_000 });
    const [loader, other] = await Promise.all([open(), open()]);
    const row = { what: loader.name };
    let late = 0;
    for (const way of Object.keys(WAYS)) {
      for (const [where, by] of [
        ['here', loader],
        ['elsewhere', other],
      ]) {
        const can = by[CAN[way]] !== undefined;
        const runs = Array.from({ length: can ? ROUNDS : 0 }, (_, i) =>
          race({ loader, by, other, way, key: `${way}:${where}:${i}`.replaceAll(' ', '-') }),
        );
        const results = await Promise.all(runs);
        const stale = results.filter(({ here, there }) => here === 1 || there === 1).length;
        late += by === loader ? results.filter((result) => result.late === 1).length : 0;
        row[`${way} ${where}`] = can ? `${stale} of ${ROUNDS}` : '–';
      }
    }
    row['callers who came after it'] = `${late} of ${ROUNDS * Object.values(CAN).filter((can) => loader[can]).length}`;
    row.goal = name === 'mobius' ? '0' : '';
    await Promise.all([loader.close(), other.close()]);
    rows.push(row);
  }
  return [{ title: 'Stale values after an invalidation during a load', rows }];
}
