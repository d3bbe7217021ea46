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
      const { stale, errors, faults, counts } = await torture({ topology, seed, env });
      expect({ stale, errors }).toEqual({ stale: [], errors: [] });
      // It was one: everything came to pass, values came out of the cache, and fills were kept out of it.
      expect(Object.values(faults).every((count) => count > 0)).toBe(true);
      expect(Object.keys(faults).length).toBeGreaterThan(9);
      for (const what of ['hits', 'fills', 'fenced', 'writes', 'storeFailures'])
        expect(counts[what]).toBeGreaterThan(0);
    },
    180_000,
  );
});
