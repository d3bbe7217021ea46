import { DamagedValueError } from '../errors.js';

/** The error for stored bytes that cannot be used; `reason` must not show any of them. */
export function damaged(reason: string, options?: { cause?: unknown }): DamagedValueError {
  return new DamagedValueError(`A stored value cannot be used: ${reason}.`, options);
}
