import { ExactIndex, unitVector } from './exact-index.js';

const unit = (...values: number[]): Float32Array => unitVector(values, values.length) ?? new Float32Array();
const question = (name: string, exact = '') => ({ name, proof: `proof of ${name}`, exact, words: [] });
const all = { accepts: () => true, minSimilarity: -1, count: 10 };

describe('the exact index', () => {
  it('finds the most similar, first', () => {
    const index = new ExactIndex(10);
    index.add(question('east'), unit(1, 0));
    index.add(question('north'), unit(0, 1));
    index.add(question('north-east'), unit(1, 1));
    const found = index.nearest({ ...all, vector: unit(2, 0.1), minSimilarity: 0.5 });
    expect(found.map(({ name }) => name)).toEqual(['east', 'north-east']);
    expect(found[0]).toMatchObject({ proof: 'proof of east', similarity: expect.closeTo(2 / Math.hypot(2, 0.1)) });
    expect(index.nearest({ ...all, vector: unit(2, 0.1), count: 1 })).toHaveLength(1);
  });

  it('looks only at what is accepted', () => {
    const index = new ExactIndex(10);
    index.add(question('a', 'one'), unit(1, 0));
    index.add(question('b', 'other'), unit(1, 0.2));
    const found = index.nearest({ ...all, vector: unit(1, 0), accepts: ({ exact }) => exact === 'other' });
    expect(found.map(({ name }) => name)).toEqual(['b']);
  });

  it('forgets the oldest at its bound', () => {
    const index = new ExactIndex(2);
    index.add(question('a'), unit(1, 0));
    index.add(question('b'), unit(0, 1));
    index.add(question('a'), unit(1, 1));
    index.add(question('c'), unit(1, 0));
    expect([index.has('a'), index.has('b'), index.has('c'), index.size]).toEqual([true, false, true, 2]);
    index.clear();
    expect(index.bytes).toBe(0);
  });

  it('takes vectors of other dimensions for like nothing', () => {
    const index = new ExactIndex(2);
    index.add(question('a'), unit(1, 0, 0));
    expect(index.nearest({ ...all, vector: unit(1, 0), minSimilarity: 0 })).toEqual([]);
  });

  it.each([
    ['too few', [1]],
    ['too many', [1, 2, 3]],
    ['NaN', [1, NaN]],
    ['infinity', [1, Infinity]],
    ['zero', [0, 0]],
    ['no numbers', ['a', 'b']],
    ['nothing', undefined],
  ])('has no direction for %s', (_, values) => {
    expect(unitVector(values as number[], 2)).toBeUndefined();
  });
});
