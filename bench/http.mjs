// What does the cache save a whole application? The demo in a process of its own, on PostgreSQL and Redis, and from here as many
// requests as it answers. All configurations run at the same time and take turns; the ones that wait do nothing.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { median, percentile, times } from './harness.mjs';

const autocannon = createRequire(import.meta.url)('autocannon');
const { version } = createRequire(import.meta.url)('autocannon/package.json');
const SERVER = fileURLToPath(new URL('http-server.mjs', import.meta.url));
const CONNECTIONS = 50;
const FEWEST_ENDPOINTS = 50;
const ROUNDS = times(7);
const ROUND_S = times(4, 1);
const WARM_UP_S = times(3, 1);
const PAGE_SIZES = [10, 20];
const START_MS = 30_000;
const STOP_MS = 10_000;

/** The first is the base. `answers`: the `X-Cache` of a second reading, or something else is measured than is said. */
const CONFIGURATIONS = [
  { what: 'CACHE_ENABLED=false', env: { CACHE_ENABLED: 'false' }, answers: null },
  { what: 'in the process (redis: false)', cache: { redis: false }, answers: 'HIT' },
  { what: 'on Redis (l1: false)', cache: { l1: false }, answers: 'HIT' },
  { what: 'on Redis, with the tier in the process', answers: 'HIT' },
];

export async function http({ openDatabase, Database, PrismaClient, url: redis }) {
  const database = await openDatabase();
  const paths = await endpointsOf({ database, Database, PrismaClient });
  const servers = [];
  try {
    for (const configuration of CONFIGURATIONS) servers.push(await start(configuration, { database, redis, paths }));
    const rounds = servers.map(() => []);
    for (const server of servers) await load(server, paths, WARM_UP_S);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, server] of servers.entries()) rounds[i].push(await load(server, paths, ROUND_S));
    }
    const rows = rowsOf(rounds, paths.length);
    return [{ title: `The demo over HTTP, ${CONNECTIONS} connections`, rows, versions: [`autocannon ${version}`] }];
  } finally {
    await Promise.all(servers.map(({ child }) => stop(child)));
  }
}

function rowsOf(rounds, endpoints) {
  return CONFIGURATIONS.map(({ what }, i) => {
    const middle = (field) => median(rounds[i].map((round) => round[field]));
    return {
      'the cache is': what,
      endpoints,
      'requests per second': Math.round(middle('perSecond')).toLocaleString('en'),
      'requests ×': median(rounds[i].map(({ perSecond }, round) => perSecond / rounds[0][round].perSecond)).toFixed(2),
      p50: `${middle('p50').toFixed(1)} ms`,
      p99: `${middle('p99').toFixed(1)} ms`,
      'SQL statements per request': middle('statements').toFixed(2),
      errors: rounds[i].reduce((sum, { errors }) => sum + errors, 0),
    };
  });
}

/** Everything of the example data that can be read by a path of its own. */
async function endpointsOf({ database, Database, PrismaClient }) {
  const pool = new Database({ url: database });
  const prisma = new PrismaClient({ adapter: pool.adapter });
  const idsOf = async (model) =>
    (await prisma[model].findMany({ select: { id: true }, orderBy: { id: 'asc' } })).map(({ id }) => id);
  const workspaces = await idsOf('workspace');
  const paths = [
    '/workspaces',
    ...workspaces.flatMap((id) => [
      `/workspaces/${id}`,
      ...PAGE_SIZES.map((size) => `/workspaces/${id}/documents?pageSize=${size}`),
    ]),
    ...(await idsOf('document')).map((id) => `/documents/${id}`),
    ...(await idsOf('user')).map((id) => `/users/${id}`),
    ...(await idsOf('template')).map((id) => `/templates/${id}`),
  ].map((path) => `/api/v1${path}`);
  await prisma.$disconnect();
  await pool.close();
  if (new Set(paths).size < FEWEST_ENDPOINTS) throw new Error(`There are no more than ${paths.length} endpoints.`);
  return paths;
}

async function start({ what, env = {}, cache = {}, answers }, { database, redis, paths }) {
  // What is compared are reads: without the limits of the demo, which would ask Redis once for each request.
  const child = fork(SERVER, [JSON.stringify({ ...cache, rateLimit: { enabled: false } })], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: database,
      REDIS_URL: redis,
      REDIS_KEY_PREFIX: `bench-${randomUUID()}:`,
      MODEL_CACHE_SECRET: randomUUID(),
      ...env,
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${what}: the demo ended with ${code}`)));
  ended.catch(() => undefined);
  try {
    const [{ url }] = await Promise.race([once(child, 'message', { signal: AbortSignal.timeout(START_MS) }), ended]);
    for (const path of [...paths, ...paths]) await fetch(url + path).then((response) => response.arrayBuffer());
    for (const path of paths) {
      const { status, headers } = await fetch(url + path);
      const said = headers.get('x-cache');
      if (status !== 200 || said !== answers) throw new Error(`${what}: ${path} answers ${status}, x-cache ${said}`);
    }
    return { child, url };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(kill);
}

/** Connections begin at different endpoints, or all of them would ask for the same at the same time. */
async function load({ url }, paths, seconds) {
  const requests = paths.map((path) => ({ path }));
  let connection = 0;
  const setupClient = (client) => {
    const from = Math.floor((connection++ * paths.length) / CONNECTIONS);
    client.setRequests([...requests.slice(from), ...requests.slice(0, from)]);
  };
  const before = await statementsOf(url);
  const run = autocannon({ url, connections: CONNECTIONS, duration: seconds, setupClient });
  const ms = [];
  run.on('response', (_client, _status, _bytes, took) => ms.push(took));
  const { duration, errors, timeouts, non2xx } = await run;
  const statements = (await statementsOf(url)) - before;
  return {
    perSecond: ms.length / duration,
    p50: percentile(ms, 0.5),
    p99: percentile(ms, 0.99),
    statements: statements / ms.length,
    errors: errors + timeouts + non2xx,
  };
}

/** How often the pool lent a connection. Nothing here is read in a transaction: once for each statement. */
async function statementsOf(url) {
  return (await (await fetch(`${url}/api/v1/database/pool`)).json()).acquired;
}
