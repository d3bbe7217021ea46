import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardOrphan } from '../../tools/orphan-guard.cjs';
import { readPage } from '../docs/page.js';
import { eventually } from '../support/eventually.js';
import { randomPort } from '../support/ports.js';
import { ROOT } from './packed.js';

/** What `nest new` needs, and what the packages bring. */
export const INSTALLED = [
  ...['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', '@nestjs/config', '@nestjs/terminus'],
  ...['reflect-metadata', 'rxjs', 'ioredis', 'lru-cache', 'ipaddr.js', 'luxon', 'structured-headers', '@types/node'],
];

/** What the README has its reader put into `src/app.module.ts`. */
export function exampleOfReadme(): string {
  const [block, ...others] = readPage('README.md').blocks.filter(({ code }) => /export class AppModule/.test(code));
  if (block === undefined || others.length > 0) throw new Error('The README has one AppModule to paste.');
  return block.code;
}

/** One call of the tour behind it, and what its comment says of the answer. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly says: string;
}

export function tourOfReadme(): Step[] {
  const lines = readPage('README.md').text.matchAll(/^curl (?:-X (\w+) )?localhost:3000(\S+) *(?:# (.*))?$/gm);
  return [...lines].map(([, method = 'GET', path = '', says = '']) => ({ method, path, says }));
}

/** `nest new`, with the example in place of its module, compiled by the settings that came with it. */
export function newApplication(folder: string): string {
  const nest = join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js');
  const silent = { cwd: folder, stdio: 'pipe' as const };
  execFileSync(process.execPath, [nest, 'new', 'shop', '--skip-git', '--skip-install', '-p', 'npm'], silent);
  const shop = join(folder, 'shop');
  writeFileSync(join(shop, 'src/app.module.ts'), exampleOfReadme());
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  // Of the types that it names, those of its test runner are not installed here.
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--types', 'node'], { cwd: shop, stdio: 'pipe' });
  return shop;
}

export interface Served {
  readonly url: string;
  readonly output: () => string;
  stop(): Promise<void>;
}

// With 12000 ports to choose from, some collisions in a row mean something else.
const ATTEMPTS = 5;

/** `node dist/main.js` on a port of its own, without any setting: its cache is in memory. */
export async function serve(shop: string): Promise<Served> {
  for (let attempt = 1; ; attempt++) {
    const port = randomPort();
    const served = await launch(shop, port);
    if (typeof served !== 'string') return served;
    if (!served.includes('EADDRINUSE') || attempt === ATTEMPTS) throw new Error(`It does not start: ${served}`);
  }
}

/** What it said, if it ended before it served. */
async function launch(shop: string, port: number): Promise<Served | string> {
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: shop,
    env: { PATH: process.env.PATH, NO_COLOR: '1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const guard = guardOrphan({ pid: child.pid ?? 0, signal: 'TERM' });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const ended = new Promise<void>((end) => {
    child.once('close', () => {
      guard.release();
      end();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const url = `http://localhost:${port}`;
  // Nest says that it has started before it listens.
  const serves = async (): Promise<boolean> => child.exitCode !== null || (await fetch(`${url}/none`)).status === 404;
  await eventually(serves, { what: 'the application serves' });
  return child.exitCode !== null ? output : { url, output: () => output, stop };
}
