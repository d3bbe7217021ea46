import { randomBytes } from 'node:crypto';
import { AesSeal } from '../sealing.js';
import {
  readAttributes,
  readQuestion,
  readVerdict,
  writeAttributes,
  writeQuestion,
  writeVerdict,
} from './question-row.js';

const row = { name: 'abc', proof: 'p', exact: 'e', words: [1, 2 ** 31], vector: Float32Array.of(0.6, 0.8) };
const open = { journal: 'j', seal: undefined };

describe('rows of journals', () => {
  it('come back as they went', () => {
    expect(readQuestion(writeQuestion(row, open), open)).toEqual(row);
    const { vector: _, ...known } = row;
    expect(readAttributes('abc', writeAttributes(row))).toMatchObject(known);
    for (const verdict of [
      { similarity: 0.9312, wrong: true },
      { similarity: 1, wrong: false },
    ])
      expect(readVerdict(writeVerdict(verdict))).toEqual(verdict);
  });

  it('are encrypted where answers are, and open in their own journal only', () => {
    const seal = new AesSeal({ keys: { a: randomBytes(32) }, current: 'a' });
    const place = { journal: 'j', seal };
    const written = writeQuestion(row, place);
    expect(written.includes(Buffer.from(row.vector.buffer))).toBe(false);
    expect(writeQuestion(row, open).includes(Buffer.from(row.vector.buffer))).toBe(true);
    expect(readQuestion(written, place)).toEqual(row);
    expect(readQuestion(written, { ...place, journal: 'other' })).toBeUndefined();
    expect(readQuestion(written, open)).toBeUndefined();
    expect(readQuestion(writeQuestion(row, open), place)).toBeUndefined();
  });

  it('are no rows when somebody else wrote them', () => {
    for (const text of ['', 'J', 'J{}', 'Jnull', 'B???', 'J{"name":"a:b","proof":"","exact":"","words":[]}', 'x'])
      expect(readQuestion(Buffer.from(text), open)).toBeUndefined();
    for (const text of ['', 'null', '[]', '{"proof":1}', '{']) expect(readAttributes('abc', text)).toBeUndefined();
    for (const text of ['', '7 right', '0.9000', '0.9000 perhaps'])
      expect(readVerdict(Buffer.from(text))).toBeUndefined();
  });
});
