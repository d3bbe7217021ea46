/**
 * The base of every error of these libraries: catch by class, or by `code` where classes do not survive (logs, other
 * copies of the package).
 *
 * @example
 * class LeaseLostError extends CodedError {
 *   readonly code = 'LEASE_LOST';
 * }
 */
export abstract class CodedError extends Error {
  /** A literal in upper snake case that stays the same when the message changes. */
  abstract readonly code: string;

  /**
   * @param message what happened, and what to do about it.
   * @param options `cause`: the error that led here.
   */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    // Not enumerable, like the name of the built-in errors: loggers that copy fields would repeat it.
    Object.defineProperty(this, 'name', { value: new.target.name || 'CodedError', configurable: true, writable: true });
    // The stack of Error() was written before the name was known.
    Error.captureStackTrace(this, new.target);
  }
}
