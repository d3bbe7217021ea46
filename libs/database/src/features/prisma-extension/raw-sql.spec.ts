import { mayChange, sqlOf } from './raw-sql.js';

describe('raw SQL', () => {
  it.each([
    ['SELECT * FROM "Document"', false],
    ['select 1 -- update', false],
    [`SELECT 'delete me'`, false],
    ['SELECT * FROM t FOR UPDATE', false],
    ['SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED', false],
    [`SELECT set_config('statement_timeout', '1', true)`, false],
    ['SET LOCAL lock_timeout = 1', false],
    ['SAVEPOINT mobius_1', false],
    ['ROLLBACK TO SAVEPOINT mobius_1', false],
    ['SELECT "update" FROM t', false],
    ['UPDATE t SET a = 1', true],
    ['  /* why */ insert into t values (1)', true],
    ['WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone', true],
    ['MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE', true],
    ['TRUNCATE t', true],
    ['CALL archive()', true],
    ['DO $$ BEGIN END $$', true],
    ['EXECUTE archive(1)', true],
    ['EXPLAIN ANALYZE UPDATE t SET a = 1', true],
    ['SET LOCAL work_mem = 1; UPDATE t SET a = 1', true],
    ['BEGIN; DELETE FROM t; COMMIT', true],
    [`SELECT E'it\\'s'; DELETE FROM t WHERE a = 'b'`, true],
    [`SELECT $$it's$$; DELETE FROM t WHERE a = 'b'`, true],
    ['SELECT $text$ update $text$', false],
    ['', true],
  ])('%s: %p', (sql, expected) => {
    expect(mayChange(sql)).toBe(expected);
  });

  it('is found in whatever form Prisma hands it on', () => {
    expect(sqlOf({ strings: ['SELECT ', ''], values: [1] })).toBe('SELECT ?');
    expect(sqlOf(['SELECT $1', 1])).toBe('SELECT $1');
    expect(sqlOf([{ strings: ['SELECT 1'], values: [] }])).toBe('SELECT 1');
    expect(sqlOf(undefined)).toBe('');
  });
});
