// The pages of the documentation, and the tables in them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { tablesIn, writeTables } from './tables.cjs';

/** Tables that stand nowhere yet come to its end. */
const NEW_TABLES = 'docs/performance.md';

function readPages() {
  const docs = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const paths = ['README.md', ...docs.map((name) => `docs/${name}`)];
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** Throws a TableError where a marker has no other half. */
export function titlesInPages() {
  const pages = readPages();
  writeTables({ pages, tables: [], appendTo: NEW_TABLES });
  return [...new Set(pages.flatMap(({ text }) => tablesIn(text)).map(({ title }) => title))];
}

export async function writeIntoPages(tables) {
  for (const { path, text } of writeTables({ pages: readPages(), tables, appendTo: NEW_TABLES })) {
    writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
    console.log(`written: ${path}`);
  }
}
