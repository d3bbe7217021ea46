import fc from 'fast-check';
import { closestWord, editDistance } from './spelling.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'ttl', 3],
    ['ttl', 'ttl', 0],
    ['ttl', 'tll', 1],
    ['tags', 'tag', 1],
    ['kitten', 'sitting', 3],
    ['saturday', 'sunday', 3],
  ])('from %p to %p is %p', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('is a metric', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('closestWord', () => {
  const known = ['ttl', 'tags', 'namespace', 'staleFor'];

  it.each([
    ['tll', 'ttl'],
    ['TTL', 'ttl'],
    ['tag', 'tags'],
    ['namespce', 'namespace'],
    ['stalefor', 'staleFor'],
  ])('takes %p for %p', (word, meant) => {
    expect(closestWord(word, known)).toBe(meant);
  });

  it.each(['compression', 'x', '', 'name'])('does not guess what %p could be', (word) => {
    expect(closestWord(word, known)).toBeUndefined();
  });

  it('prefers the nearest, then the first', () => {
    expect(closestWord('tags', ['tabs', 'tags'])).toBe('tags');
    expect(closestWord('taxs', ['tabs', 'tags'])).toBe('tabs');
  });
});
