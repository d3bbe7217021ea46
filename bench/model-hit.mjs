// What does a kept answer of a model cost: the key of a prompt of 4 KB, and the look-up?
import { createHmac, randomBytes } from 'node:crypto';
import { compare } from './harness.mjs';

const PROMPT = 'Explain the NIE to somebody who has just arrived. '.repeat(82); // 4 KB
const ANSWER = 'The NIE is a number. '.repeat(50);

export async function modelHit({ CacheInstance, url, prefix }) {
  const secret = randomBytes(32).toString('base64');
  const redis = { url, keyPrefix: prefix, commandTimeout: 10_000 };
  const open = (model) => new CacheInstance({ redis, model: { secret, ...model } });
  const encryption = { keys: { one: randomBytes(32) }, current: 'one' };
  const [plain, encrypted] = [open({}), open({ encryption, ttl: 7_200 })];
  await Promise.all([plain.connect(), encrypted.connect()]);
  const ask = ({ models }, modelId) => {
    const request = { modelId, input: PROMPT, workspaceId: 'w1', params: { temperature: 0 } };
    return () => models.wrap(request, () => ANSWER);
  };
  const table = await compare(
    'Kept answer of a model, prompt of 4 KB, in the process',
    [
      { name: 'one HMAC-SHA256 of the prompt', call: () => createHmac('sha256', secret).update(PROMPT).digest() },
      { name: 'wrap', call: ask(plain, 'plain'), goal: 3 },
      { name: 'wrap, encrypted', call: ask(encrypted, 'encrypted') },
    ],
    { operations: 5_000 },
  );
  await Promise.all([plain.close(), encrypted.close()]);
  return [table];
}
