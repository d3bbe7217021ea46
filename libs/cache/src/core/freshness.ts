import type { HeldEntry } from './entry.js';

/**
 * Fresh, stale, gone. An entry is fresh until its TTL ends; from then until `goneUntil` the store keeps it for those who
 * allow stale values: `staleWhileRevalidate` counts from the end of the TTL and belongs to the reader, so two readers may
 * judge one entry differently. Invalidation is another matter: an invalidated entry is never served, stale or not.
 */
export type Freshness = 'fresh' | 'stale' | 'expired';

/** `staleForMs`: how long after its TTL this reader takes the entry while it is being refreshed. */
export function judge(entry: HeldEntry, now: number, staleForMs: number): Freshness {
  if (now < entry.freshUntil) return 'fresh';
  return now < Math.min(entry.freshUntil + staleForMs, entry.goneUntil) ? 'stale' : 'expired';
}

/** True when the entry may answer for a load that failed. */
export function servesErrors(entry: HeldEntry, now: number, staleIfErrorMs: number): boolean {
  return now < Math.min(entry.freshUntil + staleIfErrorMs, entry.goneUntil);
}

/**
 * True when this reader should refresh a fresh entry already, so that it never expires under load (XFetch: Vattani,
 * Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015). The chance grows with the
 * cost of the load and towards the end of the TTL; `beta` 1 is the paper's optimum, larger is earlier, 0 is never.
 */
export function refreshesEarly(entry: HeldEntry, now: number, beta: number, random: number): boolean {
  return beta > 0 && now - entry.costMs * beta * Math.log(1 - random) >= entry.freshUntil;
}

export interface Lifetime {
  readonly ttlMs: number;
  /** Share of the TTL that is taken off at random, 0 to 1: entries stored together do not expire together. */
  readonly jitter: number;
  /** How long beyond the TTL the entry is kept for those who allow stale values. */
  readonly staleMs: number;
}

/** The times of an entry that is stored now. Jitter only shortens: a TTL is a promise of the longest age. */
export function lifetimeFrom(now: number, { ttlMs, jitter, staleMs }: Lifetime, random: number) {
  const freshUntil = now + Math.max(1, Math.round(ttlMs * (1 - jitter * random)));
  return { createdAt: now, freshUntil, goneUntil: freshUntil + staleMs };
}
