import { OptionCheck } from '@mobius1/kernel';
import { fewAtATime } from '../../core/few-at-a-time.js';
import type { ModelWarmUp } from './model-types.js';

export interface ModelWarmUpOptions {
  /** How many are stored at a time. @default 8 */
  readonly concurrency?: number;
}

export interface ModelWarmedUp {
  readonly stored: number;
  readonly refused: number;
}

const CONCURRENCY = 8;

/** Stores answers that are known, a few at a time. @throws InvalidOptionsError */
export async function warmUp(
  answers: readonly ModelWarmUp[],
  { concurrency = CONCURRENCY }: ModelWarmUpOptions,
  store: (answer: ModelWarmUp) => Promise<boolean>,
): Promise<ModelWarmedUp> {
  const check = new OptionCheck('warmUp()');
  check.positiveInteger('concurrency', concurrency);
  check.throwIfAny();
  const stored = await fewAtATime(answers, concurrency, store);
  return { stored, refused: answers.length - stored };
}
