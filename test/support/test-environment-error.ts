/** Thrown when a server that the tests need cannot be had; the message says what to do. */
export class TestEnvironmentError extends Error {
  override readonly name = 'TestEnvironmentError';

  constructor(
    readonly code: 'NO_REDIS' | 'NO_POSTGRES' | 'NOT_STARTED' | 'NOT_RUNNING' | 'TIMEOUT' | 'PROGRAM_ENDED',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
