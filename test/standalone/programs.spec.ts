import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { RedisEnv } from '../support/redis-env.js';
import { uniquePrefix } from '../support/unique-prefix.js';
import { type EndedProgram, runProgram as run, type RunOptions } from '../support/run-program.js';

const runProgram = (name: string, options?: RunOptions): Promise<EndedProgram> =>
  run(join(__dirname, 'programs', `${name}.ts`), options);

/** Where the Redis of the test run is, in the variables that a deployment sets. */
function redisVariables(prefix = uniquePrefix()): Record<string, string> {
  const { hostname, port, password } = new URL(process.env.TEST_REDIS_URL ?? '');
  return {
    REDIS_HOST: hostname,
    REDIS_PORT: port || '6379',
    REDIS_PASSWORD: decodeURIComponent(password),
    REDIS_KEY_PREFIX: prefix,
  };
}

/** Ended by itself, without a complaint of any kind: no warning, no unhandled rejection. */
function expectClean({ code, stderr }: EndedProgram): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** A TTL that was set a moment ago; the moment may be long on a busy machine. */
const secondsOf = (ttl: number): unknown => ({
  asymmetricMatch: (seen: unknown) => typeof seen === 'number' && seen <= ttl && seen > ttl - 30,
  toString: () => `up to ${ttl} seconds`,
});

const told = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

/** A port on which nobody listens any more. */
async function refusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a program without Nest', () => {
  it('connects to Redis, asks how it is and ends once the cache is closed', async () => {
    const ended = await runProgram('initialize-redis', { env: redisVariables() });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'before', status: 'wait' },
      { what: 'connected', status: 'ready', isHealthy: true, version: expect.stringMatching(/^\d+\.\d+/) },
      { what: 'closed' },
    ]);
  });

  it('sets, gets, computes once and deletes', async () => {
    const ended = await runProgram('cache-manager', { env: redisVariables() });
    expectClean(ended);
    const data = { what: 'data', answer: '42', at: 0, computed: 1 };
    expect(ended.said).toEqual([
      { what: 'user', user: { name: 'John' }, name: 'JOHN', seconds: secondsOf(300) },
      data,
      data,
      data,
      { what: 'deleted', existed: true, deleted: true, exists: false },
      { what: 'pattern', removed: 2, other: 'other' },
    ]);
  });

  it('serves an HTTP endpoint from the cache: one query for many requests, a new one after an update', async () => {
    const ended = await runProgram('api-endpoint', { env: redisVariables() });
    expectClean(ended);
    const answer = { id: 'w1', name: 'Acme', users: [{ id: 'u1' }] };
    expect(ended.said).toEqual([
      { what: 'asked', answer, different: 1, queries: 1 },
      { what: 'updated', answer: { ...answer, name: 'Acme & Sons' }, queries: 2 },
      { what: 'absent', answer: null, queries: 3 },
    ]);
  });

  it('limits a rate with a counter whose TTL is in seconds', async () => {
    const ended = await runProgram('rate-limiting', { env: redisVariables() });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'checked', allowed: 3, last: { allowed: false, remaining: 0 } },
      { what: 'another user', allowed: true, remaining: 99 },
      { what: 'in Redis', plain: '6', seconds: secondsOf(60) },
      { what: 'without options', count: 1 },
    ]);
  });

  it('warms the cache up at its start', async () => {
    const ended = await runProgram('warm-up', { env: redisVariables() });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'info: Starting cache warm-up' },
      { what: 'info: Cache warm-up completed', stored: 100, failed: 0 },
      { what: 'warm', template: { id: 't99', popular: true }, seconds: secondsOf(86_400) },
    ]);
  });

  it('keeps answers of models: each is asked for once in its workspace', async () => {
    const ended = await runProgram('model-inference', { env: redisVariables() });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'asked twice', same: true, inferences: 1 },
      { what: 'info: Model cache hit', modelId: 'llama-3-8b', workspaceId: 'w1' },
      { what: 'another workspace', inferences: 2 },
      { what: 'warm', stored: 2, refused: 0, output: 'El NIE es...' },
      { what: 'invalidated in one workspace', inferences: 3 },
      { what: 'invalidated the other', inferences: 4, tokensAvoided: true },
    ]);
  });

  it('reads statistics with a hit rate in percent', async () => {
    const ended = await runProgram('monitor', { env: redisVariables() });
    expectClean(ended);
    const statistics = { what: 'info: Cache statistics', memory: true };
    expect(ended.said).toEqual([
      { ...statistics, hitRate: 0, hits: 0, misses: 0, keys: 0 },
      { what: 'warn: Low cache hit rate', hitRate: 0 },
      { ...statistics, hitRate: 33.3, hits: 1, misses: 2, keys: 2 },
      { what: 'warn: Low cache hit rate', hitRate: 33.3 },
      { ...statistics, hitRate: 66.7, hits: 4, misses: 2, keys: 2 },
      { what: 'closed' },
    ]);
  });

  it('needs neither Redis nor an end: in memory it ends by itself after its last line', async () => {
    const ended = await runProgram('in-memory');
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'invalidated', value: 2 },
      { what: 'counted', hits: 2, misses: 2 },
    ]);
  });

  it('is told what to do when it uses the cache in a wrong way', async () => {
    const ended = await runProgram('misuse');
    expectClean(ended);
    const said = Object.fromEntries(ended.said.map(({ what, ...facts }) => [what, facts]));
    expect(said).toEqual({
      'Redis before it is set up': told('CACHE_STANDALONE', /Call initializeRedis\(/),
      'wrong options': told('INVALID_OPTIONS', /redis\.prot[^]*did you mean 'port'[^]*redis\.port/),
      'set up after wrong options': { code: 'none' },
      'set up twice': told('CACHE_STANDALONE', /in use already\. Call initializeRedis\(\) once/),
      'an empty key': told('CACHE_INVALID_KEY', /key must be a non-empty string/),
      'a negative ttl': told('INVALID_OPTIONS', /set\(\)[^]*ttl[^]*positive number of seconds[^]*-1/),
      'a function as value': told('CACHE_INVALID_VALUE', /function/),
      'set up after the cache was used': told('CACHE_STANDALONE', /before the first use of cacheManager/),
      off: { store: 'none', same: true, ping: false },
      loads: { value: 'loaded' },
      'turned off': { code: 'none' },
    });
  });
});

