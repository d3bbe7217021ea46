import { LRUCache } from 'lru-cache';
import type { EstimateFor } from './limit-types.js';

interface Learnt {
  mean: number;
  deviation: number;
}

/** Workspaces times models; one costs about 200 bytes. */
const MOST_PAIRS = 10_000;
// The weights of RFC 6298, which estimates round trips the same way: a smoothed mean, and a smoothed mean deviation on top.
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;
/** Two deviations above the mean: what is reserved too much comes back, what is missing is a debt. */
const DEVIATIONS = 2;

/** Learns what calls of a model use in a workspace, to reserve about that much. Bounded; what was not used for long is forgotten. */
export class TokenEstimator {
  readonly #learnt = new LRUCache<string, Learnt>({ max: MOST_PAIRS });

  /** Units to reserve: `initial` before anything is known. */
  estimate(whose: EstimateFor): number {
    const learnt = this.#learnt.get(pairOf(whose));
    return learnt === undefined ? whose.initial : Math.ceil(learnt.mean + DEVIATIONS * learnt.deviation);
  }

  /** What a call has used. */
  learn(whose: Pick<EstimateFor, 'workspaceId' | 'modelId'>, actual: number): void {
    const learnt = this.#learnt.get(pairOf(whose));
    if (learnt === undefined) {
      this.#learnt.set(pairOf(whose), { mean: actual, deviation: actual / 2 });
      return;
    }
    learnt.deviation += DEVIATION_WEIGHT * (Math.abs(actual - learnt.mean) - learnt.deviation);
    learnt.mean += MEAN_WEIGHT * (actual - learnt.mean);
  }
}

const pairOf = ({ workspaceId, modelId }: Pick<EstimateFor, 'workspaceId' | 'modelId'>): string =>
  JSON.stringify([workspaceId, modelId]);
