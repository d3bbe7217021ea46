import { InvalidOptionsError } from '@mobius1/kernel';
import { checkMetadata, type ModelMetadata } from './admission.js';

/** What is known of an answer. Never fails, for it was paid for: one that cannot be described is not kept. */
export function metadataOf(latencyMs: number, describe: () => ModelMetadata | undefined): ModelMetadata {
  try {
    const metadata = { latencyMs, ...describe() };
    checkMetadata('describe()', metadata);
    return metadata;
  } catch (error) {
    warnOnce(error);
    return { latencyMs, refusal: 'undescribed' };
  }
}

let warned = false;

/** Once in a process: an answer that cannot be described is never kept, which nobody would notice. */
function warnOnce(error: unknown): void {
  if (warned) return;
  warned = true;
  const what = error instanceof InvalidOptionsError ? error.message : 'describe() of a model request threw.';
  process.emitWarning(`${what} The answer was returned and not kept; it counts as "undescribed".`, {
    code: 'MOBIUS_MODEL_UNDESCRIBED',
  });
}
