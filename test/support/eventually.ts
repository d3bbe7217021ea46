import { setTimeout as sleep } from 'node:timers/promises';
import { TestEnvironmentError } from './test-environment-error.js';

export interface EventuallyOptions {
  /** What is waited for, for the message of the failure. */
  what: string;
  /** Milliseconds. @default 15000 */
  timeoutMs?: number;
  /** Milliseconds between two looks. @default 20 */
  intervalMs?: number;
}

/**
 * Looks again and again until `look` returns something other than undefined or false, and returns that. A look that
 * throws counts as "not yet"; its error is the cause of the final one.
 */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = 15_000, intervalMs = 20 }: EventuallyOptions,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) {
      throw new TestEnvironmentError('TIMEOUT', `Not within ${timeoutMs} ms: ${what}`, { cause });
    }
    await sleep(intervalMs);
  }
}
