import { readPage } from './page.js';
import { textOf } from './sources.js';

const LONGEST = 200;
const LONGEST_EXAMPLE = 20;

type Row = readonly string[];

/** Rows of the tables of a text, cells without marks of emphasis; separators are left out. */
const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => /^\|(?! -)/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.replaceAll('**', '').trim()),
    );

/** The table under a heading of a page, by its first cells. */
function tableUnder(page: string, heading: string): Map<string, Row> {
  const [, after = ''] = textOf(page).split(`### ${heading}\n`);
  return new Map(rowsOf(after.split('\n### ')[0] ?? '').map(([name = '', ...cells]) => [name, cells]));
}

describe('the README', () => {
  const { text, blocks } = readPage('README.md');
  const section = text.split('## How it compares')[1]?.split('\n## ')[0] ?? '';
  const [names = [], ...rows] = rowsOf(section);
  const caches = names.slice(1);
  const row = (what: RegExp): Row => rows.find(([name = '']) => what.test(name))?.slice(1) ?? [];

  it('is read in five minutes', () => {
    expect(text.split('\n').length).toBeLessThan(LONGEST);
    const [example] = blocks.filter(({ code }) => code.includes('export class AppModule'));
    expect(example?.code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(LONGEST_EXAMPLE);
  });

  it('compares what was measured on its date, in the versions it names', () => {
    const comparison = textOf('docs/comparison.md');
    const measured = /^Measured on (\S+) with (Node\.js \S+?),? (?:and )?Redis/m;
    expect(measured.exec(section)?.[1]).toBe(measured.exec(comparison)?.[1]);
    expect(caches.length).toBeGreaterThan(4);
    expect(caches.filter((name) => !comparison.includes(name))).toEqual([]);
  });

  it.each<[RegExp, string, number]>([
    [/^callers after/, 'Stale values after an invalidation during a load', 6],
    [/^loads for/, '500 callers in 4 processes on one cold key, load of 50 ms', 0],
    [/^median call/, 'Redis frozen for 5 s: 20 callers of new keys, load of 20 ms, at defaults', 1],
    [/^heap/, 'Heap of a small entry in the process', 1],
    [/^CPU of a miss/, 'Miss on Redis beside other caches, 1 KB, 64 callers at a time', 2],
    [
      /^writes again/,
      'Redis killed and restarted empty after 1 s: 20 callers of new keys, load of 20 ms, at defaults',
      2,
    ],
  ])('%s… is what Performance says: %s', (what, heading, column) => {
    const table = tableUnder('docs/performance.md', heading);
    expect(row(what)).toEqual(caches.map((name) => table.get(name)?.[column]));
  });

  it('adds up what was cached though it was invalidated', () => {
    const table = tableUnder('docs/performance.md', 'Stale values after an invalidation during a load');
    const sums = caches.map((name) => {
      const cells = (table.get(name)?.slice(0, 6) ?? [])
        .map((cell) => cell.split(' of ').map(Number))
        .filter((cell) => cell.length === 2);
      const sum = (at: number): number => cells.reduce((total, cell) => total + (cell[at] ?? NaN), 0);
      return `${sum(0)} of ${sum(1)}`;
    });
    expect(row(/^invalidated during/)).toEqual(sums);
  });

  it('tells of the torture what Comparison says', () => {
    const table = rowsOf(textOf('docs/comparison.md').split('## Torture')[1] ?? '');
    const told = caches.map((name) => {
      const [, , , reads, , , stale] = table.find(([cache]) => cache === name) ?? [];
      return reads === undefined ? 'not run' : `${stale ?? ''} of ${reads}`;
    });
    expect(row(/^stale reads/)).toEqual(told);
  });
});
