import { eventually } from './eventually.js';
import type { ClusterTopology } from './redis-cluster.js';
import type { RedisProcess } from './redis-process.js';

/** A slot on its way from one master to another, step by step, as `redis-cli --cluster reshard` moves it. */
export interface SlotMigration {
  readonly slot: number;
  readonly source: RedisProcess;
  readonly target: RedisProcess;
  /** Keys that are still at the source. */
  keysAtSource(): Promise<string[]>;
  /** Moves these keys, or all that are left. */
  move(keys?: readonly string[]): Promise<void>;
  /** Moves what is left and makes the target the master of the slot; resolves when all nodes know. */
  finish(): Promise<void>;
}

/** Opens the slot of `key` at its master and at another one: from now on ASK is answered for what has moved or is new. */
export async function beginMigration(cluster: ClusterTopology, key: string): Promise<SlotMigration> {
  const source = await cluster.masterOf(key);
  const target = (await cluster.masters()).find((node) => node !== source);
  if (target === undefined) throw new Error('There is no other master.');
  const slot = Number(await source.command('CLUSTER', 'KEYSLOT', key));
  const [sourceId, targetId] = await Promise.all([source, target].map((node) => idOf(node)));
  await target.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId ?? '');
  await source.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId ?? '');

  const keysAtSource = async (): Promise<string[]> =>
    (await source.command('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[];
  const move = async (keys?: readonly string[]): Promise<void> => {
    const chosen = keys ?? (await keysAtSource());
    if (chosen.length > 0) await source.command('MIGRATE', target.host, target.port, '', 0, 5_000, 'KEYS', ...chosen);
  };
  return {
    slot,
    source,
    target,
    keysAtSource,
    move,
    finish: async () => {
      // A source that holds keys still does not give its slot away; callers may write some between the two steps.
      await eventually(
        async () => {
          await move();
          await target.command('CLUSTER', 'SETSLOT', slot, 'NODE', targetId ?? '');
          return source.command('CLUSTER', 'SETSLOT', slot, 'NODE', targetId ?? '').then(Boolean);
        },
        { what: `slot ${slot} has moved` },
      );
      await eventually(async () => (await cluster.masterOf(key)) === target && cluster.agrees(), {
        what: `all nodes know that slot ${slot} has moved`,
      });
    },
  };
}

const idOf = async (node: RedisProcess): Promise<string> => String(await node.command('CLUSTER', 'MYID'));
