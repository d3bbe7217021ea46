import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { guardOrphan } from '../../tools/orphan-guard.cjs';
import { eventually } from '../support/eventually.js';

const ROOT = join(__dirname, '../..');
const SOURCES = ['src', 'libs', 'prisma', 'tools', 'package.json', 'package-lock.json', 'nest-cli.json'].concat(
  ...['tsconfig.json', 'tsconfig.build.json', 'prisma.config.ts'],
);
const WORKSPACE = '/api/v1/workspaces/ws-gestoria-sol';
// The first start compiles everything, beside other tests.
const START = { timeoutMs: 90_000 };

/** `npm start` in a copy of the repository with its dependencies, in a directory that only its owner can enter. */
describe('npm start', () => {
  let directory: string;
  const directories = new Set<string>();
  const started: { child: ChildProcess; ended: Promise<unknown> }[] = [];

  function start(env: Record<string, string> = {}, command = process.execPath, argument = 'tools/start.mjs') {
    const child = spawn(command, [argument], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    guardOrphan({ pid: child.pid ?? 0, signal: 'TERM' });
    const output = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.err += chunk));
    const ended = new Promise<number | null>((end) => child.once('close', end));
    started.push({ child, ended });
    let over = false;
    void ended.then(() => (over = true));
    const listening = async (): Promise<string> => {
      const look = (): string | undefined => /listening on (http:\S+)/.exec(output.out)?.[1];
      const url = await eventually(() => look() ?? over, { what: 'the application listens', ...START });
      if (url === true) throw new Error(`npm start ended: ${output.out}${output.err}`);
      return url;
    };
    return { child, output, ended, listening };
  }

  /** The process of the PostgreSQL that `npm start` says it has brought. */
  function postgresPid(output: string): number {
    const data = resolve(directory, /data in (\S+)/.exec(output)?.[1] ?? '');
    directories.add(dirname(data));
    return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  const runs = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mobius-start-'));
    directories.add(directory);
    for (const name of SOURCES) {
      const filter = (path: string): boolean => !path.includes('node_modules') && !path.includes('generated');
      cpSync(join(ROOT, name), join(directory, name), { recursive: true, filter });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map(({ child, ended }) => (child.kill('SIGTERM'), ended)));
  });

  afterAll(() => {
    for (const one of directories) rmSync(one, { recursive: true, force: true });
  });

  it('builds, brings a database, says where to look and caches; what was written is there at the next start', async () => {
    rmSync(join(directory, 'dist'), { recursive: true, force: true });
    const { child, output, ended, listening } = start();
    const url = await listening();
    expect(output.out).toMatch(/building …[^]*database: PostgreSQL of its own[^]*cache: /);
    for (const place of [`${url}/api/docs`, `${url}/health`, `curl -i ${url}${WORKSPACE}`]) {
      expect(output.out).toContain(place);
    }
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok' });
    const reads = [await fetch(url + WORKSPACE), await fetch(url + WORKSPACE)];
    expect(reads.map(({ headers }) => headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
    const change = { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"name":"Sol y Mar"}' };
    expect((await fetch(url + WORKSPACE, change)).status).toBe(200);

    const postgres = postgresPid(output.out);
    child.kill('SIGTERM');
    expect({ code: await ended, stderr: output.err }).toEqual({ code: 0, stderr: '' });
    expect(runs(postgres)).toBe(false);

    const again = start();
    const next = await again.listening();
    expect(again.output.out).not.toContain('building');
    expect(await (await fetch(next + WORKSPACE)).json()).toMatchObject({ name: 'Sol y Mar' });
  }, 180_000);

  it('leaves neither an application nor a database behind when it is killed', async () => {
    const { child, output, ended, listening } = start();
    const url = await listening();
    const postgres = postgresPid(output.out);
    child.kill('SIGKILL');
    await ended; // the application held its output open
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    await eventually(() => !runs(postgres), { what: 'PostgreSQL has ended' });
  }, 120_000);

  it('ends in good order when npm alone is told to', async () => {
    const { child, output, ended, listening } = start({}, 'npm', 'start');
    const url = await listening();
    const postgres = postgresPid(output.out);
    child.kill('SIGTERM');
    await ended; // the application held its output open
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    await eventually(() => !runs(postgres), { what: 'PostgreSQL has ended' });
  }, 120_000);

  it.each([
    ['PORT', { PORT: 'http' }, /PORT/],
    ['every wrong variable at once', { REDIS_PORT: 'x', CACHE_DEFAULT_TTL: '-1' }, /REDIS_PORT[^]*CACHE_DEFAULT_TTL/],
  ])(
    'names %s, without a stack, and ends',
    async (_what, env, message) => {
      const { output, ended } = start({ DATABASE_URL: process.env.TEST_DATABASE_URL ?? '', ...env });
      expect(await ended).toBe(1);
      expect(output.err).toMatch(message);
      expect(output.err).not.toMatch(/^\s+at /m);
    },
    60_000,
  );
});
