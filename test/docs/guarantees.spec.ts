import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { problemsOfGuarantees } from './guarantees.js';
import { ROOT } from './page.js';
import { literalsOf, textOf } from './sources.js';

const PAGE = 'docs/guarantees.md';
const read = new Map<string, string[]>();

function inFiles(path: string): string[] | undefined {
  const literals = read.get(path) ?? (existsSync(join(ROOT, path)) ? literalsOf(path) : undefined);
  if (literals !== undefined) read.set(path, literals);
  return literals;
}

describe('the guarantees', () => {
  const text = textOf(PAGE);
  const problems = (changed: string): string[] => {
    expect(changed).not.toBe(text);
    return problemsOfGuarantees(changed, inFiles);
  };
  /** The section of a guarantee, changed. */
  const changed = (number: number, change: (section: string) => string): string =>
    text
      .split(/^(?=## )/m)
      .map((section) => (section.startsWith(`## G${number}. `) ? change(section) : section))
      .join('');
  const kept = [...text.matchAll(/^## G(\d+)\. /gm)].map(([, number]) => Number(number));

  it('have tests, each of them, and the tests exist', () => {
    expect(kept.length).toBeGreaterThan(14);
    expect(problemsOfGuarantees(text, inFiles)).toEqual([]);
  });

  // The check has to fail, or it proves nothing.
  it.each(kept)('G%i would be missed without its tests', (number) => {
    const without = (rows: RegExp) => problems(changed(number, (section) => section.replace(rows, '')));
    expect(without(/^\| `.*\n/gm)).toEqual([`G${number} has no test`]);
    expect(without(/^\| (`|-|test ).*\n/gm)).toEqual([`G${number} has no test`]);
  });

  it('would be missed with their section', () => {
    expect(problems(changed(8, () => ''))).toEqual(['G8 has not one section']);
    expect(problems(text.replace(/^\| \[G8\].*\n/m, ''))).toEqual(['G8 has not one row at the top']);
  });

  it('would be missed when one is promised and nothing more is said', () => {
    const next = `G${Math.max(...kept) + 1}`;
    expect(problems(`${text}\n## ${next}. Something new\n\n**Promise.** All.\n`)).toEqual(
      expect.arrayContaining([`${next} has not one row at the top`, `${next} has no "How"`, `${next} has no test`]),
    );
    const hidden = (section: string): string =>
      section.replace(/^.*$/m, '## G1. What is not there yet').replace(/^\| `.*\n/gm, '');
    expect(problems(changed(1, hidden))).toEqual(['G1 has no test']);
  });

  it('would be missed with a test that does not exist, or is a comment only', () => {
    const row = (path: string, name: string) =>
      changed(1, (section) => section.replace(/^\| `.*$/m, `| \`${path}\` | ${name} |`));
    const here = 'test/docs/guarantees.spec.ts';
    expect(problems(row('test/nowhere.spec.ts', 'some name of a test'))).toEqual([
      'G1: there is no test/nowhere.spec.ts',
    ]);
    const comment = 'The anchor GitHub makes of a heading';
    expect(textOf('test/docs/page.ts')).toContain(comment);
    expect(problems(row('test/docs/page.ts', comment))).toEqual([`G1: test/docs/page.ts has no test "${comment}"`]);
    expect(problems(row(here, '…'))).toEqual(['G1: "…" is too short to name a test']);
    expect(problems(row(here, 'would be missed with …'))).toEqual([]);
  });
});
