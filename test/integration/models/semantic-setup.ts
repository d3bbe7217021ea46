import { ngramEmbedder } from '../../../libs/cache/src/features/model/semantic/ngram-embedder.js';
import { neededTrials } from '../../../libs/cache/src/features/model/semantic/learner.js';
import type { SemanticOptions } from '../../../libs/cache/src/features/model/semantic/semantic-options.js';

const MAX_ERROR_RATE = 0.2;

/** Verdicts that prove a threshold. */
export const ENOUGH = neededTrials(0, MAX_ERROR_RATE, Math.log(8 / 0.05));

/** A tier that needs few verdicts, and serves nearly all it may. */
export const semanticOptions = (changes: Partial<SemanticOptions> = {}): SemanticOptions => ({
  ...{
    embedder: ngramEmbedder(),
    maxErrorRate: MAX_ERROR_RATE,
    verifyShare: 0.01,
    minSimilarity: 0.5,
    timeout: 10_000,
  },
  ...changes,
});

/** Questions that are like each other, none of them twice. */
export const variant = (i: number): string =>
  `please explain the residence permit for students ${String(i).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')}`;
