/** What a runner of tests has as globals: Jest, Vitest and others. */
interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

interface Closable {
  readonly close?: () => Promise<void>;
}

/** How the tests of a contract get what they test, and what they need beside it. */
interface ContractParts<Under, Tools> {
  readonly make: () => Promise<Under>;
  readonly toolsFor: (under: Under) => Tools;
}

/** Adds a test; it gets a driver of its own, which is closed behind it. */
type Test<Under, Tools> = (behaviour: string, body: (under: Under & Tools) => Promise<void>) => void;

/** Describes a contract, in groups if it likes, with the runner of the test file that calls it. */
export function describeContract<Under extends Closable, Tools>(
  title: string,
  { make, toolsFor }: ContractParts<Under, Tools>,
  contract: (test: Test<Under, Tools>, describe: Runner['describe']) => void,
): void {
  const { describe, it } = globalThis as typeof globalThis & Runner;
  describe(title, () => {
    const test: Test<Under, Tools> = (behaviour, body) =>
      it(behaviour, async () => {
        const under = await make();
        try {
          await body({ ...under, ...toolsFor(under) });
        } finally {
          await under.close?.();
        }
      });
    contract(test, describe);
  });
}
