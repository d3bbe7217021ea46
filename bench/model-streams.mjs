// Answers in parts: when do those who read along get the first part, and what does a replay cost?
import { setTimeout as sleep } from 'node:timers/promises';
import { compare, median, times } from './harness.mjs';

const READERS = 10;
const ROUNDS = times(21);
const FIRST_PART_MS = 50;
const PARTS = 1_000;

const parts = Array.from({ length: PARTS }, (_, i) => ({ type: 'text-delta', id: '0', delta: `word ${i} ` }));
const iterate = async function* () {
  yield* parts;
};
const readAll = async (stream) => {
  let length = 0;
  for await (const part of stream) length += part.delta.length;
  return length;
};

export async function modelStreams({ CacheInstance, url, prefix }) {
  const redis = { url, keyPrefix: prefix, commandTimeout: 10_000 };
  const cache = new CacheInstance({ redis, model: { secret: 'a secret of the benchmarks' } });
  await cache.connect();
  const along = await readAlong(cache.models);
  const question = { modelId: 'm', input: 'replayed', workspaceId: 'w1' };
  await readAll(await cache.models.stream(question, iterate));
  const replay = await compare(
    `Reading an answer of ${PARTS.toLocaleString('en')} parts`,
    [
      { name: 'the same parts from an async generator', call: () => readAll(iterate()) },
      {
        name: 'stream, replayed from the process',
        call: async () => readAll(await cache.models.stream(question, iterate)),
      },
    ],
    { operations: 200 },
  );
  await cache.close();
  return [along, withTimes(replay)];
}

async function readAlong(models) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    let asked = 0;
    const start = async function* () {
      asked++;
      await sleep(FIRST_PART_MS);
      yield* parts.slice(0, 10);
    };
    const question = { modelId: 'm', input: `along ${round}`, workspaceId: 'w1' };
    const begin = performance.now();
    const firsts = await Promise.all(
      Array.from({ length: READERS }, async () => {
        const stream = await models.stream(question, start);
        const reader = stream[Symbol.asyncIterator]();
        await reader.next();
        const first = performance.now() - begin;
        await reader.return();
        return { first, hit: stream.hit };
      }),
    );
    const leader = firsts.find(({ hit }) => hit === 'none')?.first ?? 0;
    rounds.push({ asked, ratio: Math.max(...firsts.map(({ first }) => first)) / leader, leader });
  }
  const rows = [
    {
      'models asked': median(rounds.map(({ asked }) => asked)),
      'first part at the leader after': `${median(rounds.map(({ leader }) => leader)).toFixed(1)} ms`,
      'at the last reader ×': median(rounds.map(({ ratio }) => ratio)).toFixed(3),
      goal: '1 model, ≤ 1.1 ×',
    },
  ];
  return { title: `${READERS} readers of one answer in parts, first part after ${FIRST_PART_MS} ms`, rows };
}

/** What is asked here is how long one reading takes. */
function withTimes({ title, rows }) {
  const goals = ['', 'at most 5 ms more'];
  return {
    title,
    rows: rows.map((row, i) => ({
      what: row.what,
      'one reading': `${(1_000 / Number(row['calls per second'].replaceAll(',', ''))).toFixed(2)} ms`,
      'CPU ×': row['CPU ×'],
      goal: goals[i],
    })),
  };
}
