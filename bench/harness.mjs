// Interleaved measurement: base and candidates take turns in one process, so that a machine that slows down slows all of
// them. What is reported is the median of the ratios round by round, in CPU time and in elapsed time.

/** Few rounds: whether it runs, not how fast. Set by `--quick`; what was measured so is never written anywhere. */
export const QUICK = process.env.BENCH_QUICK === '1';

/** As many as are measured, or `few` with `--quick`. */
export const times = (many, few = 1) => (QUICK ? few : many);

/** The value below which this share of the values lies. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const median = (values) => percentile(values, 0.5);

/** Runs `operations` calls of `call`, `concurrency` at a time. */
async function drive(call, operations, concurrency) {
  let next = 0;
  const worker = async () => {
    while (next < operations) await call(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function measure({ call }, operations, concurrency) {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await drive(call, operations, concurrency);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / operations, ms: (ms * 1000) / operations };
}

/**
 * The first subject is the base. A subject is `{ name, call(i), goal? }`; `goal` is the ratio of CPU time we set
 * ourselves. Returns `{ title, rows }`: µs of CPU per operation, operations per second, and the ratios to the base.
 */
export async function compare(title, subjects, { operations: many, concurrency = 1, rounds: most = 9 }) {
  const [operations, rounds] = [times(many, Math.min(many, 100)), times(most)];
  for (const subject of subjects) await measure(subject, Math.ceil(operations / 4), concurrency); // warm up
  const samples = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) samples[i].push(await measure(subject, operations, concurrency));
  }
  const base = samples[0];
  const rows = subjects.map(({ name, goal }, i) => ({
    what: name,
    'CPU per call': `${median(samples[i].map(({ cpu }) => cpu)).toFixed(2)} µs`,
    'calls per second': Math.round(1e6 / median(samples[i].map(({ ms }) => ms))).toLocaleString('en'),
    'CPU ×': median(samples[i].map(({ cpu }, round) => cpu / base[round].cpu)).toFixed(2),
    'time ×': median(samples[i].map(({ ms }, round) => ms / base[round].ms)).toFixed(2),
    goal: goal === undefined ? '' : `CPU ≤ ${goal} ×`,
  }));
  return { title: concurrency === 1 ? title : `${title}, ${concurrency} callers at a time`, rows };
}
