import { InvalidOptionsError } from './option-errors.js';

/**
 * Runs what puts an application together. Where a wrong option was found says nothing to whoever wrote it, so the
 * `InvalidOptionsError` passes on without a stack: its message stands alone in the log.
 *
 * @throws what `make` throws
 */
export function atBoot<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof InvalidOptionsError) error.stack = `${error.name}: ${error.message}`;
    throw error;
  }
}
