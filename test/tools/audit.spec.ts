import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../docs/page.js';
import { ModelServer as HttpServer, type ServerReply } from '../support/model-server.js';

const ADVISORIES = '/-/npm/v1/security/advisories/bulk';
const UNSAFE = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  title: 'Reads what it should not',
  severity: 'high',
  vulnerable_versions: '<2.0.0',
};

const LOCK = {
  name: 'application',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': { name: 'application', dependencies: { 'some-parser': '1.0.0' } },
    'node_modules/some-parser': { version: '1.0.0', dependencies: { 'some-lexer': '1.0.0' } },
    'node_modules/some-lexer': { version: '1.0.0' },
  },
};

describe('npm run audit', () => {
  let registry: HttpServer;
  let directory: string;

  beforeEach(async () => {
    registry = await HttpServer.start();
    directory = mkdtempSync(join(tmpdir(), 'mobius-audit-'));
    mkdirSync(join(directory, 'docs'));
    writeFileSync(join(directory, 'package.json'), JSON.stringify(LOCK.packages['']));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(LOCK));
    page('# Packages\n');
  });

  afterEach(async () => {
    await registry.stop();
    rmSync(directory, { recursive: true });
  });

  const page = (text: string): void => {
    writeFileSync(join(directory, 'docs/packages.md'), text);
  };

  const answer = (reply: ServerReply): void => {
    registry.reply = ({ path }) => (path === ADVISORIES ? reply : { status: 404, json: {} });
  };

  /** In a process of its own, while this one is the registry. */
  const audit = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, npm_config_registry: registry.url, npm_config_fetch_retries: '0' };
      const child = spawn(process.execPath, [join(ROOT, 'tools/audit.mjs'), ...args], { cwd: directory, env });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
      child.on('error', reject).on('close', (code) => {
        resolve({ code, stdout, stderr });
      });
    });

  it('is content when nothing is known against any package', async () => {
    answer({ status: 200, json: {} });
    await expect(audit('--required')).resolves.toMatchObject({
      code: 0,
      stdout: 'packages: 2, advisories: 0, open: 0\n',
      stderr: '',
    });
  });

  it('fails at an advisory, once for all that depend on the package', async () => {
    answer({ status: 200, json: { 'some-lexer': [UNSAFE] } });
    const { code, stdout, stderr } = await audit();
    expect(code).toBe(1);
    expect(stdout).toBe(
      'open: GHSA-aaaa-bbbb-cccc (high) some-lexer <2.0.0: Reads what it should not\npackages: 2, advisories: 1, open: 1\n',
    );
    expect(stderr).toContain('docs/packages.md');
  });

  it('passes an advisory that the page explains, and no other one beside it', async () => {
    page('GHSA-aaaa-bbbb-cccc: we never read.\n');
    answer({ status: 200, json: { 'some-lexer': [UNSAFE] } });
    await expect(audit()).resolves.toMatchObject({ code: 0, stdout: expect.stringContaining('explained: GHSA-aaaa') });
    const other = { ...UNSAFE, id: 2, url: 'https://github.com/advisories/GHSA-dddd-eeee-ffff' };
    answer({ status: 200, json: { 'some-lexer': [UNSAFE, other] } });
    await expect(audit()).resolves.toMatchObject({ code: 1, stdout: expect.stringContaining('open: GHSA-dddd') });
  });

  it('says that nothing was audited by a registry that knows no audits', async () => {
    answer({ status: 405, json: {} });
    const { code, stdout, stderr } = await audit();
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('Nothing was audited');
    expect(stderr).toContain('405');
    await expect(audit('--required')).resolves.toMatchObject({ code: 1 });
  });
});
