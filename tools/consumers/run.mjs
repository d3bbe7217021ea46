import { spawn } from 'node:child_process';

/**
 * Runs a program and keeps what it says.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: object, patience?: number }} options `patience` in ms, then it is killed
 * @returns {Promise<{ ok: boolean, output: string, ms: number }>}
 */
export function run(command, args, { cwd, env = process.env, patience = 180_000 } = {}) {
  const start = performance.now();
  return new Promise((resolve) => {
    // A group of its own: what it has started ends with it.
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const end = (ok) => {
      clearTimeout(timer);
      resolve({ ok, output, ms: performance.now() - start });
    };
    const timer = setTimeout(() => {
      output += `\nkilled after ${patience / 1_000} s`;
      process.kill(-child.pid, 'SIGKILL');
    }, patience);
    child.once('error', (error) => {
      output += error.message;
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}