describe('a program whose Redis fails', () => {
  const rows = { data: 'row of k', cached: 'row of k' };
  const healthy = { ...rows, stored: true, deleted: true, isHealthy: true, stats: 2 };
  const alone = { ...rows, stored: false, deleted: false, isHealthy: false, stats: 0, queries: 2 };

  it('works from the start without it, and ends once the cache is closed', async () => {
    const port = String(await refusedPort());
    const ended = await runProgram('failures', {
      env: { ...redisVariables(), REDIS_HOST: '127.0.0.1', REDIS_PORT: port },
    });
    expectClean(ended);
    const unavailable = new RegExp(`Redis at 127\\.0\\.0\\.1:${port} cannot be used now: [^]*ECONNREFUSED`);
    expect(ended.said).toEqual([
      {
        what: 'error: Redis is down, the program goes on without it',
        error: expect.stringMatching(unavailable),
      },
      { what: 'first', ...alone, counter: expect.stringMatching(unavailable) },
      { what: 'closed' },
    ]);
  });

  it('goes on when it goes away meanwhile', async () => {
    const redis = await RedisEnv.process();
    try {
      const ended = await runProgram('failures', {
        env: { REDIS_HOST: redis.host, REDIS_PORT: String(redis.port), REDIS_KEY_PREFIX: uniquePrefix() },
        args: ['--outage'],
        onReady: () => redis.kill('SIGKILL'),
      });
      expectClean(ended);
      expect(ended.said).toEqual([
        { what: 'first', ...healthy, queries: 2, counter: 1 },
        { what: 'ready' },
        { what: 'second', ...alone, counter: expect.stringMatching(/cannot be used now/) },
        { what: 'closed' },
      ]);
    } finally {
      await redis.kill();
    }
  });
});
