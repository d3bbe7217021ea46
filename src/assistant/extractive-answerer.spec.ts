import { gestoriaSol } from '../../prisma/seed-data/gestoria-sol.js';
import { findPassages } from './passages.js';
import { ExtractiveAnswerer } from './extractive-answerer.js';

const passages = (question: string) => findPassages(question, gestoriaSol, 3);

describe('the extractive answerer', () => {
  it('answers with sentences of the documents that are about it', () => {
    const { sentences, sources, confidence } = passages('¿Qué es el NIE?');
    expect(sentences.join(' ')).toContain('Número de Identidad de Extranjero');
    expect(sources.map(({ id }) => id)).toContain('doc-que-es-el-nie');
    expect(confidence).toBe(1);
  });

  it('reads over accents and capitals', () => {
    expect(passages('¿QUE es el nié?')).toEqual(passages('¿Qué es el NIE?'));
  });

  it('says how little it found, and invents nothing', () => {
    expect(passages('dinosaurios volcanes')).toEqual({ sentences: [], sources: [], confidence: 0 });
    expect(passages('NIE dinosaurios').confidence).toBe(0.5);
    expect(passages('¿?')).toEqual({ sentences: [], sources: [], confidence: 0 });
    expect(findPassages('NIE', [], 3)).toEqual({ sentences: [], sources: [], confidence: 0 });
  });

  it('says where its words come from, then the words, then how sure it is', async () => {
    const parts = [];
    for await (const part of new ExtractiveAnswerer().answer('¿Qué es el NIE?', gestoriaSol)) parts.push(part);
    expect(parts[0]).toMatchObject({ type: 'sources', confidence: 1 });
    const words = parts.slice(1, -1).map((part) => (part.type === 'text' ? part.text : ''));
    expect(words.length).toBeGreaterThan(10);
    expect(words.join('')).toBe(passages('¿Qué es el NIE?').sentences.join(' '));
    const metadata = { confidence: 1, finishReason: 'stop', tokens: expect.any(Number) };
    expect(parts.at(-1)).toEqual({ type: 'end', metadata });
  });
});
