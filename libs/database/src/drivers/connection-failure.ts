import { DatabaseUnreachableError } from '../core/errors.js';

/** The coded error for whatever `pg` threw while connecting. */
export function connectionFailure(place: string, cause: unknown): DatabaseUnreachableError {
  return new DatabaseUnreachableError(place, reasonOf(cause), { cause });
}

/** Refused connections to a name with several addresses come as an AggregateError without a message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
