import { FakeClock } from '@mobius1/kernel';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../support/program-main.js';
import type { StrictRules, TortureAdapter, TortureAdapterModule, TortureRedis } from './adapter.js';
import { Truth } from './truth.js';

const { TRUTH_URL = '', ADAPTER = '', PREFIX = '', REDIS = '{}', SKEW_MS = '0', JUDGEMENT = '' } = process.env;

// The wall clock of this process is wrong by some seconds, as clocks are.
const realNow = Date.now.bind(Date);
Date.now = () => realNow() + Number(SKEW_MS);

const truth = new Truth(TRUTH_URL, realNow);
/** Keys that are only invalidated, and keys that are set as well, by one writer at a time. */
const LOADED = ['a', 'b', 'c'];
const SET = ['x', 'y'];
const KEYS = [...LOADED, ...SET];
const optionsOf = (keys: readonly string[]) => ({ ttl: 60, tags: [...keys.map((key) => `tag-${key}`), 'all'] });
const READ_SHARE = 0.85;
const BATCH_SHARE = 0.2;
/** What a process has to do, after the last fault or without any, before the run may end. */
const ENOUGH = { reads: 500, writes: 50 };
/** How long after the last call an old value is still on its way out, where a cache cannot say. Longer, and it stays. */
const QUIET_MS = 5_000;

/** With its strict rules; without them for the common judgement, so that every cache is asked and excused the same. */
let adapter: Omit<TortureAdapter, 'strict'> & StrictRules;
let stopped = false;
/** Resolves when the callers may go on; absent while they do. */
let pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;
let parked = 0;
let tasksRunning = 0;
/** Nobody writes: what a failover may lose is documented, not tortured. */
let held = false;
let writing = 0;
const counts = { reads: 0, localReads: 0, loads: 0, writes: 0, untold: 0 };
/** What `counts` was when this was asked first whether it is enough. */
let counted: Readonly<typeof counts> | undefined;
/** Invalidations of this process that others could not be told of when they returned. */
const untold: { key: string; version: number; by: string }[] = [];

type Draw = () => number;
const pick = <T>(from: readonly T[], draw: Draw): T => from[Math.floor(draw() * from.length)]!;

/** Other processes know of what this one has invalidated: from now on they may be blamed. */
async function settle(): Promise<void> {
  if (untold.length === 0 || (adapter.untold?.() ?? 0) > 0) return;
  for (const { key, version, by } of untold.splice(0)) await truth.raise(key, version, by);
}

async function wrote(key: string, version: number, by: string): Promise<void> {
  counts.writes++;
  untold.push({ key, version, by });
  if ((adapter.untold?.() ?? 0) > 0) counts.untold++;
  await settle();
}

async function invalidate(key: string, draw: Draw): Promise<void> {
  const { invalidations = [] } = adapter;
  const version = await truth.commit(key);
  const ways: [string, () => Promise<unknown>][] = [
    ['delete', () => adapter.delete(key)],
    ['tag', () => adapter.invalidateTag(`tag-${key}`)],
    ['common tag', () => adapter.invalidateTag('all')],
    ...invalidations.map(([by, way]): [string, () => Promise<unknown>] => [by, () => way(key)]),
  ];
  const [by, way] = pick(ways, draw);
  await way();
  await wrote(key, version, by);
}

async function set(key: string, draw: Draw): Promise<void> {
  await truth.alone(key, async () => {
    if (draw() < 0.3) return invalidate(key, draw);
    let version = 0;
    const make = async (): Promise<number> => (version = await truth.commit(key));
    const { put } = adapter;
    if (put !== undefined && draw() < 0.3) {
      await put(key, make, optionsOf([key]));
      return wrote(key, version, 'put');
    }
    await adapter.set(key, await make(), optionsOf([key]));
    return wrote(key, version, 'set');
  });
}

async function write(draw: Draw): Promise<void> {
  if (held) return;
  writing++;
  try {
    await (draw() < 0.6 ? invalidate(pick(LOADED, draw), draw) : set(pick(SET, draw), draw));
  } finally {
    writing--;
  }
}

/** Reads, and judges what came by what had been invalidated before. */
async function read(draw: Draw): Promise<void> {
  const keys = [pick(KEYS, draw)];
  const batch = adapter.getOrSetMany !== undefined && draw() < BATCH_SHARE;
  if (batch)
    keys.push(
      pick(
        LOADED.filter((key) => key !== keys[0]),
        draw,
      ),
    );
  const floors = await Promise.all(keys.map((key) => truth.floor(key)));
  const heardAll = await adapter.catchUp?.();
  const { loads } = counts;
  const began = realNow();
  const values = batch ? await readBatch(keys, draw) : [await readOne(keys[0]!, draw)];
  const local = counts.loads === loads;
  const heard = heardAll?.() ?? false;
  counts.reads++;
  if (local) counts.localReads++;
  const what = `read${batch ? ' with another' : ''} (${local ? 'no load meanwhile' : 'perhaps loaded'})`;
  for (const [i, key] of keys.entries())
    await judge({ key, value: values[i], floor: floors[i] ?? 0, began, what, heard });
}

