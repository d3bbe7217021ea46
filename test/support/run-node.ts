import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

const ROOT = join(__dirname, '../..');
/** Lets Node run the TypeScript of this repository: `node -r HOOK program.ts`. */
export const HOOK = join(__dirname, 'ts-hook.cjs');
// Only for a program that would never end by itself: a busy machine compiles its TypeScript in a few seconds.
const LONGEST_MS = 25_000;

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** `null` when it had to be killed. */
  readonly code: number | null;
}

export interface RunNodeOptions {
  /** Beside `PATH`, which is all that it has of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the root of the repository */
  readonly cwd?: string;
  /** What it reads. @default nothing */
  readonly input?: string;
  /** Told all that it has written so far; it reads what is written to `stdin`, until that is ended. */
  readonly onOutput?: (stdout: string, stdin: Writable) => void;
  /** Milliseconds until it is killed. @default 25000 */
  readonly longestMs?: number;
}

/** Runs Node in a process of its own and waits for it to end by itself. */
export function runNode(args: readonly string[], options: RunNodeOptions = {}): Promise<Ended> {
  const { env = {}, cwd = ROOT, input, onOutput, longestMs = LONGEST_MS } = options;
  const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env.PATH, ...env } });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
    child.stdin.on('error', () => undefined); // the program may have ended without reading
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      onOutput?.(stdout, child.stdin);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, code });
    });
    if (onOutput === undefined) child.stdin.end(input);
  });
}
