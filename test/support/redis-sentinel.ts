import { eventually } from './eventually.js';
import type { RedisBinary } from './redis-binary.js';
import { RedisProcess } from './redis-process.js';
import { roleOf, startReplica, stopAll, type RedisTopology } from './redis-replica.js';

export interface SentinelTopology extends RedisTopology {
  /** The name of the group, as in ioredis' `name`. */
  readonly name: string;
  /** As in ioredis' `sentinels`. */
  readonly addresses: readonly { host: string; port: number }[];
  readonly sentinels: readonly RedisProcess[];
  /** The master that all sentinels name now. */
  master(): Promise<RedisProcess>;
  /** Changes master and replica while both live; resolves to the new master. */
  failover(): Promise<RedisProcess>;
  /** Kills the master; resolves to the new one, about 2 s later. */
  killMaster(): Promise<RedisProcess>;
}

const NAME = 'mymaster';
const QUORUM = 2;
/** Half a second is long enough for a busy machine and short enough for a test. */
const DOWN_AFTER_MS = 500;
/** After a vote without winner the next one comes after twice this time. */
const FAILOVER_TIMEOUT_MS = 2_000;
/**
 * Sentinels find each other by messages every 2 s; Redis >= 7 lets tests ask for more haste. Not for too much: a sentinel
 * turns a master it does not know of back into a replica after four periods of publishing, and the one that leads the
 * failover sees its success only at the next INFO, which takes a second whatever is asked for.
 */
const HASTE = ['info-period', '100', 'ping-period', '100', 'ask-period', '100', 'publish-period', '500'];

/** One master, one replica, three sentinels that know each other. */
export async function startSentinel(binary: RedisBinary): Promise<SentinelTopology> {
  const { master: first, nodes } = await startReplica(binary);
  const config = [
    `sentinel monitor ${NAME} ${first.host} ${first.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    `sentinel parallel-syncs ${NAME} 1`,
    '',
  ].join('\n');
  const sentinels = await Promise.all(
    [1, 2, 3].map(() => RedisProcess.start(binary, { config, args: ['--sentinel'] })),
  );
  await Promise.all(
    sentinels.map((sentinel) => sentinel.command('SENTINEL', 'DEBUG', ...HASTE).catch(() => undefined)),
  );
  await Promise.all(sentinels.map(waitForAcquaintance));

  const agreedMaster = async (): Promise<RedisProcess | undefined> => {
    const ports = await Promise.all(sentinels.filter((sentinel) => sentinel.running).map(namedMaster));
    const node = nodes.find(({ port, running }) => running && ports.every((named) => named === port));
    return node && (await roleOf(node)) === 'master' ? node : undefined;
  };
  const master = (): Promise<RedisProcess> => eventually(agreedMaster, { what: 'the sentinels agree on a master' });
  const successor = (old: RedisProcess): Promise<RedisProcess> =>
    eventually(async () => (await agreedMaster().then((node) => node !== old && node)) || undefined, {
      what: 'the sentinels agree on a new master',
      timeoutMs: 25_000,
    });
  return {
    nodes,
    sentinels,
    name: NAME,
    addresses: sentinels.map(({ host, port }) => ({ host, port })),
    master,
    failover: async () => {
      const old = await master();
      const sentinel = sentinels.find(({ running }) => running);
      // On a busy machine a failover is given up when the replica is slow, and has to be asked for again.
      const asking = setInterval(
        () => void sentinel?.command('SENTINEL', 'FAILOVER', NAME).catch(() => undefined),
        1_000,
      );
      await sentinel?.command('SENTINEL', 'FAILOVER', NAME);
      return successor(old).finally(() => clearInterval(asking));
    },
    killMaster: async () => {
      const old = await master();
      await old.kill();
      return successor(old);
    },
    stop: () => stopAll([...nodes, ...sentinels]),
  };
}

/** Knows the two others, and a replica that could take over. */
async function waitForAcquaintance(sentinel: RedisProcess): Promise<void> {
  const acquainted = async (): Promise<boolean> => {
    const master = fieldsOf(await sentinel.command('SENTINEL', 'MASTER', NAME));
    const replicas = (await sentinel.command('SENTINEL', 'REPLICAS', NAME)) as unknown[];
    const ready = fieldsOf(replicas[0]).get('master-link-status') === 'ok';
    return master.get('num-other-sentinels') === '2' && ready;
  };
  await eventually(acquainted, { what: `the sentinel on port ${sentinel.port} knows the others` });
}

async function namedMaster(sentinel: RedisProcess): Promise<number> {
  const address = (await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[];
  return Number(address[1]);
}

function fieldsOf(reply: unknown): Map<string, string> {
  const flat = Array.isArray(reply) ? (reply as string[]) : [];
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
