// Two processes on one Redis. Each answers hot reads from its own memory, and neither serves what the other has changed.
// This file is both: the writer, which you start, and the reader, which the writer starts and asks what it sees.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheManager, closeCache, getRedisClient, initializeRedis } from '@mobius1/cache/standalone';

const PREFIX = 'example-processes:';
const [, program = '', database = ''] = process.argv;

/** A read through the cache; a file stands for the database that both processes use. */
async function read(file: string): Promise<string> {
  let from = 'the cache in Redis';
  const { localHits } = await cacheManager.getStats();
  const price = await cacheManager.getOrSet('price:apple', () => {
    from = 'the database';
    return readFileSync(file, 'utf8');
  });
  if ((await cacheManager.getStats()).localHits > localHits) from = 'its own memory';
  return `${price} from ${from}`;
}

/** The reader reads until it sees what the writer is waiting for, and says so: news of a change need a moment. */
function reader(file: string): void {
  async function answer(expected: string): Promise<void> {
    let seen = '';
    while (process.connected && !seen.includes(expected)) seen = await read(file);
    process.send?.(`reader: ${seen}`);
  }
  process.on('message', (expected: string) => void answer(expected));
  process.once('disconnect', () => void closeCache());
}

async function writer(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'example-'));
  const file = join(directory, 'price');
  const other = fork(program, [file]);
  const ended = new AbortController();
  other.once('exit', () => ended.abort());
  /** Resolves when the reader sees what is expected; rejects when it has ended, or does not in thirty seconds. */
  async function readerSees(expected: string): Promise<void> {
    other.send(expected);
    const patience = setTimeout(() => other.kill(), 30_000);
    const [seen] = (await once(other, 'message', { signal: ended.signal })) as [string];
    clearTimeout(patience);
    console.log(seen);
  }
  try {
    await tell(file, readerSees);
  } finally {
    if (other.connected) other.disconnect();
    if (!ended.signal.aborted) await once(other, 'exit');
    await removeEverything();
    await closeCache();
    rmSync(directory, { recursive: true });
  }
}

/** An application keeps its cache. An example takes along what it has made, the marks of invalidations included. */
async function removeEverything(): Promise<void> {
  const redis = getRedisClient().getClient();
  for await (const found of redis.scanStream({ match: `${PREFIX}*` })) {
    const keys = found as string[];
    if (keys.length > 0) await redis.unlink(keys);
  }
}

async function tell(file: string, readerSees: (expected: string) => Promise<void>): Promise<void> {
  writeFileSync(file, '10');
  console.log(`writer: ${await read(file)}`);
  await readerSees('10');
  // What came from Redis once is kept: no round trip any more.
  await readerSees('10 from its own memory');

  console.log('writer: the price is 12 now');
  writeFileSync(file, '12');
  // The reader is told by Redis itself (CLIENT TRACKING), and drops its copy.
  await cacheManager.delete('price:apple');
  await readerSees('12 from the database');
  await readerSees('12 from its own memory');

  console.log('somebody: DEL price:apple, with redis-cli');
  writeFileSync(file, '15');
  // No message of ours, and nobody has to know of the cache.
  await getRedisClient().getClient().del(`${PREFIX}price:apple`);
  await readerSees('15');
}

async function main(): Promise<void> {
  const url = process.env.REDIS_URL;
  if (!url) throw new Error('Set REDIS_URL to a Redis that both processes can use, such as redis://localhost:6379.');
  initializeRedis({ url, keyPrefix: PREFIX, commandTimeout: 5_000 }); // prints the same on a busy machine, too
  await getRedisClient().connect();
  if (database === '') await writer();
  else reader(database);
}

void main();
