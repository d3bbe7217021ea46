// The table of torture: every cache on one server, with the same seeds and the same faults, by the common judgement.
const CACHES = ['mobius', 'bentocache'];
const FIRST_SEED = 1_000;
const COMMON = ['--judgement', 'common', '--topology', 'single', '--seed', String(FIRST_SEED)];

/** `run(args)` runs a program of this repository and resolves to what it has measured. `broken`: guarantees of ours. */
export async function measureTorture({ run, seeds, quick }) {
  const sizes = ['--seeds', String(quick ? 1 : seeds), ...(quick ? ['--faults', '2'] : [])];
  const runs = [];
  for (const adapter of CACHES) runs.push(await run(['tools/torture.mjs', ...COMMON, ...sizes, '--adapter', adapter]));
  const [ours] = runs;
  // Reads that come before a message are no breach of ours; an old value that stays (G1), or an error (G10), is.
  const broken = ours.stayed + ours.errors === 0 ? [] : [`torture: ${ours.name} broke a guarantee; see above`];
  const versions = [...new Set(runs.flatMap(({ measured }) => measured.versions))];
  const measured = { date: ours.measured.date, versions };
  return { tables: [{ title: 'Torture', rows: runs.map(rowOf), measured }], broken };
}

const thousands = (count) => count.toLocaleString('en');

/** No cell is empty: the summary finds them by their place. */
function rowOf({ name, seeds, faults, reads, writes, errors, stale, maxAgeMs, looked, stayed }) {
  return {
    what: name,
    seeds: seeds.join(' to '),
    faults,
    reads: thousands(reads),
    writes: thousands(writes),
    errors,
    'stale reads': thousands(stale),
    share: `${((100 * stale) / reads).toFixed(2)} %`,
    'the oldest': stale > 0 ? `${thousands(maxAgeMs)} ms` : '–',
    'old values that stayed': `${thousands(stayed)} of ${thousands(looked)} looked for`,
  };
}
