import type { Flights } from './flights.js';
import { judge } from './freshness.js';
import { decodeStampName, type Stamp } from './generation.js';
import type { CacheRequest } from './request.js';
import type { Store } from './store.js';

/** What the cache knows of a key. Nothing of its value is told. */
export interface KeyExplanation {
  /** As it was asked for. */
  readonly key: string;
  /** Absent without one. */
  readonly namespace?: string;
  /** What stands under the prefix in Redis: for `redis-cli`. */
  readonly id: string;
  /**
   * What a read would find. `fresh`: a hit. `stale`: its TTL has ended, and it is kept for those who allow that. `void`: what it depends on was
   * invalidated, see `voidedBy`. `loading`: no value, and somebody is loading one. `counter`: of `increment`. `foreign`: not written by this
   * cache, or not to be read by this process. `absent`: nothing. `unknown`: the store does not answer.
   */
  readonly state: 'fresh' | 'stale' | 'void' | 'loading' | 'counter' | 'foreign' | 'absent' | 'unknown';
  /** Whether this process would answer without asking Redis. */
  readonly local: boolean;
  /** Whether somebody, here or elsewhere, is loading or refreshing it. */
  readonly loading: boolean;
  /** Milliseconds since it was stored. */
  readonly ageMs?: number;
  /** Milliseconds until its TTL ends; 0 when it has. */
  readonly ttlMs?: number;
  /** Milliseconds that its load took. */
  readonly costMs?: number;
  /** Tags and namespaces that it depends on, as they were written: `tag`, `namespace/tag`, `namespace/*`, `*` for everything. */
  readonly dependsOn?: readonly string[];
  /** Those of them that were invalidated since. */
  readonly voidedBy?: readonly string[];
}

interface ExplainParts {
  readonly store: Store;
  readonly flights: Flights;
}

/** Looks a key up without touching it: nothing is counted, removed, refreshed or loaded. */
export async function explain(
  { store, flights }: ExplainParts,
  { key, namespace, id }: CacheRequest,
): Promise<KeyExplanation> {
  const about = { key, ...(namespace === undefined ? {} : { namespace }), id };
  const held = store.peek(id);
  const here = { local: held !== undefined && store.now() < held.freshUntil, loading: flights.get(id) !== undefined };
  const { found } = await store.read({ id, names: [] });
  if (found.kind !== 'entry') {
    const state = found.kind === 'lease' ? 'loading' : found.kind === 'failed' ? 'absent' : found.kind;
    return { ...about, ...here, state, loading: here.loading || found.kind === 'lease' };
  }
  const { entry, holder } = found;
  const names = entry.stamps.map(({ name }) => name);
  const { generations } = await store.read({ id, names });
  const outdated = ({ generation }: Stamp, i: number): boolean => generations[i] !== generation;
  const voidedBy = entry.stamps.filter(outdated).map(({ name }) => decodeStampName(name));
  const now = store.now();
  const stateOf = (): KeyExplanation['state'] => {
    if (voidedBy.length > 0) return 'void';
    const age = judge(entry, now, Infinity);
    if (age === 'expired') return 'absent';
    return entry.condition === 'readable' ? age : 'foreign';
  };
  return {
    ...about,
    ...here,
    state: stateOf(),
    loading: here.loading || holder !== undefined,
    ageMs: Math.max(0, Math.round(now - entry.createdAt)),
    ttlMs: Math.max(0, Math.round(entry.freshUntil - now)),
    costMs: Math.round(entry.costMs),
    dependsOn: names.map(decodeStampName),
    ...(voidedBy.length > 0 ? { voidedBy } : {}),
  };
}
