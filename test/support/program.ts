import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardOrphan } from '../../tools/orphan-guard.cjs';
import { TestEnvironmentError } from './test-environment-error.js';

const ROOT = join(__dirname, '../..');

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A TypeScript program of the tests in a process of its own, whose functions can be called; see `serve` in
 * `program-main.ts`. It does not outlive this process.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #file: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  #calls = 0;
  #stderr = '';
  #over = false;

  private constructor(file: string, env: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#child = spawn(process.execPath, ['-r', join(__dirname, 'ts-hook.cjs'), join(ROOT, file)], {
      env: { PATH: process.env.PATH, NODE_ENV: 'test', ...env },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    const guard = this.#child.pid === undefined ? undefined : guardOrphan({ pid: this.#child.pid });
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#stderr += chunk));
    this.#child.on('message', (reply) => this.#take(reply as Reply));
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        guard?.release();
        this.#over = true;
        for (const { reject } of this.#waiting.values()) reject(this.#endedError());
        this.#waiting.clear();
        resolve();
      };
      this.#child.once('close', end);
      this.#child.once('error', end);
    });
  }

  /** `file` from the root of the repository. Resolves when the program serves. */
  static async start(file: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = new Program(file, env);
    await program.call('ping');
    return program;
  }

  /** @throws what the function threw, with its name, code and message; TestEnvironmentError `PROGRAM_ENDED` */
  call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    if (this.#over) return Promise.reject(this.#endedError());
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, name, args }, () => undefined); // that it could not be sent shows when it ends
    });
  }

  /** It keeps its connections and leases, and does nothing (SIGSTOP). */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #take({ id, value, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(Object.assign(new Error(error.message), error));
  }

  #endedError(): TestEnvironmentError {
    const { exitCode, signalCode } = this.#child;
    const how = signalCode ?? `code ${String(exitCode)}`;
    return new TestEnvironmentError('PROGRAM_ENDED', `${this.#file} ended with ${how}: ${this.#stderr.trim()}`);
  }
}
