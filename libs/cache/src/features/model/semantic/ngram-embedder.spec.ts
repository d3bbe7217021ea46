import { unitVector } from './exact-index.js';
import { ngramEmbedder } from './ngram-embedder.js';

const { embed, dimensions } = ngramEmbedder();
const signal = new AbortController().signal;
const similarity = (one: string, other: string): number => {
  const [a, b] = [one, other].map((text) => unitVector(embed(text, signal) as Float32Array, dimensions));
  return (a ?? new Float32Array()).reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0);
};

describe('the baseline embedder', () => {
  it('finds the same words, in other forms and with typing errors', () => {
    expect(similarity('¿Qué es el NIE?', 'que es el nie')).toBeCloseTo(1);
    expect(similarity('residence permits', 'residence permit')).toBeGreaterThan(0.9);
    expect(similarity('residence permit', 'residense permit')).toBeGreaterThan(0.6);
    expect(Math.abs(similarity('residence permit', 'football tickets'))).toBeLessThan(0.3);
  });

  it('knows nothing of meaning', () => {
    expect(similarity('cost', 'price')).toBeLessThan(0.3);
    expect(similarity('may I work', 'may I not work')).toBeGreaterThan(0.7);
  });

  it('has no direction for what has no letters', () => {
    expect(unitVector(embed('¿?', signal) as Float32Array, dimensions)).toBeUndefined();
    expect(ngramEmbedder({ dimensions: 64 })).toMatchObject({ dimensions: 64, id: 'ngrams-2-4-64' });
  });
});
