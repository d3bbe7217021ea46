import { summaryOf } from '../../tools/compare/summary.cjs';
import { writeTables } from '../../tools/compare/tables.cjs';
import { readPage, readPages } from './page.js';

const LONGEST = 200;
const LONGEST_EXAMPLE = 20;

const flat = (text: string): string => text.replace(/[ -]+/g, ' ');

describe('the README', () => {
  const { text, blocks } = readPage('README.md');

  it('is read in five minutes', () => {
    expect(text.split('\n').length).toBeLessThan(LONGEST);
    const [example] = blocks.filter(({ code }) => code.includes('export class AppModule'));
    expect(example?.code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(LONGEST_EXAMPLE);
  });

  it('compares what was measured, as the pages say it', () => {
    const summary = summaryOf(readPages());
    expect(summary.rows).toHaveLength(9);
    expect(summary.rows.flatMap((row) => Object.values(row)).filter((cell) => cell === '')).toEqual([]);
    expect(summary.rows.map((row) => row['Mobius cache'])).not.toContain('not run');
    expect(summary.measured.date).toMatch(/^\d{4}-\d\d-\d\d/);
    const page = { path: 'README.md', text };
    const written = writeTables({ pages: [page], tables: [summary], appendTo: 'README.md' });
    expect(flat(written[0]?.text ?? text)).toBe(flat(text));
    const changed = { ...summary, rows: summary.rows.map((row) => ({ ...row, ' ': 'something else' })) };
    expect(writeTables({ pages: [page], tables: [changed], appendTo: 'README.md' })).toHaveLength(1);
  });

  it('is told what its table is made of is missing', () => {
    expect(() => summaryOf([{ path: 'x.md', text: '' }])).toThrow('There is no table');
  });
});
