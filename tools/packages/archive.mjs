import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * The archive of a package, as `npm publish` would send it.
 *
 * @param {{ folder: string, out: string }} options
 * @returns {{ path: string, size: number, unpackedSize: number, files: number }} sizes in bytes
 */
export function archive({ folder, out }) {
  const text = execFileSync('npm', ['pack', folder, '--json', '--pack-destination', out, '--ignore-scripts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(text);
  return { path: join(out, filename), size, unpackedSize, files: entryCount };
}
