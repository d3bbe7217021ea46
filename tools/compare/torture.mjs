// The table of torture: this cache on every kind of Redis, another one where it can be run.
const OTHERS = ['bentocache'];
const FIRST_SEED = 1_000;
const COMMON = ['--seed', String(FIRST_SEED)];

/** `run(args)` runs a program of this repository and resolves to what it has measured. `broken`: guarantees of ours. */
export async function measureTorture({ run, seeds, quick }) {
  const sizes = ['--seeds', String(quick ? 1 : seeds), ...(quick ? ['--faults', '2'] : [])];
  const torture = (adapter, topology) =>
    run(['tools/torture.mjs', ...COMMON, ...sizes, '--adapter', adapter, '--topology', topology]);
  const ours = await torture('mobius', 'all');
  const runs = [ours];
  for (const adapter of OTHERS) runs.push(await torture(adapter, 'single'));
  const broken = ours.stale + ours.errors === 0 ? [] : [`torture: ${ours.name} broke a guarantee; see above`];
  const versions = [...new Set(runs.flatMap(({ measured }) => measured.versions))];
  const measured = { date: ours.measured.date, versions };
  return { tables: [{ title: 'Torture', rows: runs.map(rowOf), measured }], broken };
}

const thousands = (count) => count.toLocaleString('en');

function rowOf({ name, topologies, seeds, faults, reads, writes, errors, stale, maxAgeMs }) {
  return {
    what: name,
    Redis: topologies.join(', '),
    seeds: seeds.join(' to '),
    faults,
    reads: thousands(reads),
    writes: thousands(writes),
    errors,
    'stale reads': thousands(stale),
    'the oldest': stale > 0 ? `${maxAgeMs} ms after the invalidation` : '',
  };
}
