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
/** One that finds the master down may call for a vote; two votes are still needed. */
const QUORUM = 1;
/**
 * The first sentinel gives a master up after half a second, which is long enough for a busy machine. The others are slower:
 * when all call for a vote at once nobody wins it, and the next vote is seconds away.
 */
const DOWN_AFTER_MS = [500, 3_000, 5_000];
/** A failover that works takes 2 s; all who still name the old master after this time have given up. */
const GIVEN_UP_MS = 5_000;
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
  const { master: origin, nodes } = await startReplica(binary);
  const config = (downAfter: number): string =>
    [
      `sentinel monitor ${NAME} ${origin.host} ${origin.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${downAfter}`,
      `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
      `sentinel parallel-syncs ${NAME} 1`,
      '',
    ].join('\n');
  const sentinels = await Promise.all(
    DOWN_AFTER_MS.map((ms) => RedisProcess.start(binary, { config: config(ms), args: ['--sentinel'] })),
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
  // The first one is the quickest to see that it has succeeded. INPROG is refused, and so is what nobody can take over.
  const ask = async (): Promise<void> => {
    const [first] = sentinels.filter(({ running }) => running);
    await first?.command('SENTINEL', 'FAILOVER', NAME).catch(() => undefined);
  };
  /** On a busy machine votes and failovers are given up half-way; then it is asked for again. */
  const successor = async (old: RedisProcess): Promise<RedisProcess> => {
    let asked = Date.now();
    return eventually(
      async () => {
        const named = await agreedMaster();
        if (named !== undefined && named !== old) return named;
        if (Date.now() - asked > GIVEN_UP_MS) {
          await ask();
          asked = Date.now();
        }
        return undefined;
      },
      { what: 'the sentinels agree on a new master', timeoutMs: 40_000 },
    );
  };
  return {
    nodes,
    sentinels,
    name: NAME,
    addresses: sentinels.map(({ host, port }) => ({ host, port })),
    master,
    failover: async () => {
      const old = await master();
      await ask();
      return successor(old);
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
