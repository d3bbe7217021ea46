import { eventually } from './eventually.js';
import type { RedisBinary } from './redis-binary.js';
import { RedisProcess } from './redis-process.js';

export interface RedisTopology {
  readonly nodes: readonly RedisProcess[];
  stop(): Promise<void>;
}

export interface ReplicaTopology extends RedisTopology {
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
  /** Kills the master and makes the replica the master, as an operator would by hand. */
  promote(): Promise<RedisProcess>;
}

/** One second is the shortest, and without the delay a first synchronisation waits five. */
export const REPLICATION_ARGS: readonly string[] = [
  '--repl-diskless-sync-delay',
  '0',
  '--repl-ping-replica-period',
  '1',
];

/** One master and one replica that is in step with it. */
export async function startReplica(binary: RedisBinary): Promise<ReplicaTopology> {
  const master = await RedisProcess.start(binary, { args: REPLICATION_ARGS });
  const replicaOf = ['--replicaof', master.host, String(master.port)];
  const replica = await RedisProcess.start(binary, { args: [...REPLICATION_ARGS, ...replicaOf] });
  await waitForLink(replica);
  const nodes = [master, replica];
  return {
    nodes,
    master,
    replica,
    promote: async () => {
      await master.kill();
      await replica.command('REPLICAOF', 'NO', 'ONE');
      return replica;
    },
    stop: () => stopAll(nodes),
  };
}

/** Resolves when `replica` has the data of its master and follows it. */
export async function waitForLink(replica: RedisProcess): Promise<void> {
  const linked = async (): Promise<boolean> =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up');
  await eventually(linked, { what: `the replica on port ${replica.port} follows its master` });
}

export async function roleOf(node: RedisProcess): Promise<unknown> {
  const role = await node.command('ROLE');
  return Array.isArray(role) ? role[0] : undefined;
}

export async function stopAll(nodes: readonly RedisProcess[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()));
}
