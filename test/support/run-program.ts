import { spawn } from 'node:child_process';
import { join } from 'node:path';

const HOOK = join(__dirname, 'ts-hook.cjs');
// Only for a program that would never end by itself: a busy machine compiles its TypeScript in a few seconds.
const LONGEST_MS = 25_000;

export interface Ended {
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
export function runProgram(
  file: string,
  { env = {}, args = [], cwd = process.cwd(), onReady }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['-r', HOOK, file, ...args], {
    cwd,
    env: { PATH: process.env.PATH, NODE_ENV: 'test', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let ready = onReady;
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    child.stdin.on('error', () => undefined); // the program may have ended without reading
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      if (ready === undefined || !stdout.includes('"ready"')) return;
      const act = ready;
      ready = undefined;
      act().then(() => child.stdin.end('go on\n'), reject);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ said: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr, code });
    });
  });
}
