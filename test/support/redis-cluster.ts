import { eventually } from './eventually.js';
import { randomPort } from './ports.js';
import type { RedisBinary } from './redis-binary.js';
import { RedisProcess } from './redis-process.js';
import { REPLICATION_ARGS, roleOf, stopAll, waitForLink, type RedisTopology } from './redis-replica.js';

export interface ClusterTopology extends RedisTopology {
  /** As in ioredis' `new Cluster(addresses)`. */
  readonly addresses: readonly { host: string; port: number }[];
  masters(): Promise<RedisProcess[]>;
  /** The living master that serves the slot of `key`. */
  masterOf(key: string): Promise<RedisProcess>;
  /** Every node sees a cluster that serves, and the same owners of slots. */
  agrees(): Promise<boolean>;
  /** A replica takes over from the master of `key` while both live; resolves to the new master. */
  failover(key: string): Promise<RedisProcess>;
  /** Kills the master of `key`; resolves to the new one, about 2 s later, when the whole cluster serves again. */
  killMaster(key: string): Promise<RedisProcess>;
}

const SLOTS = 16_384;
const MASTERS = 3;
/** Short enough for a test, long enough for six servers on two busy cores. */
const NODE_TIMEOUT_MS = 1_000;

interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly port: number;
}

/** Three masters with one replica each. A node that is restarted comes back empty and outside the cluster. */
export async function startCluster(binary: RedisBinary): Promise<ClusterTopology> {
  const nodes = await Promise.all(Array.from({ length: 2 * MASTERS }, () => startNode(binary)));
  await introduce(nodes);
  await attachReplicas(nodes);
  const living = (): RedisProcess[] => nodes.filter(({ running }) => running);
  await eventually(() => agree(living()), { what: 'the cluster serves all slots' });

  const masterOf = async (key: string): Promise<RedisProcess> => {
    const [observer] = living();
    const slot = Number(await observer?.command('CLUSTER', 'KEYSLOT', key));
    const range = observer && (await slotsSeenBy(observer)).find(({ from, to }) => from <= slot && slot <= to);
    return nodes.find(({ port }) => port === range?.port) ?? unserved(key);
  };
  const successor = (key: string, old: RedisProcess): Promise<RedisProcess> =>
    eventually(
      async () => {
        const node = await masterOf(key);
        return node !== old && (await agree(living())) && (await roleOf(node)) === 'master' && node;
      },
      { what: `a replica takes over the slot of ${key}` },
    );
  return {
    nodes,
    addresses: nodes.map(({ host, port }) => ({ host, port })),
    masterOf,
    agrees: () => agree(living()),
    masters: async () => {
      const roles = await Promise.all(living().map(async (node) => ({ node, role: await roleOf(node) })));
      return roles.filter(({ role }) => role === 'master').map(({ node }) => node);
    },
    failover: async (key) => {
      const old = await masterOf(key);
      const [, , replicas] = (await old.command('ROLE')) as [string, number, [string, string][]];
      const replica = nodes.find(({ port }) => String(port) === replicas[0]?.[1]) ?? unserved(key);
      await eventually(
        async () => {
          // Refused or given up by a replica that does not have everything yet.
          await replica.command('CLUSTER', 'FAILOVER').catch(() => undefined);
          return eventually(async () => (await roleOf(replica)) === 'master', {
            what: 'promotion',
            timeoutMs: 2_000,
          }).then(
            () => true,
            () => false,
          );
        },
        { what: `the replica of the master of ${key} takes over` },
      );
      return successor(key, old);
    },
    killMaster: async (key) => {
      const old = await masterOf(key);
      await old.kill();
      return successor(key, old);
    },
    stop: () => stopAll(nodes),
  };
}

function startNode(binary: RedisBinary): Promise<RedisProcess> {
  // Without it the port of the bus is 10000 higher, among those of outgoing connections. Redis 6 knows nothing else.
  const busPort = (): string[] =>
    Number.parseInt(binary.version) >= 7 ? ['--cluster-port', String(randomPort())] : [];
  const cluster = [
    '--cluster-enabled',
    'yes',
    '--cluster-announce-ip',
    '127.0.0.1',
    '--cluster-config-file',
    'nodes.conf',
  ];
  const haste = ['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--cluster-replica-validity-factor', '0'];
  return RedisProcess.start(binary, { args: () => [...REPLICATION_ARGS, ...cluster, ...haste, ...busPort()] });
}

/** Gives the masters their slots and makes everybody know everybody. */
async function introduce(nodes: readonly RedisProcess[]): Promise<void> {
  const busPorts = await Promise.all(nodes.map(busPortOf));
  await Promise.all(
    nodes.map(async (node, index) => {
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index < MASTERS) await node.command('CLUSTER', 'ADDSLOTS', ...slotsOf(index));
    }),
  );
  for (const [index, node] of nodes.entries()) {
    for (const [other, { host, port }] of nodes.entries()) {
      if (other < index) await node.command('CLUSTER', 'MEET', host, port, busPorts[other] ?? 0);
    }
  }
  await eventually(() => everybody(nodes, async (node) => (await knownTo(node)) === nodes.length), {
    what: 'all nodes of the cluster know each other',
  });
}

async function attachReplicas(nodes: readonly RedisProcess[]): Promise<void> {
  const replicas = nodes.slice(MASTERS);
  await Promise.all(
    replicas.map(async (replica, index) => {
      const id = String(await nodes[index]?.command('CLUSTER', 'MYID'));
      await replica.command('CLUSTER', 'REPLICATE', id);
      await waitForLink(replica);
    }),
  );
}

/** Every node sees a cluster that serves, and the same owners of slots, all alive. */
async function agree(nodes: readonly RedisProcess[]): Promise<boolean> {
  const ports = nodes.map(({ port }) => port);
  return everybody(nodes, async (node) => {
    if (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) return false;
    return (await slotsSeenBy(node)).every(({ port }) => ports.includes(port));
  });
}

async function everybody(
  nodes: readonly RedisProcess[],
  holds: (node: RedisProcess) => Promise<boolean>,
): Promise<boolean> {
  return (await Promise.all(nodes.map(holds))).every(Boolean);
}

async function knownTo(node: RedisProcess): Promise<number> {
  const lines = String(await node.command('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.filter((line) => !line.includes('handshake') && line.includes(' connected')).length;
}

/** `<id> 127.0.0.1:21000@22000 myself,master …` */
async function busPortOf(node: RedisProcess): Promise<number> {
  return Number(/@(\d+)/.exec(String(await node.command('CLUSTER', 'NODES')))?.[1]);
}

async function slotsSeenBy(node: RedisProcess): Promise<SlotRange[]> {
  const ranges = (await node.command('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  return ranges.map(([from, to, [, port]]) => ({ from, to, port }));
}

function slotsOf(master: number): number[] {
  const from = Math.floor((SLOTS * master) / MASTERS);
  const to = Math.floor((SLOTS * (master + 1)) / MASTERS);
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function unserved(key: string): never {
  throw new Error(`Nobody serves the slot of ${key} now.`);
}
