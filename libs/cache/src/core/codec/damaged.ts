import { DamagedValueError, UnreadableValueError } from '../errors.js';

/** The error for stored bytes that cannot be used; `reason` must not show any of them. */
export function damaged(reason: string, options?: { cause?: unknown }): DamagedValueError {
  return new DamagedValueError(`A stored value cannot be used: ${reason}.`, options);
}

/** The error for bytes that are whole, and that this process cannot read. Other messages than ours quote what they cannot read. */
export function unreadable(error: unknown): UnreadableValueError {
  const { message, cause } = error instanceof DamagedValueError ? error : damaged('it cannot be read');
  return new UnreadableValueError(message, cause === undefined ? {} : { cause });
}
