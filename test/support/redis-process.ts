import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { guardOrphan } from '../../tools/orphan-guard.cjs';
import { randomPort } from './ports.js';
import type { RedisBinary } from './redis-binary.js';
import { TestEnvironmentError } from './test-environment-error.js';

export interface RedisProcessOptions {
  /** Arguments of redis-server, stronger than the defaults. A function is asked anew at each attempt. */
  readonly args?: readonly string[] | (() => readonly string[]);
  /** @default a random free port */
  readonly port?: number;
  /** Text of a configuration file. */
  readonly config?: string;
}

/** What a server says when it serves: Redis, then Sentinel. */
const READY = /Ready to accept connections|Sentinel ID is/;
/** Redis writes it to its directory, and reads it at the start. */
const SNAPSHOT = 'dump.rdb';
const START_TIMEOUT_MS = 30_000;
/** With 12000 ports to choose from, five collisions in a row mean something else. */
const ATTEMPTS = 5;

/** A Redis server of our own that can be stopped, killed, frozen and restarted. It does not outlive this process. */
export class RedisProcess {
  readonly host = '127.0.0.1';
  #port = 0;
  #directory = '';
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #binary: RedisBinary;
  readonly #options: RedisProcessOptions;

  private constructor(binary: RedisBinary, options: RedisProcessOptions) {
    this.#binary = binary;
    this.#options = options;
  }

  static async start(binary: RedisBinary, options: RedisProcessOptions = {}): Promise<RedisProcess> {
    const server = new RedisProcess(binary, options);
    for (let attempt = 1; ; attempt++) {
      const log = await server.#launch(options.port ?? randomPort());
      if (server.running) return server;
      if (/in use/i.test(log) && options.port === undefined && attempt < ATTEMPTS) continue;
      throw new TestEnvironmentError('NOT_STARTED', `${binary.command} did not start: ${log.trim()}`);
    }
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://${this.host}:${this.#port}`;
  }

  get version(): string {
    return this.#binary.version;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** @throws TestEnvironmentError `NOT_RUNNING` */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined)
      throw new TestEnvironmentError('NOT_RUNNING', `The Redis on port ${this.#port} does not run.`);
    return pid;
  }

  /** Resolves when the process has ended. A frozen server ends too. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.#child?.ref();
    process.kill(this.pid, signal);
    this.thaw();
    await this.#ended;
  }

  /** The kernel still accepts connections and bytes, but nobody answers (SIGSTOP). */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  /** Goes on where `freeze` stopped it, and answers what has come in since (SIGCONT). */
  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  stop(): Promise<void> {
    return this.kill();
  }

  /** All that the server holds now, as `restart` takes it. */
  async snapshot(): Promise<Buffer> {
    await this.command('SAVE');
    return readFile(join(this.#directory, SNAPSHOT));
  }

  /** A new server on the same port with the same arguments: empty, or with what a snapshot holds. */
  async restart(snapshot?: Buffer): Promise<void> {
    await this.kill();
    const log = await this.#launch(this.#port, snapshot);
    if (!this.running) throw new TestEnvironmentError('NOT_STARTED', `Redis did not come back: ${log.trim()}`);
  }

  /** One command over a connection of its own, with the plain replies of RESP2. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = new Redis({
      host: this.host,
      port: this.#port,
      protocol: 2,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      enableReadyCheck: false,
      commandTimeout: 5_000,
    });
    client.on('error', () => undefined);
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** Resolves to what the server said when it is ready or has ended. */
  async #launch(port: number, snapshot?: Buffer): Promise<string> {
    this.#port = port;
    const directory = mkdtempSync(join(tmpdir(), 'mobius-redis-'));
    this.#directory = directory;
    if (snapshot !== undefined) writeFileSync(join(directory, SNAPSHOT), snapshot);
    const { command, env } = this.#binary;
    const child = spawn(command, this.#commandLine(directory), {
      env: { ...process.env, ...env },
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const guard = child.pid === undefined ? undefined : guardOrphan({ pid: child.pid, directory });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = () => {
        if (this.#child === child) this.#child = undefined;
        guard?.release();
        rmSync(directory, { recursive: true, force: true });
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    const log = await firstWords(child);
    // A test that forgets to stop its server must not keep the runner alive.
    child.unref();
    for (const stream of [child.stdout, child.stderr] as unknown[]) (stream as Socket).unref();
    return log;
  }

  #commandLine(directory: string): string[] {
    const { args = [], config } = this.#options;
    const file = join(directory, 'redis.conf');
    if (config !== undefined) writeFileSync(file, config);
    // prettier-ignore
    const common = ['--port', String(this.#port), '--bind', this.host, '--dir', directory, '--save', '', '--appendonly', 'no'];
    return [...(config === undefined ? [] : [file]), ...common, ...(typeof args === 'function' ? args() : args)];
  }
}

function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new TestEnvironmentError('TIMEOUT', `Redis not ready within ${START_TIMEOUT_MS} ms: ${log.trim()}`));
    }, START_TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      resolve(log);
    };
    const listen = (chunk: Buffer): void => {
      log = (log + chunk.toString()).slice(-4_000);
      if (READY.test(log)) settle();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', (error) => {
      log += error.message;
      settle();
    });
    child.once('close', settle);
  });
}
