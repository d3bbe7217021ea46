import { CodedError } from '@mobius1/kernel';
import { EmbeddingError } from './embedding.js';
import type { SemanticCounts } from './semantic-stats.js';

/** Embedding and search, or a judge, took longer than they may. Never reaches a caller. */
export class TooSlowError extends CodedError {
  readonly code = 'CACHE_SEMANTIC_TOO_SLOW';
}

/** Whatever is wrong with the tier is counted, and the model is asked (G10). */
export function countFailure(counts: SemanticCounts, error: unknown): void {
  if (error instanceof EmbeddingError) counts.embedderFailures++;
  else if (error instanceof TooSlowError) counts.timeouts++;
  else if (error instanceof CodedError) counts.unavailable++;
  else counts.judgeFailures++;
}
