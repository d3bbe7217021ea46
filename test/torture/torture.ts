import { FakeClock } from '@mobius1/kernel';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { RedisEnv } from '../support/redis-env.js';
import type { Judgement } from './adapter.js';
import { faultsOf, type Scene } from './faults.js';
import { startTarget, type Topology } from './target.js';
import { type StaleRead, Truth } from './truth.js';

export interface TortureOptions {
  /** Path of an adapter from the root of the repository. @default this cache */
  readonly adapter?: string;
  readonly seed: number;
  /** @default 'strict' */
  readonly judgement?: Judgement;
  readonly topology?: Topology;
  /** @default 4 */
  readonly processes?: number;
  /** Concurrent callers in each process. @default 6 */
  readonly tasks?: number;
  /** How many faults; each kind comes before any comes again. @default every kind once */
  readonly faults?: number;
  /** Only faults whose name contains this. @default all */
  readonly only?: string;
  /** Set for every process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TortureReport {
  readonly name: string;
  readonly seed: number;
  readonly judgement: Judgement;
  readonly topology: Topology;
  readonly counts: Readonly<Record<string, number>>;
  /** How often each kind of fault came. */
  readonly faults: Readonly<Record<string, number>>;
  /** Reads that began after an invalidation had returned, and got what was there before; strictly judged, those that broke a guarantee. */
  readonly stale: readonly StaleRead[];
  /** Keys looked at after each fault, when all was quiet, and those of which some process still got an old value. */
  readonly kept: { readonly looked: number; readonly stayed: number };
  /** What was thrown at callers; a cache fails no read. */
  readonly errors: readonly string[];
}

const OWN = 'test/torture/adapters/mobius.ts';
/** Wall clocks of the processes, in turn. */
const SKEWS_MS = [0, 2_000, -2_000];

/**
 * Several processes read, write and invalidate at random while their Redis, and they themselves, suffer one fault after the
 * other. Every read is judged by what had been invalidated before it began; so is, after each fault, everything that is stored,
 * while all callers pause. The seed decides what happens, not when: no two runs are the same.
 */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const {
    adapter = OWN,
    seed,
    judgement = 'strict',
    topology = 'single',
    processes = 4,
    tasks = 6,
    env = {},
  } = options;
  const dice = new FakeClock(0, seed);
  const draw = (): number => dice.random();
  const target = await startTarget(topology);
  const source = await RedisEnv.process();
  const truth = new Truth(source.url, () => Date.now());
  const workers: Program[] = [];
  const kept = { looked: 0, stayed: 0 };
  let started = 0;
  let name = '';

  const start = async (): Promise<Program> => {
    const number = started++;
    const worker = await Program.start('test/torture/worker.ts', {
      ...{ TRUTH_URL: source.url, ADAPTER: adapter, PREFIX: prefix, REDIS: JSON.stringify(target.redis) },
      ...{ JUDGEMENT: judgement, SKEW_MS: String(SKEWS_MS[number % SKEWS_MS.length]) },
      ...env,
    });
    name = String(await worker.call('start'));
    await worker.call('run', seed * 100 + number, tasks);
    return worker;
  };
  const all = (call: string, ...args: unknown[]): Promise<unknown[]> =>
    Promise.all(workers.map((worker) => worker.call(call, ...args)));
  const settled = (): Promise<unknown> =>
    eventually(async () => (await all('settled')).every(Boolean), { what: 'all is told', timeoutMs: 30_000 });
  /** Looks at what is stored when nobody reads or writes. */
  const quietly = async (): Promise<void> => {
    await all('pause');
    await settled();
    const looks = (await all('check')) as { looked: string[]; stayed: string[] }[];
    const stayed = [...new Set(looks.flatMap((look) => look.stayed))];
    kept.looked += looks[0]?.looked.length ?? 0;
    kept.stayed += stayed.length;
    await workers[0]?.call('forget', stayed);
    await all('resume');
  };
  const scene: Scene = {
    target,
    workers,
    draw,
    replace: async (worker) => {
      workers[workers.indexOf(worker)] = await start();
    },
    withoutWrites: async (run) => {
      await all('hold', true);
      await settled();
      await run();
      await all('hold', false);
    },
  };

  const prefix = `torture-${randomUUID()}:`;
  try {
    workers.push(...(await Promise.all(Array.from({ length: processes }, start))));
    const suffered = await suffer(scene, options, quietly);
    await eventually(async () => (await all('worked')).every(Boolean), { what: 'all have worked', timeoutMs: 30_000 });
    await quietly();
    const counts = sum(await all('stop'));
    const [stale, errors] = [await truth.stale(), await truth.errors()];
    await all('close');
    return { name, seed, judgement, topology, counts, faults: suffered, stale, kept, errors };
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    truth.close();
    await Promise.all([target.stop(), source.stop()]);
  }
}

/** One fault after the other, each kind before any comes again, those that use servers up last. */
async function suffer(
  scene: Scene,
  { only = '', faults: count }: TortureOptions,
  look: () => Promise<void>,
): Promise<Record<string, number>> {
  const faults = Object.entries(faultsOf(scene.target)).filter(([name]) => name.includes(only));
  const suffered: Record<string, number> = {};
  for (let done = 0; done < (count ?? faults.length); done++) {
    const [name, fault] = faults[done % faults.length]!;
    if (name === 'master killed' && (suffered[name] ?? 0) >= scene.target.spare) continue;
    await wait(100 + scene.draw() * 300); // what it is like between two faults counts as well
    await fault(scene);
    suffered[name] = (suffered[name] ?? 0) + 1;
    await look();
  }
  return suffered;
}

function sum(reports: readonly unknown[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const report of reports as Record<string, number>[]) {
    for (const [name, count] of Object.entries(report)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
