import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typeCheck } from '../support/type-check.js';

const FIXTURE = join(__dirname, 'fixtures/decorator-types.ts');
const EXPECTED = /^ *\/\/ @ts-expect-error .*\n/gm;

describe('the types of the decorators', () => {
  it('accept what fits the method, and refuse what does not', () => {
    expect(typeCheck([FIXTURE])).toEqual([]);
  });

  it('refuse each mistake at the decorator or the member it stands on', () => {
    const text = readFileSync(FIXTURE, 'utf8');
    const bare = text.replace(EXPECTED, '\n');
    const wrong = text.split('\n').flatMap((line, i) => (line.includes('// @ts-expect-error') ? [i + 1] : []));
    const problems = typeCheck([], new Map([[FIXTURE.replace('.ts', '.bare.ts'), bare]]));
    expect(new Set(problems.map(({ line }) => line - 1))).toEqual(new Set(wrong));
  });
});
