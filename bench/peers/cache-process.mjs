// A cache in a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const START_MS = 20_000;

export class CacheProcess {
  #child;
  #waiting = new Map();
  #next = 0;
  ended = false;

  static async start(adapter, options) {
    const self = new CacheProcess();
    self.#child = fork(WORKER, [adapter, JSON.stringify(options)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    self.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = self.#waiting.get(id) ?? {};
      self.#waiting.delete(id);
      if (error === undefined) resolve?.(result);
      else reject?.(new Error(error));
    });
    self.#child.on('exit', () => {
      self.ended = true;
      for (const { reject } of self.#waiting.values()) reject(new Error('the process has ended'));
    });
    const ready = new Promise((resolve, reject) => self.#waiting.set('ready', { resolve, reject }));
    await Promise.race([
      ready,
      new Promise((_, reject) => setTimeout(reject, START_MS, new Error(`${adapter} did not start`)).unref()),
    ]);
    return self;
  }

  call(what, args) {
    if (this.ended) return Promise.reject(new Error('the process has ended'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, what, args });
    });
  }

  async stop() {
    if (this.ended) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
