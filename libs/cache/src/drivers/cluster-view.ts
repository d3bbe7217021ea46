import type { RedisClient } from './redis-client.js';

type ClusterNode = RedisClient & { cluster(subcommand: 'NODES'): Promise<unknown> };

/** What some masters of a Cluster say of themselves. */
export interface ClusterView {
  readonly masters: readonly RedisClient[];
  /** Who they are. */
  readonly ids: string;
  /** Who holds which slots. */
  readonly slots: string;
  /** Each slot has one of them as its master, and slots that are on their way go to one of them. */
  readonly whole: boolean;
  /** Slots are on their way from one to another. */
  readonly moving: boolean;
}

const SLOTS = 16_384;

/** Asks each node about itself: what others believe of a node that has died or was replaced may be old. */
export async function viewOf(nodes: readonly RedisClient[]): Promise<ClusterView> {
  const replies = await Promise.all(nodes.map((node) => (node as ClusterNode).cluster('NODES')));
  const all = replies.map((reply) => parseSelf(String(reply)));
  const selves = all.filter(({ master }) => master);
  const ids = selves.map(({ id }) => id);
  const targets = selves.flatMap((self) => self.targets);
  const held = selves.reduce((sum, { count }) => sum + count, 0);
  return {
    masters: nodes.filter((_, at) => all[at]?.master),
    ids: [...ids].sort().join(),
    slots: selves
      .map(({ id, ranges }) => `${id} ${ranges.join(' ')}`)
      .sort()
      .join('\n'),
    whole: held === SLOTS && targets.every((id) => ids.includes(id)),
    moving: targets.length > 0,
  };
}

interface Self {
  readonly id: string;
  readonly master: boolean;
  readonly ranges: readonly string[];
  /** Number of slots held. */
  readonly count: number;
  /** The other ends of slots that are on their way. */
  readonly targets: readonly string[];
}

/** `<id> <address> myself,master - <ping> <pong> <epoch> <state> 0-5460 5462 [5461->-<id>] [7000-<-<id>]` */
function parseSelf(nodes: string): Self {
  const line = nodes.split('\n').find((text) => /^\S+ \S+ \S*\bmyself\b/.test(text)) ?? '';
  const [id = '', , flags = '', , , , , , ...slots] = line.trim().split(' ');
  const ranges = slots.filter((slot) => !slot.startsWith('['));
  return {
    id,
    master: flags.split(',').includes('master'),
    ranges,
    count: ranges.reduce((sum, range) => sum + sizeOf(range), 0),
    targets: slots.flatMap((slot) => /^\[\d+-[<>]-(\w+)\]$/.exec(slot)?.[1] ?? []),
  };
}

function sizeOf(range: string): number {
  const [from = 0, to = from] = range.split('-').map(Number);
  return to - from + 1;
}
