import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { chat, ModelServer } from '../support/model-server.js';
import { type Ended, HOOK, runNode } from '../support/run-node.js';

const ROOT = join(__dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');
const names = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'main.ts')));

// Only for an example that would never end by itself: a busy machine needs seconds to start a PostgreSQL.
const LONGEST_MS = 60_000;
jest.setTimeout(LONGEST_MS + 10_000);

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runNode(args, { env, longestMs: LONGEST_MS });

/** What the command of the README runs. */
const runExample = (name: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  run(['tools/example.mjs', name], env);

const readmeOf = (name: string): string => readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8');
const promisedBy = (name: string): string => /^```text\n([^]*?)^```$/m.exec(readmeOf(name))?.[1] ?? '';

/** Seconds of an hour that has just begun: a busy machine may have spent a few of them. */
const beginning = (text: string): string => text.replace(/\b(3600|35\d\d)\b/g, 'an hour');

describe.each(names)('the example %s', (name) => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'examples-test-'));
    chmodSync(directory, 0o711); // PostgreSQL runs as `nobody` for root
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('prints what its README says, without a complaint, and leaves nothing behind', async () => {
    expect(readmeOf(name)).toContain(`npm run example ${name}\n`);
    const env = { REDIS_URL: process.env.TEST_REDIS_URL ?? '', TMPDIR: directory };
    const { stdout, stderr, code } = await runExample(name, env);
    const expected = { stdout: beginning(promisedBy(name)), stderr: '', code: 0 };
    expect({ stdout: beginning(stdout), stderr, code }).toEqual(expected);
    // The compiler keeps its own program there.
    expect(readdirSync(directory).filter((left) => !left.startsWith('swc-native'))).toEqual([]);
    expect(await keysOf(`example-${name}:`)).toEqual([]);
  });

  it('is read in a few minutes', () => {
    const lines = readFileSync(join(EXAMPLES, name, 'main.ts'), 'utf8').split('\n').length;
    expect(lines).toBeGreaterThan(40);
    expect(lines).toBeLessThanOrEqual(101);
  });

  it('stands in the overview and in the list', async () => {
    expect(readFileSync(join(EXAMPLES, 'README.md'), 'utf8')).toContain(`| \`npm run example ${name}\``);
    const title = readmeOf(name).split('\n', 1)[0]?.slice('# '.length);
    const { stdout } = await run(['tools/example.mjs']);
    expect(stdout).toMatch(new RegExp(`^npm run example ${name} +${title}$`, 'm'));
  });
});

describe('the examples', () => {
  it('are five', () => expect(names).toHaveLength(5));

  it('are told by name when another one is asked for', async () => {
    const { stdout, stderr, code } = await runExample('cash');
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
    expect(stderr).toContain(`There is no example cash. There are: ${names.join(', ')}`);
  });

  it.each([
    ['prisma', /Set DATABASE_URL/],
    ['processes', /Set REDIS_URL/],
  ])('%s says what it needs when it is run without it', async (name, message) => {
    const { stdout, stderr, code } = await run(['-r', HOOK, `examples/${name}/main.ts`]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
    expect(stderr).toMatch(message);
  });

  it('the two processes end with an error, not never, when nobody answers at REDIS_URL', async () => {
    const { stderr, code } = await runExample('processes', { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Redis at 127\.0\.0\.1:1 cannot be used now/);
  });

  it('the assistant streams from any server that speaks the protocol of OpenAI, and asks it once for all', async () => {
    const server = await ModelServer.start();
    try {
      server.reply = () => ({ events: chat.events(['A ', 'number.']) });
      const env = { MODEL_BASE_URL: `${server.url}/v1`, MODEL_NAME: 'gpt-mock' };
      const { stdout, stderr, code } = await runExample('assistant', env);
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      expect(stdout.match(/^ {2}A number\.$/gm)).toHaveLength(3);
      expect(stdout.match(/^ {2}\(from the cache\)$/gm)).toHaveLength(1);
      expect(stdout).toContain('3 calls of the model, 10 answers without one');
      expect(server.requests).toHaveLength(3);
      expect(JSON.parse(server.requests[0]?.text ?? '')).toMatchObject({
        ...{ model: 'gpt-mock', stream: true },
        messages: [{ role: 'user', content: 'What is the NIE?' }],
      });
    } finally {
      await server.stop();
    }
  });
});

/** What stands in the Redis of the tests under a prefix. */
async function keysOf(prefix: string): Promise<string[]> {
  const redis = new Redis(process.env.TEST_REDIS_URL ?? '', { lazyConnect: true });
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) found.push(...(keys as string[]));
  redis.disconnect();
  return found;
}
