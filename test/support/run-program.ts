import type { Writable } from 'node:stream';
import { HOOK, runNode } from './run-node.js';

export interface EndedProgram {
  /** What the program said, in order. */
  readonly said: readonly Record<string, unknown>[];
  readonly stderr: string;
  /** `null` when it had to be killed. */
  readonly code: number | null;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** @default that of the tests */
  readonly cwd?: string;
  /** Called when the program says `ready`; then the program is told to go on. */
  readonly onReady?: () => Promise<void>;
}

/** Runs a TypeScript file in a process of its own and waits for it to end by itself. */
export async function runProgram(file: string, options: RunOptions = {}): Promise<EndedProgram> {
  const { env = {}, args = [], cwd = process.cwd(), onReady } = options;
  let acted: Promise<void> | undefined;
  const onOutput = (stdout: string, stdin: Writable): void => {
    if (acted !== undefined || !stdout.includes('"ready"')) return;
    acted = onReady?.().finally(() => stdin.end('go on\n'));
    acted?.catch(() => undefined); // thrown below, when the program has ended
  };
  const { stdout, stderr, code } = await runNode(['-r', HOOK, file, ...args], {
    ...{ cwd, env: { NODE_ENV: 'test', ...env } },
    ...(onReady === undefined ? {} : { onOutput }),
  });
  await acted;
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { said: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr, code };
}
