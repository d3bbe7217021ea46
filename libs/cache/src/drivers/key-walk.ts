import { StoreUnavailableError } from '../core/errors.js';
import { type ClusterView, viewOf } from './cluster-view.js';
import { isCluster, mastersOf, type RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';

type Refreshing = RedisClient & { refreshSlotsCache?: (done: () => void) => void };
type Visit = (keys: string[]) => Promise<void>;

const SCAN_COUNT = 500; // keys a SCAN step looks at: well under a millisecond of server time
// Two for keys that move, one for a failover before, one for a failover during the walk.
const MAX_PASSES = 4;

/**
 * Walks over the keys of a server, or of all masters of a Cluster.
 *
 * A Cluster may change below the walk. A dead master is not among those that ioredis knows, so that its keys would be left
 * out in silence, and be there again with its successor. A key that moves between masters can be missed by both. So a
 * walk that must not miss a key counts only when the masters held all slots before and after it; and when slots were
 * moving, only if there were two such walks in a row: a key moves once, from its source to its target, and in two rounds
 * over all of them some look at the target comes after one at the source.
 *
 * A cursor belongs to the server that gave it. A single server may be followed by another, too, and a client that was given
 * may carry the walk over to it; so it begins again when the connection was another one at its end.
 */
export class KeyWalk {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Pages of keys that match, of the masters that are known now. */
  async *pages(pattern: string): AsyncGenerator<string[]> {
    for (const node of mastersOf(this.#connection.client)) yield* this.#pagesOf(node, pattern);
  }

  /**
   * Shows every matching key that exists for the whole time of the walk, some of them more than once.
   *
   * @throws StoreUnavailableError when it cannot be said that every key was seen
   */
  async visitAll(pattern: string, visit: Visit): Promise<void> {
    if (isCluster(this.#connection.client)) return this.#visitCluster(pattern, visit);
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const { lives } = this.#connection;
      for await (const keys of this.pages(pattern)) await visit(keys);
      if (lives === this.#connection.lives) return;
    }
    throw new StoreUnavailableError(
      this.#connection.place,
      'the connection was lost in each of several walks over the keys',
    );
  }

  async #visitCluster(pattern: string, visit: Visit): Promise<void> {
    let former: string | undefined;
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const before = await this.#view();
      if (before.whole) await this.#visit(before.masters, pattern, visit);
      const after = before.whole ? await this.#view() : before;
      const same = after.whole && after.ids === before.ids;
      if (same && (standsStill(before, after) || former === after.ids)) return;
      former = same ? after.ids : undefined;
      if (!same) await this.#refresh();
    }
    const reason = 'not every slot of the Cluster has one master that answers';
    throw new StoreUnavailableError(this.#connection.place, reason);
  }

  async #visit(masters: readonly RedisClient[], pattern: string, visit: Visit): Promise<void> {
    for (const node of masters) for await (const keys of this.#pagesOf(node, pattern)) await visit(keys);
  }

  async *#pagesOf(node: RedisClient, pattern: string): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const from = cursor;
      const step = await this.#connection.runSlow(() => node.scan(from, 'MATCH', pattern, 'COUNT', SCAN_COUNT));
      cursor = step[0];
      yield step[1];
    } while (cursor !== '0');
  }

  #view(): Promise<ClusterView> {
    return this.#connection.runSlow(() => viewOf(mastersOf(this.#connection.client)));
  }

  /** Reads anew who the masters are. */
  #refresh(): Promise<void> {
    const client = this.#connection.client as Refreshing;
    return this.#connection.runSlow(
      () => new Promise((done) => (client.refreshSlotsCache ? client.refreshSlotsCache(done) : done())),
    );
  }
}

const standsStill = (before: ClusterView, after: ClusterView): boolean =>
  !before.moving && !after.moving && after.slots === before.slots;
