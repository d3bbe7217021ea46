// What does the semantic tier cost? A hit of its own question nothing; a miss the lookup: gate, digests, and the search of all that is known.
import { randomBytes } from 'node:crypto';
import { compare } from './harness.mjs';

const KNOWN = 1_000;
const DIMENSIONS = 1_536;

export async function semanticLookup({ CacheInstance, url, prefix }) {
  const secret = randomBytes(32).toString('base64');
  const random = () => Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5);
  const vectors = Array.from({ length: 64 }, random); // an embedder is somebody else's time
  let asked = 0;
  const embedder = { id: 'random', dimensions: DIMENSIONS, embed: () => vectors[asked % vectors.length] };
  const open = (name, semantic) =>
    new CacheInstance({
      redis: { url, keyPrefix: `${prefix}${name}:`, commandTimeout: 10_000 },
      model: { secret, semantic },
    });
  const off = open('off', false);
  // With nothing to serve and nothing alike, what is measured is the lookup alone.
  const on = open('on', { embedder, maxQuestions: KNOWN, timeout: 10_000, minSimilarity: 0.99 });
  await Promise.all([off.connect(), on.connect()]);
  const wrap = ({ models }, input, modelId = 'bench') =>
    models.wrap({ modelId, input, workspaceId: 'w1' }, () => 'the answer');
  // Letters only: another number would be another question to the gate, which would not be searched.
  const letters = (i) => String(i).replace(/\d/g, (digit) => 'abcdefghij'[digit]);
  const question = () => `how long does the office take to answer a letter about the matter ${letters(asked++)}`;
  for (let i = 0; i < KNOWN; i++) await wrap(on, question());
  const miss = (cache) => () => wrap(cache, question());
  const misses = await compare(
    `A question that is new to the model cache, ${KNOWN.toLocaleString('en')} known ones of ${DIMENSIONS.toLocaleString('en')} dimensions, without the time of the embedder`,
    [
      { name: 'without semantic tier', call: miss(off) },
      { name: 'with semantic tier', call: miss(on) },
    ],
    { operations: 300 },
  );
  const hits = await compare(
    'A question that has an answer',
    [
      { name: 'without semantic tier', call: () => wrap(off, 'known', 'hit') },
      { name: 'with semantic tier', call: () => wrap(on, 'known', 'hit'), goal: 1.1 },
    ],
    { operations: 5_000 },
  );
  await Promise.all([off.close(), on.close()]);
  return [misses, hits];
}
