// Other caches have dependencies of their own: what measures them sees to it that they are there.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

/** Other caches that are not installed, or not in the version that is asked for. */
export function missingPeers() {
  return Object.entries(read('package.json').dependencies).flatMap(([name, version]) => {
    try {
      return read(`node_modules/${name}/package.json`).version === version ? [] : [`${name} ${version}`];
    } catch {
      return [`${name} ${version}`];
    }
  });
}

/** Installs them where they are missing. Throws when that does not succeed, and says what to do. */
export function installPeers() {
  const missing = missingPeers();
  if (missing.length === 0) return;
  console.log(`npm ci --prefix bench/peers: ${missing.join(', ')}`);
  const { status } = spawnSync('npm', ['ci', '--prefix', HERE], { stdio: 'inherit' });
  if (status !== 0 || missingPeers().length > 0) {
    throw new Error('The other caches could not be installed. Try it by hand: npm ci --prefix bench/peers');
  }
}
