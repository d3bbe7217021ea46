import type { PoolStats } from './pool-stats.js';

/**
 * How the database does. `up`: it answers. `saturated`: it answers, but every connection of this process is in use and callers
 * wait. `down`: it does not answer.
 */
export interface DatabaseHealth {
  /** As above. */
  readonly status: 'up' | 'saturated' | 'down';
  /** Milliseconds of a round trip; absent when it does not answer. */
  readonly latencyMs?: number;
  /** What is not well; absent when all is. */
  readonly reason?: string;
  /** The connections of this process. */
  readonly pool: PoolStats;
}
