import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import type { TortureRedis } from './adapter.js';

export const TOPOLOGIES = ['single', 'sentinel', 'cluster'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

/** The Redis under torture. */
export interface Target {
  readonly redis: TortureRedis;
  /** The servers that are masters now. */
  masters(): Promise<readonly RedisProcess[]>;
  /** Another server becomes master: `politely`, or after kill -9. Absent where there is no other. */
  readonly failover?: (how: 'politely' | 'killed') => Promise<unknown>;
  /** How many of its servers may be killed for good. */
  readonly spare: number;
  stop(): Promise<void>;
}

/** An entry whose slot lies with the first master of a Cluster; the generations may lie elsewhere. */
const SOME_KEY = 'some-key';

export async function startTarget(topology: Topology): Promise<Target> {
  if (topology === 'single') {
    const server = await RedisEnv.process();
    return { redis: { url: server.url }, masters: async () => [server], spare: 0, stop: () => server.stop() };
  }
  if (topology === 'sentinel') {
    const sentinel = await RedisEnv.sentinel();
    return {
      redis: { sentinels: sentinel.addresses, name: sentinel.name },
      masters: async () => [await sentinel.master()],
      failover: (how) => (how === 'killed' ? sentinel.killMaster() : sentinel.failover()),
      spare: 1,
      stop: () => sentinel.stop(),
    };
  }
  const cluster = await RedisEnv.cluster();
  return {
    redis: { cluster: cluster.addresses },
    masters: () => cluster.masters(),
    failover: (how) => (how === 'killed' ? cluster.killMaster(SOME_KEY) : cluster.failover(SOME_KEY)),
    spare: 1,
    stop: () => cluster.stop(),
  };
}

/** Resolves when every replica has what its master has. */
export async function replicated({ masters }: Target): Promise<void> {
  for (const master of await masters()) {
    const replicas = async (): Promise<number> => ((await master.command('ROLE')) as unknown[][])[2]?.length ?? 0;
    await eventually(
      async () => {
        const info = String(await master.command('INFO', 'replication'));
        const offset = /master_repl_offset:(\d+)/.exec(info)?.[1];
        const lines = [...info.matchAll(/^slave\d+:.*offset=(\d+)/gm)];
        return lines.length === (await replicas()) && lines.every(([, at]) => Number(at) >= Number(offset) - 1_000);
      },
      { what: 'the replicas follow' },
    );
  }
}
