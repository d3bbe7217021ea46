import { SlowQueries } from './slow-queries.js';

const run = (fingerprint: string, ms: number, failed = false) => ({
  fingerprint,
  statement: `SELECT ${fingerprint}`,
  parameters: [],
  ms,
  failed,
});

describe('slow queries', () => {
  it('are counted by shape, the costliest in all first', () => {
    const queries = new SlowQueries();
    for (let i = 0; i < 10; i++) queries.record(run('often', 100), 1_000 + i);
    queries.record(run('once', 900, true), 2_000);
    const [first, second] = queries.top();
    expect(first).toMatchObject({ fingerprint: 'often', count: 10, failed: 0, totalMs: 1_000 });
    expect(second).toMatchObject({ fingerprint: 'once', count: 1, failed: 1, lastAt: new Date(2_000) });
    expect(queries.top(1)).toHaveLength(1);
    expect(first?.ms.p50).toBeGreaterThan(98);
    expect(first?.ms.p50).toBeLessThan(102);
  });

  it('are bounded: the cheapest shape makes room', () => {
    const queries = new SlowQueries();
    for (let i = 0; i < 300; i++) queries.record(run(`q${i}`, i + 1), i);
    const shapes = queries.top().map(({ fingerprint }) => fingerprint);
    expect(shapes).toHaveLength(100);
    expect(shapes[0]).toBe('q299');
    expect(shapes).not.toContain('q0');
  });
});
