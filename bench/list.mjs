// What is measured, in this order. Each is a file of this folder, and exports one function that returns tables: `[{ title, rows }]`.

/** This library beside the same thing written by hand. */
export const OWN = [
  'memory-hit',
  'decorator-hit',
  'tiered-hit',
  'redis-read',
  'coherence',
  'cold-key',
  'tag-invalidation',
  'pool-errors',
  'prisma-extension',
  'model-hit',
  'model-streams',
  'model-outage',
  'model-invalidation',
  'semantic-lookup',
  'rate-limit',
  'http',
];

/** Beside other libraries: `npm ci --prefix bench/peers` first. `npm run compare` sees to it. */
export const BESIDE_OTHERS = [
  'peer-hits',
  'races',
  'stampede',
  'outage',
  'peer-coherence',
  'heap',
  'commit-race',
  'peer-limits',
];

export const BENCHES = [...OWN, ...BESIDE_OTHERS];
