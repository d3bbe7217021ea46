import { mayChange, sqlOf } from './raw-sql.js';

describe('raw SQL', () => {
  it.each([
    ['SELECT * FROM "Document"', false],
    ['select 1 -- update', false],
    [`SELECT 'delete me'`, false],
    [`SELECT 'it''s; delete me'`, false],
    ['SELECT 1 /* a /* nested; */ update */ ;', false],
    ['SELECT "; update" FROM t WHERE a = $1 AND b #>> $2 = $3', false],
    ['  (SELECT 1) UNION (SELECT 2)', false],
    ['WITH x AS (SELECT 1) SELECT * FROM x', false],
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
    ['WITH x AS (SELECT 1) UPDATE t SET a = 1', true],
    ['MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE', true],
    ['SELECT * INTO t FROM s', true],
    ['TRUNCATE t', true],
    ['CALL archive()', true],
    ['DO $$ BEGIN END $$', true],
    ['COPY t FROM STDIN', true],
    ['REFRESH MATERIALIZED VIEW v', true],
    ['EXPLAIN ANALYZE UPDATE t SET a = 1', true],
    ['EXPLAIN ANALYZE EXECUTE prepared', true],
    ['EXECUTE archive(1)', true],
    ['SELECT $text$ update $text$', true],
    ['COMMIT', true],
    ['ALTER TABLE t ADD COLUMN a int', true],
    ['', true],
    ['-- nothing', true],
    [`SET lock_timeout = '5s'; UPDATE t SET a = 1`, true],
    ['BEGIN; UPDATE t SET a = 1; COMMIT', true],
    ['; UPDATE t SET a = 1', true],
    ['SELECT 1; SELECT 2', true],
    ['SET lock_timeout = 1; TRUNCATE t', true],
    ['\uFEFFUPDATE t SET a = 1', true],
    ['SELECT 1 -- until here\r; UPDATE t SET a = 1', true],
    ['SELECT 1 /* /* */ */ ; UPDATE t SET a = 1 -- */', true],
    [`SELECT E'it\\'s'; UPDATE t SET a = 1 --'`, true],
    [`SELECT $$'$$; UPDATE t SET a = 1 WHERE b <> $$'$$`, true],
    [`SELECT $a$'$a$; UPDATE t SET a = 1 WHERE b <> $a$'$a$`, true],
    [`SELECT 'not closed`, true],
    ['SELECT 1 /* not closed', true],
    ['SELECT `a` FROM t', true],
  ])('%s: %p', (sql, expected) => {
    expect(mayChange(sql)).toBe(expected);
  });

  it('is found in whatever form Prisma hands it on', () => {
    expect(sqlOf({ strings: ['SELECT ', ''], values: [1] })).toBe('SELECT ?');
    expect(sqlOf(['SELECT $1', 1])).toBe('SELECT $1');
    expect(sqlOf([{ strings: ['SELECT 1'], values: [] }])).toBe('SELECT 1');
    expect(sqlOf([['SELECT ', ''], 1])).toBe('SELECT ?');
    expect(sqlOf(undefined)).toBe('');
  });
});
