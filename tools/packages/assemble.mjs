import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.mjs';
import { manifestOf } from './manifest.mjs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/**
 * Makes the folders that are published: `<out>/kernel`, `<out>/cache`, `<out>/database`.
 *
 * @param {{ root: string, out: string, entries: readonly import('../entries.cjs').Entry[] }} options
 * @returns {{ name: string, library: string, folder: string }[]} kernel first
 */
export function assemble({ root, out, entries }) {
  rmSync(out, { recursive: true, force: true });
  compile({ root, out, entries });
  // So that the packages find each other where they lie.
  const scope = join(out, 'node_modules/@mobius1');
  mkdirSync(scope, { recursive: true });
  return [...new Set(entries.map(({ library }) => library))].map((library) => {
    const folder = join(out, library);
    const source = readJson(join(root, 'libs', library, 'package.json'));
    const own = entries.filter((entry) => entry.library === library);
    const manifest = manifestOf({ source, root: readJson(join(root, 'package.json')), entries: own });
    writeJson(join(folder, 'package.json'), manifest);
    writeJson(join(folder, 'cjs/package.json'), { type: 'commonjs', sideEffects: false });
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    writePages({ root, folder, library });
    symlinkSync(join('../..', library), join(scope, library));
    return { name: manifest.name, library, folder };
  });
}

const PAGE = /\]\(\.\.\/\.\.\/docs\/([\w-]+\.md)(#[\w-]+)?\)/g;
const LINK = /\[([^\]]+)\]\(([^)#\s]*)(#[\w-]+)?\)/g;

/** The README of a package, and the pages that it links to: they are of the version that is installed. */
function writePages({ root, folder, library }) {
  const readme = readFileSync(join(root, 'libs', library, 'README.md'), 'utf8');
  writeFileSync(join(folder, 'README.md'), readme.replace(PAGE, '](docs/$1$2)'));
  const pages = new Set([...readme.matchAll(PAGE)].map(([, page]) => page));
  if (pages.size > 0) mkdirSync(join(folder, 'docs'));
  for (const page of pages) {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    writeFileSync(join(folder, 'docs', page), withLinksTo(pages, text));
  }
}

/** A page as part of a package: what it links to beyond the pages of the package stays in the repository, so only the words remain. */
function withLinksTo(pages, text) {
  const kept = (link, words, target) => (target === '' || /^https?:/.test(target) || pages.has(target) ? link : words);
  return text
    .split(/^(```[^]*?^```)/m)
    .map((part, i) => (i % 2 === 0 ? part.replace(LINK, kept) : part))
    .join('');
}