interface Read {
  readonly key: string;
  readonly value: number | undefined;
  readonly floor: number;
  readonly began: number;
  readonly what: string;
  /** This process could hear of every invalidation. */
  readonly heard: boolean;
}

/** True when the value was stale, and nothing excuses that. */
async function judge({ key, value, floor, began, what, heard }: Read): Promise<boolean> {
  if (value === undefined || value >= floor) return false;
  const { returnedAt, by } = await truth.missed(key, value);
  const ageMs = began - returnedAt;
  const { graceMs } = adapter;
  if (!heard && graceMs !== undefined && ageMs <= graceMs) return false;
  await truth.report({ key, value, floor, ageMs, what, by });
  return true;
}

/** Looks whether the cache still has an old value of this key, when all is quiet (G1). */
async function staysOld(key: string): Promise<boolean> {
  const until = realNow() + (adapter.catchUp === undefined ? QUIET_MS : 0);
  for (;;) {
    const floor = await truth.floor(key);
    const began = realNow();
    const value = await adapter.get(key);
    if (value === undefined || value >= floor || began >= until) {
      counts.reads++;
      return judge({ key, value, floor, began, what: 'stored', heard: true });
    }
    await wait(50);
  }
}

/** A source that answers later than it reads. */
async function load(key: string, draw: Draw): Promise<number> {
  counts.loads++;
  const version = await truth.version(key);
  for (let ticks = draw() * 8; ticks > 1; ticks--) await truth.tick();
  return version;
}

function readOne(key: string, draw: Draw): Promise<number | undefined> {
  return draw() < 0.8 ? adapter.getOrSet(key, () => load(key, draw), optionsOf([key])) : adapter.get(key);
}

async function readBatch(keys: readonly string[], draw: Draw): Promise<readonly (number | undefined)[]> {
  const loadAll = async (missing: readonly string[]): Promise<ReadonlyMap<string, number>> =>
    new Map(await Promise.all(missing.map(async (key) => [key, await load(key, draw)] as const)));
  return (await adapter.getOrSetMany?.(keys, loadAll, optionsOf(keys))) ?? [];
}

async function task(seed: number): Promise<void> {
  const dice = new FakeClock(0, seed);
  const draw = (): number => dice.random();
  while (!stopped) {
    if (pause !== undefined) {
      parked++;
      await pause.over;
      parked--;
    }
    try {
      await (draw() < READ_SHARE ? read(draw) : write(draw));
      await settle();
    } catch (error) {
      await truth.reportError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }
}

process.on('unhandledRejection', (error) => void truth.reportError(`unhandled: ${String(error)}`));

let running: Promise<unknown> = Promise.resolve();

serve({
  start: async () => {
    const { createAdapter } = (await import(resolve(ADAPTER))) as TortureAdapterModule;
    const { strict, ...plain } = await createAdapter(JSON.parse(REDIS) as TortureRedis, PREFIX);
    adapter = JUDGEMENT === 'strict' ? { ...plain, ...strict } : plain;
    return adapter.name;
  },
  run: (seed: number, tasks: number) => {
    tasksRunning = tasks;
    running = Promise.all(Array.from({ length: tasks }, (_, number) => task(seed * 1_000 + number)));
  },
  /** Ends all tasks; what they did. */
  stop: async () => {
    stopped = true;
    await running;
    return { ...counts, ...adapter.counts?.() };
  },
  pause: () => {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    pause = { over, end };
  },
  resume: () => {
    pause?.end();
    pause = undefined;
  },
  hold: (hold: boolean) => {
    held = hold;
  },
  /** True when this process has nothing left to tell. */
  settled: async () => {
    await settle();
    return untold.length === 0 && (!held || writing === 0) && (pause === undefined || parked === tasksRunning);
  },
  /** True when this process has done enough since it was asked first. */
  worked: () => {
    counted ??= { ...counts };
    return counts.reads - counted.reads >= ENOUGH.reads && counts.writes - counted.writes >= ENOUGH.writes;
  },
  /** The keys of which this process still gets an old value when all is quiet, out of all keys. */
  check: async () => {
    await adapter.catchUp?.();
    const old = await Promise.all(KEYS.map(staysOld));
    return { looked: KEYS, stayed: KEYS.filter((_, i) => old[i]) };
  },
  /** Deletes what has stayed, so that it is counted once. */
  forget: async (keys: readonly string[]) => {
    for (const key of keys) await adapter.delete(key);
  },
  close: () => adapter.close(),
});
