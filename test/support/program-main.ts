type Functions = Readonly<Record<string, (...args: any[]) => unknown>>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The other side of `Program`: lets the process that started this one call these functions; arguments are plain data. */
export function serve(functions: Functions): void {
  const all: Functions = { ping: () => true, ...functions };
  process.on('message', ({ id, name, args }: Call) => {
    void answer(id, async () => {
      const run = all[name];
      if (run === undefined) throw new Error(`This program has no function ${name}.`);
      return run(...args);
    });
  });
  process.on('disconnect', () => process.exit());
}

async function answer(id: number, run: () => Promise<unknown>): Promise<void> {
  try {
    process.send?.({ id, value: await run() });
  } catch (thrown) {
    const { name, message, code } = thrown as Error & { code?: string };
    process.send?.({ id, error: { name, message, code } });
  }
}
