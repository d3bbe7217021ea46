import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { COHERENCE_DEFAULTS } from '../../../libs/cache/src/drivers/near/near-tier.js';
import { version } from '../../../package.json';
import type { TortureAdapter, TortureOptions, TortureRedis } from '../adapter.js';

const NAMESPACE = 'torture';

/** This cache with everything at its defaults; `L1=off` turns the tier in the process off. */
export async function createAdapter(redis: TortureRedis, keyPrefix: string): Promise<TortureAdapter> {
  const l1 = process.env.L1 === 'off' ? ({ l1: false } as const) : {};
  const cache = new CacheInstance({ redis: { ...redis, keyPrefix }, ...l1 });
  const { manager, engine } = cache;
  const scoped = <T extends object>(options: T) => ({ ...options, namespace: NAMESPACE });
  await cache.connect().catch(() => undefined);
  let calls = 0;
  /** Every other entry tells its tags only when it is loaded; every third is stale at once, and served while it is refreshed. */
  const loaded = ({ ttl, tags }: TortureOptions) => {
    calls++;
    const expiry = calls % 3 === 0 ? { ttl: '1ms' as const, staleWhileRevalidate: ttl, staleIfError: ttl } : { ttl };
    return scoped({ ...expiry, tags: calls % 2 === 0 ? () => tags : tags });
  };
  return {
    name: `Mobius cache ${version}${process.env.L1 === 'off' ? ', without L1' : ''}`,
    getOrSet: (key, load, options) => manager.getOrSet(key, load, scoped({ ...options })),
    get: (key) => manager.get<number>(key, scoped({})),
    set: (key, value, options) => manager.set(key, value, scoped({ ...options })),
    delete: (key) => manager.delete(key, scoped({})),
    invalidateTag: (tag) => manager.invalidateByTag(tag),
    strict: {
      getOrSet: (key, load, options) => manager.getOrSet(key, load, loaded(options)),
      getOrSetMany: (keys, load, options) => manager.getOrSetMany(keys, load, loaded(options)),
      put: (key, make, options) => manager.put(key, make, loaded(options)),
      invalidations: [
        ['tag of the namespace', (key) => manager.invalidateByTag(`tag-${key}`, scoped({}))],
        ['pattern', (key) => manager.invalidatePattern(`[${key}]*`, scoped({}))],
        ['namespace', () => manager.clear(NAMESPACE)],
      ],
      // A process that cannot reach Redis lets its callers share a load that may have begun before an invalidation elsewhere.
      catchUp: async () => {
        const { storeFailures } = engine.counts;
        const heard = cache.near === undefined || (await cache.near.catchUp()) || cache.near.coherence === 'deaf';
        return () => heard && engine.counts.storeFailures === storeFailures;
      },
      graceMs: COHERENCE_DEFAULTS.pingInterval + COHERENCE_DEFAULTS.pingTimeout + 500,
      untold: () => engine.remembered,
    },
    counts: () => ({ ...engine.counts }),
    close: () => cache.close(),
  };
}
