import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { unpacked } from './redis-binary.js';
import { RedisEnv } from './redis-env.js';
import { RedisProcess } from './redis-process.js';
import { waitForLink } from './redis-replica.js';
import { TestEnvironmentError } from './test-environment-error.js';
import { uniquePrefix } from './unique-prefix.js';

describe('RedisEnv.start', () => {
  it('gives the Redis of the test run', async () => {
    const server = await RedisEnv.start();
    const redis = new Redis(server.url, { keyPrefix: uniquePrefix() });
    expect(server.url).toBe(process.env.TEST_REDIS_URL);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });

  it('starts another one for arguments of its own', async () => {
    const server = await RedisEnv.start({ args: ['--maxmemory', '10mb'] });
    const redis = new Redis(server.url);
    expect(server.url).not.toBe(process.env.TEST_REDIS_URL);
    expect(await redis.info('memory')).toMatch(/^maxmemory:10485760\r$/m);
    redis.disconnect();
    await server.stop();
  });
});

describe('RedisEnv.process', () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await RedisEnv.process();
  });
  afterAll(() => server.stop());

  it('answers', async () => {
    expect(await server.command('PING')).toBe('PONG');
  });

  it('holds what it is asked while it is frozen', async () => {
    server.freeze();
    const reply = server.command('PING');
    expect(await Promise.race([reply, sleep(150, 'silence')])).toBe('silence');
    server.thaw();
    expect(await reply).toBe('PONG');
  });

  it('comes back empty on the same port', async () => {
    const { port, pid } = server;
    await server.command('SET', 'key', 'value');
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('comes back with what it held when it is given that', async () => {
    await server.command('SET', 'kept', 'value');
    const held = await server.snapshot();
    await server.command('SET', 'lost', 'value');
    await server.restart(held);
    expect(await server.command('KEYS', '*')).toEqual(['kept']);
    await server.command('FLUSHALL');
  });

  it('refuses connections once it is killed, even when it was frozen', async () => {
    server.freeze();
    await server.kill('SIGTERM');
    expect(server.running).toBe(false);
    await expect(server.command('PING')).rejects.toThrow();
    await server.restart();
  });

  it('says why a server does not start', async () => {
    const start = RedisEnv.process({ args: ['--no-such-option', 'yes'] });
    await expect(start).rejects.toMatchObject({
      code: 'NOT_STARTED',
      message: expect.stringContaining('no-such-option'),
    });
  });
});

it('a replica follows its master and can be promoted', async () => {
  const { master, replica, promote, stop } = await RedisEnv.replica();
  await master.command('SET', 'key', 'value');
  await eventually(async () => (await replica.command('GET', 'key')) === 'value', { what: 'the replica has the key' });
  const promoted = await promote();
  expect(await promoted.command('SET', 'key', 'new')).toBe('OK');
  await stop();
});

it('sentinels lead a client to the new master', async () => {
  const topology = await RedisEnv.sentinel();
  const redis = new Redis({ name: topology.name, sentinels: [...topology.addresses] });
  redis.on('error', () => undefined);
  await redis.set('key', 'value');
  await redis.wait(1, 1_000);
  const promoted = await topology.failover();
  expect(await redis.get('key')).toBe('value');
  await eventuallyFollowed(topology.nodes, promoted);
  const last = await topology.killMaster();
  expect(last).not.toBe(promoted);
  expect(await redis.set('key', 'new')).toBe('OK');
  expect(await last.command('GET', 'key')).toBe('new');
  redis.disconnect();
  await topology.stop();
}, 90_000);

it('a cluster serves all slots, also after a master is killed', async () => {
  const topology = await RedisEnv.cluster();
  const cluster = new Cluster([...topology.addresses]);
  cluster.on('error', () => undefined);
  const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
  await Promise.all(keys.map((key) => cluster.set(key, key)));
  expect(await topology.masters()).toHaveLength(3);

  const old = await topology.masterOf('key-0');
  const relieved = await topology.failover('key-0');
  expect(relieved).not.toBe(old);
  expect(await topology.killMaster('key-0')).toBe(old);
  expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys);
  cluster.disconnect();
  await topology.stop();
});

it("Debian's package serves where no Redis is installed, or the error says what to do", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mobius-package-'));
  try {
    const binary = await unpacked(join(directory, 'redis')).catch((error: unknown) => error);
    if (binary instanceof TestEnvironmentError) {
      expect(binary).toMatchObject({ code: 'NO_REDIS', message: expect.stringContaining('REDIS_URL') });
      return;
    }
    const server = await RedisProcess.start(binary as Awaited<ReturnType<typeof unpacked>>);
    expect(await server.command('PING')).toBe('PONG');
    await server.stop();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** The old master must follow the new one before it can take over again. */
async function eventuallyFollowed(nodes: readonly RedisProcess[], master: RedisProcess): Promise<void> {
  const follower = nodes.find((node) => node !== master)!;
  await waitForLink(follower);
}
