import { sources, textOf } from './sources.js';
import { symptomsOf } from './symptoms.js';

// Shorter ones stand in any text.
const SHORTEST_PART = 4;

/** Messages of Redis, Node.js and Nest, which stand in no code of ours: a test provokes them. */
const TESTS = ['mistakes.spec.ts', 'fixtures/wrong-decorators.ts', 'decorator-scopes.spec.ts'].map(
  (file) => `test/nest/${file}`,
);

/** Regular expressions of tests have escapes that nobody is shown. */
const printed = (path: string): string => textOf(path).replaceAll(/\\([^\w])/g, '$1');

describe('the page of troubles', () => {
  const symptoms = symptomsOf('docs/troubleshooting.md');
  const code = sources().filter((path) => /^libs\/(kernel|cache)\/src\//.test(path) && !path.endsWith('.spec.ts'));
  const everything = [...code, ...TESTS].map(printed).join('\n');

  it('has some', () => {
    expect(symptoms.length).toBeGreaterThan(25);
  });

  it.each(symptoms)('quotes what somebody says: $text', ({ text }) => {
    const parts = text.split('…').map((part) => part.replace(/^\W+|\W+$/g, ''));
    expect(parts.filter((part) => part.length >= SHORTEST_PART && !everything.includes(part))).toEqual([]);
  });
});
