import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './packed.js';

interface Locked {
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What a package says about itself. */
export function licenceOf(name: string): string {
  return (JSON.parse(textOf(`node_modules/${name}/package.json`)) as { license: string }).license;
}

/** Licences of packages and of all that they are installed with, by the path in the lock file. */
export function licencesBehind(names: readonly string[]): Map<string, string> {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked | undefined> };
  const found = new Map<string, string>();
  const visit = (name: string, from: string): void => {
    for (let at: string | undefined = from; at !== undefined; at = outside(at)) {
      const path = `${at}node_modules/${name}`;
      const locked = packages[path];
      if (locked === undefined) continue;
      if (found.has(path) || name.startsWith('@mobius1/')) return;
      found.set(path, locked.license ?? `unknown: ${path}`);
      const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = locked;
      const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
      for (const next of [...Object.keys(dependencies), ...peers]) visit(next, `${path}/`);
      return;
    }
  };
  for (const name of names) visit(name, '');
  return found;
}

/** The folder in which Node looks next: `a/node_modules/b/` → `a/` → ''. */
function outside(at: string): string | undefined {
  return at === '' ? undefined : at.slice(0, at.lastIndexOf('node_modules/'));
}

/** The rows of the table in a page whose first heading is `first`, as cells without backticks. */
export function tableRows(path: string, first: string): string[][] {
  const lines = textOf(path).split('\n');
  const head = lines.findIndex((line) => new RegExp(`^\\| ${first} `).test(line));
  if (head === -1) return [];
  const end = lines.findIndex((line, i) => i > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map((line) =>
    line
      .replaceAll('`', '')
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}
