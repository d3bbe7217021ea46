import type { Entry } from './entry.js';
import type { Sequence } from './generation.js';
import type { Store } from './store.js';
import type { Token } from './token.js';

/** What a reader saw under a key, judged by the generations it depends on. */
export interface Look {
  /** A value that no invalidation has touched, whatever its age. */
  readonly entry: Entry | undefined;
  readonly counter: number | undefined;
  /** Somebody holds the lease: a load or a refresh is in progress. */
  readonly leased: boolean;
  /** Version of the value under the key, valid or not: what an acquisition replaces. */
  readonly seen: Token | undefined;
  /** Generations of the names asked for, in their order. */
  readonly generations: readonly (string | undefined)[];
  readonly sequence: Sequence | undefined;
}

export interface LookQuery {
  readonly id: string;
  readonly names: readonly string[];
  /** The load's tags will be known only from its value. */
  readonly lateTags: boolean;
}

// An entry whose tags nobody named is read again with their names; tags that change at every look end as a miss.
const MAX_READS = 3;

/**
 * Reads a key and judges it: valid only if every generation it was stamped with still stands (G3). What is foreign or
 * damaged is removed and counts as absent (G7).
 */
export async function look(store: Store, query: LookQuery, onForeign: () => void): Promise<Look> {
  let names = query.names;
  for (let reads = 1; ; reads++) {
    const { found, generations, sequence } = await store.read({ id: query.id, names, sequence: query.lateTags });
    const asked = generations.slice(0, query.names.length);
    const nothing = {
      entry: undefined,
      counter: undefined,
      leased: false,
      seen: undefined,
      generations: asked,
      sequence,
    };
    if (found.kind === 'absent') return nothing;
    if (found.kind === 'lease') return { ...nothing, leased: true };
    if (found.kind === 'counter') return { ...nothing, counter: found.count };
    if (found.kind === 'entry') {
      const { entry, leased } = found;
      const unknown = entry.stamps.map(({ name }) => name).filter((name) => !names.includes(name));
      if (unknown.length > 0 && reads < MAX_READS) {
        names = [...query.names, ...unknown];
        continue;
      }
      const stands = entry.stamps.every(({ name, generation }) => generations[names.indexOf(name)] === generation);
      if (!stands) return { ...nothing, leased, seen: entry.version };
      if (decodes(entry)) return { ...nothing, entry, leased, seen: entry.version };
    }
    onForeign();
    await store.delete([query.id]);
    return nothing;
  }
}

function decodes(entry: Entry): boolean {
  try {
    entry.decode();
    return true;
  } catch {
    return false; // DamagedValueError: nothing else comes out of the codec
  }
}
