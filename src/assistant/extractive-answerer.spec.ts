import { gestoriaSol } from '../../prisma/seed-data/gestoria-sol.js';
import { answerFrom } from './extractive-answerer.js';

describe('the extractive answerer', () => {
  it('answers with sentences of the documents that are about it', () => {
    const { text, sources, confidence } = answerFrom('¿Qué es el NIE?', gestoriaSol);
    expect(text).toContain('Número de Identidad de Extranjero');
    expect(sources.map(({ id }) => id)).toContain('doc-que-es-el-nie');
    expect(confidence).toBe(1);
  });

  it('reads over accents and capitals', () => {
    expect(answerFrom('¿QUE es el nié?', gestoriaSol)).toEqual(answerFrom('¿Qué es el NIE?', gestoriaSol));
  });

  it('says how little it found, and invents nothing', () => {
    expect(answerFrom('dinosaurios volcanes', gestoriaSol)).toEqual({ text: '', sources: [], confidence: 0 });
    expect(answerFrom('NIE dinosaurios', gestoriaSol).confidence).toBe(0.5);
    expect(answerFrom('¿?', gestoriaSol)).toEqual({ text: '', sources: [], confidence: 0 });
    expect(answerFrom('NIE', [])).toEqual({ text: '', sources: [], confidence: 0 });
  });
});
