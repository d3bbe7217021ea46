import fc from 'fast-check';
import { fingerprintOf } from './fingerprint.js';

const shape = (text: string): string => fingerprintOf(text).statement;

describe('the shape of a statement', () => {
  it.each([
    [`SELECT * FROM "User" WHERE id = 'ana'`, `SELECT * FROM "User" WHERE id = ?`],
    [`SELECT 1, 2.5, 1e9, 0xFF`, `SELECT ?`],
    [`select * from t1 where a2 = 3`, `select * from t1 where a2 = ?`],
    [`SELECT 'it''s' , E'a\\'b', $$x'y$$, $tag$ $$ $tag$`, `SELECT ?`],
    [`SELECT * FROM t WHERE id IN ($1,$2, $3)`, `SELECT * FROM t WHERE id IN (?)`],
    [`INSERT INTO t VALUES (1, 'a'), (2, 'b'),(3,'c')`, `INSERT INTO t VALUES (?)`],
    ['SELECT a -- 42\n/* secret */ FROM   t\n', 'SELECT a FROM t'],
    [`SELECT "col 'quoted' 7" FROM "t""2"`, `SELECT "col 'quoted' 7" FROM "t""2"`],
    [`SELECT 'never closed`, `SELECT ?`],
    ['/* never closed', ''],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(shape(text)).toBe(expected);
  });

  it('is the same for other values and another length of a list', () => {
    const one = fingerprintOf(`SELECT * FROM t WHERE name = 'ana' AND id IN (1)`);
    expect(fingerprintOf(`SELECT * FROM t\nWHERE name = 'bob' AND id IN (1, 2, 3)`)).toEqual(one);
    expect(fingerprintOf(`SELECT * FROM u WHERE name = 'ana' AND id IN (1)`).id).not.toBe(one.id);
  });

  it('holds no string of the statement', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), (secret) => {
        const text = `UPDATE t SET a = '${secret.replaceAll("'", "''")}' WHERE b = 1`;
        expect(shape(text)).toBe('UPDATE t SET a = ? WHERE b = ?');
      }),
    );
  });

  it('is bounded', () => {
    expect(shape(`SELECT ${'a_name '.repeat(10_000)}`).length).toBeLessThanOrEqual(1_000);
  });
});
