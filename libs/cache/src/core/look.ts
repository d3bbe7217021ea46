import type { HeldEntry } from './entry.js';
import type { Sequence, Stamp } from './generation.js';
import type { Store } from './store.js';
import type { Token } from './token.js';

/** What a reader saw under a key, judged by the generations it depends on. */
export interface Look {
  /** A value that no invalidation has touched, whatever its age. */
  readonly entry: HeldEntry | undefined;
  readonly counter: number | undefined;
  /** Holder of the lease: a load or a refresh is in progress. */
  readonly holder: Token | undefined;
  /** The load before the present state, or before the present lease, ended without a value. */
  readonly afterFailure: boolean;
  /** Version of the value under the key, valid or not: what an acquisition replaces. */
  readonly version: Token | undefined;
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
 * damaged is removed and counts as absent; what this process cannot read counts as absent, and stays (G7).
 */
export async function look(store: Store, query: LookQuery, onForeign: () => void): Promise<Look> {
  let names = query.names;
  for (let reads = 1; ; reads++) {
    const { found, generations, sequence } = await store.read({ id: query.id, names, sequence: query.lateTags });
    const asked = reads === 1 ? generations : generations.slice(0, query.names.length);
    const seen = {
      entry: undefined,
      counter: undefined,
      holder: undefined,
      afterFailure: false,
      version: undefined,
      generations: asked,
      sequence,
    };
    if (found.kind === 'absent') return seen;
    if (found.kind === 'failed') return { ...seen, afterFailure: true };
    if (found.kind === 'lease') return { ...seen, holder: found.holder, afterFailure: found.afterFailure };
    if (found.kind === 'counter') return { ...seen, counter: found.count };
    if (found.kind === 'entry') {
      const { entry, holder } = found;
      const unknown = namesMissing(entry.stamps, names);
      if (unknown !== undefined && reads < MAX_READS) {
        names = [...query.names, ...unknown];
        continue;
      }
      const { version } = entry;
      if (!stands(entry.stamps, names, generations)) return { ...seen, holder, version };
      const { condition } = entry;
      if (condition === 'unreadable') {
        onForeign();
        return { ...seen, holder, version };
      }
      if (condition === 'readable') {
        // Every hit passes here: spreading `seen` would cost more than judging it.
        return {
          entry,
          counter: undefined,
          holder,
          afterFailure: false,
          version,
          generations: asked,
          sequence,
        };
      }
    }
    onForeign();
    await store.delete([query.id]);
    return seen;
  }
}

/** Names an entry is stamped with that were not asked for; `undefined` when there are none, which is usual. */
function namesMissing(stamps: readonly Stamp[], names: readonly string[]): string[] | undefined {
  let missing: string[] | undefined;
  for (const { name } of stamps) if (!names.includes(name)) (missing ??= []).push(name);
  return missing;
}

function stands(stamps: readonly Stamp[], names: readonly string[], now: readonly (string | undefined)[]): boolean {
  for (const { name, generation } of stamps) if (now[names.indexOf(name)] !== generation) return false;
  return true;
}
