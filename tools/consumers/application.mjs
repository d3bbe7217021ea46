import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];

/** An application in a folder of its own, outside of the repository, with the archives installed. */
export class Application {
  #folder;
  #withoutPeers;

  /** @param {{ root: string, name: string, shared?: string, withoutPeers?: boolean, dependencies: object }} options */
  constructor({ root, name, shared, withoutPeers = false, dependencies }) {
    this.#folder = mkdtempSync(join(tmpdir(), `mobius-${name}-`));
    this.#withoutPeers = withoutPeers;
    const fixtures = join(root, 'test/consumers');
    for (const folder of [shared, name].filter(Boolean)) {
      for (const file of readdirSync(join(fixtures, folder))) {
        const to = file.endsWith('.json') ? file : join('src', folder, file);
        cpSync(join(fixtures, folder, file), join(this.#folder, to));
      }
    }
    const path = join(this.#folder, 'package.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    manifest.dependencies = { ...manifest.dependencies, ...dependencies };
    writeFileSync(path, JSON.stringify(manifest, null, 2));
  }

  get folder() {
    return this.#folder;
  }

  /** Installs and compiles. */
  async prepare() {
    const cwd = this.#folder;
    const installed = await run('npm', [...INSTALL, ...(this.#withoutPeers ? ['--omit=peer'] : [])], { cwd });
    if (!installed.ok) return installed;
    const { ok, output, ms } = await run('npm', ['run', '--silent', 'build'], { cwd });
    return { ok, output, ms: ms + installed.ms };
  }

  /** Runs its check on the Node in the folder `bin`; `env` says where its servers are. */
  async check({ bin, env }) {
    const { ok, output, ms } = await run('npm', ['run', '--silent', 'check'], {
      cwd: this.#folder,
      env: { HOME: process.env.HOME, PATH: [bin, process.env.PATH].join(delimiter), ...env },
      patience: 90_000,
    });
    return { ok: ok && !output.includes('ExperimentalWarning'), output, ms };
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
