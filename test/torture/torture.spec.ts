import type { Judgement } from './adapter.js';
import { torture } from './torture.js';
import { TOPOLOGIES, type Topology } from './target.js';

/** The short form of `npm run torture`: every fault once, on every kind of Redis. */
describe('a cache under torture', () => {
  const seed = Number(process.env.TORTURE_SEED ?? 1);
  const runs: [Topology, string, Record<string, string>][] = [
    ...TOPOLOGIES.map((topology): (typeof runs)[number] => [topology, 'with the tier', {}]),
    ['single', 'without the tier', { L1: 'off' }],
  ];

  it.each(runs)(
    `serves nothing that was invalidated and fails no call (%s, %s, seed ${seed})`,
    async (topology, _tier, env) => {
      const { stale, kept, errors, faults, counts } = await torture({ topology, seed, env });
      expect({ stale, stayed: kept.stayed, errors }).toEqual({ stale: [], stayed: 0, errors: [] });
      // It was one: everything came to pass, values came out of the cache, and fills were kept out of it.
      expect(Object.values(faults).every((count) => count > 0)).toBe(true);
      expect(Object.keys(faults).length).toBeGreaterThan(9);
      for (const what of ['hits', 'fills', 'fenced', 'writes', 'storeFailures'])
        expect(counts[what]).toBeGreaterThan(0);
    },
    180_000,
  );
});

describe('those who judge', () => {
  const judged = (judgement: Judgement) =>
    torture({ judgement, adapter: 'test/torture/fixtures/forgets-nothing.ts', seed: 1, processes: 2, faults: 0 });

  it('compare without an excuse: old values are counted when they are read, and again when they stay', async () => {
    const { stale, kept, errors } = await judged('common');
    expect(errors).toEqual([]);
    expect(stale.filter(({ what }) => what !== 'stored').length).toBeGreaterThan(0);
    expect(kept.stayed).toBeGreaterThan(0);
    expect(kept.looked).toBeGreaterThanOrEqual(kept.stayed);
  }, 60_000);

  it('hold a cache to its own rules: a read may be excused, a value that stays is not', async () => {
    const { stale, kept, errors } = await judged('strict');
    expect(errors).toEqual([]);
    expect([...new Set(stale.map(({ what }) => what))]).toEqual(['stored']);
    expect(kept.stayed).toBeGreaterThan(0);
  }, 60_000);
});
