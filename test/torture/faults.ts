import { setTimeout as wait } from 'node:timers/promises';
import type { Program } from '../support/program.js';
import { replicated, type Target } from './target.js';

/** What a fault may use; `draw` gives numbers from 0 to 1, by the seed. */
export interface Scene {
  readonly target: Target;
  readonly workers: Program[];
  readonly draw: () => number;
  /** A new worker in place of one that has died. */
  readonly replace: (worker: Program) => Promise<void>;
  /** Runs `run` while nobody invalidates. */
  readonly withoutWrites: (run: () => Promise<unknown>) => Promise<void>;
}

export type Fault = (scene: Scene) => Promise<unknown>;

// Time is what these faults are made of: how long something does not answer. Nothing waits for it to be over.
const between = (draw: () => number, from: number, to: number): number => from + draw() * (to - from);
const someMaster = async ({ target, draw }: Scene) => {
  const masters = await target.masters();
  return masters[Math.floor(draw() * masters.length)]!;
};
const someWorker = ({ workers, draw }: Scene): Program => workers[Math.floor(draw() * workers.length)]!;

const frozen = (from: number, to: number): Fault => {
  return async (scene) => {
    const master = await someMaster(scene);
    master.freeze();
    await wait(between(scene.draw, from, to));
    master.thaw();
  };
};

/** Faults of a server that stays who it is. */
const SERVER: Readonly<Record<string, Fault>> = {
  'listening connections killed': async (scene) =>
    (await someMaster(scene)).command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  'all connections killed': async (scene) => {
    const master = await someMaster(scene);
    for (const type of ['normal', 'pubsub']) await master.command('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  },
  'scripts flushed': async (scene) => (await someMaster(scene)).command('SCRIPT', 'FLUSH'),
  'Redis frozen': frozen(60, 400), // shorter than what makes a Cluster or Sentinel give it up
  'everything evicted': async (scene) => {
    const master = await someMaster(scene);
    await master.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await master.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await wait(between(scene.draw, 20, 100));
    await master.command('CONFIG', 'SET', 'maxmemory', '0');
  },
  'full, and evicting nothing': async (scene) => {
    const master = await someMaster(scene);
    await master.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await master.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await wait(between(scene.draw, 20, 200));
    await master.command('CONFIG', 'SET', 'maxmemory', '0');
  },
  flushed: async (scene) => (await someMaster(scene)).command('FLUSHALL'),
  'writes paused': async (scene) =>
    (await someMaster(scene)).command('CLIENT', 'PAUSE', Math.round(between(scene.draw, 20, 200)), 'WRITE'),
};

/** Faults of the processes that use the cache. */
const PROCESSES: Readonly<Record<string, Fault>> = {
  'a process stopped for a while': async (scene) => {
    const worker = someWorker(scene);
    worker.freeze();
    await wait(between(scene.draw, 50, 600));
    worker.thaw();
  },
  'a process killed': async (scene) => {
    const worker = someWorker(scene);
    await worker.kill();
    await scene.replace(worker);
  },
};

/** Faults of a server that nobody takes the place of. */
const ALONE: Readonly<Record<string, Fault>> = {
  'Redis frozen for long': frozen(3_000, 4_000), // longer than it takes a process to notice that it hears nothing
  'Redis killed and restarted with what it held': async (scene) => {
    const master = await someMaster(scene);
    let held: Buffer | undefined;
    await scene.withoutWrites(async () => {
      held = await master.snapshot(); // what it confirms after that would be lost with it, as a failover may lose it
      await master.kill();
    });
    await wait(between(scene.draw, 100, 600)); // what is invalidated now is still there when it is back
    await master.restart(held);
  },
  'Redis killed and restarted empty': async (scene) => {
    const master = await someMaster(scene);
    await master.kill();
    await wait(between(scene.draw, 0, 300));
    await master.restart();
  },
};

const failover = (how: 'politely' | 'killed'): Fault => {
  return ({ target, withoutWrites }) =>
    withoutWrites(async () => {
      await replicated(target);
      await target.failover?.(how);
    });
};

/** All faults that this target can suffer, by name, in the order of a run; those that use servers up come last. */
export function faultsOf(target: Target): Readonly<Record<string, Fault>> {
  return {
    ...SERVER,
    ...PROCESSES,
    ...(target.failover === undefined ? ALONE : { 'failover asked for': failover('politely') }),
    ...(target.spare > 0 ? { 'master killed': failover('killed') } : {}),
  };
}
