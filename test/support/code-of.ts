/** The code of the error that a promise ends with, its message when it has none; `it did not fail` when there is no error. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it did not fail',
    (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
  );
