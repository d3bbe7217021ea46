/** Counts since the start of this process (or the last `reset`). */
export interface Counts {
  hits: number;
  /** Hits, among them, that this process answered without asking Redis. */
  localHits: number;
  /** Hits that were served although their TTL had ended. */
  stale: number;
  misses: number;
  loads: number;
  /** Loads of this process that another process was running already, and that were waited for. */
  waits: number;
  /** Waits that ended with a load of one's own: the other's ended without a value, was invalidated, or its process died. */
  takeOvers: number;
  loadFailures: number;
  fills: number;
  /** Loads whose value was not stored because an invalidation came first (G1). */
  fenced: number;
  /** Loads whose value was not stored because of what it was: undefined, too large, refused by `unless`, … */
  uncacheable: number;
  /** Foreign or damaged values met and removed. */
  foreign: number;
  invalidations: number;
  /** Reads and writes inside a transaction of the database: they go past the cache (G16). */
  bypassed: number;
  /** Transactions that were committed without the fence that was asked for, because the store did not answer. */
  unfenced: number;
  /** Store operations that failed and were done without. */
  storeFailures: number;
}

export const noCounts = (): Counts => ({
  hits: 0,
  localHits: 0,
  stale: 0,
  misses: 0,
  loads: 0,
  waits: 0,
  takeOvers: 0,
  loadFailures: 0,
  fills: 0,
  fenced: 0,
  uncacheable: 0,
  foreign: 0,
  invalidations: 0,
  bypassed: 0,
  unfenced: 0,
  storeFailures: 0,
});

/** Share of reads that were answered without a load of their own, in percent (0 to 100, one decimal; 0 before any read). */
export function hitRate({ hits, stale, misses }: Counts): number {
  const reads = hits + stale + misses;
  return reads === 0 ? 0 : Math.round(((hits + stale) / reads) * 1000) / 10;
}
