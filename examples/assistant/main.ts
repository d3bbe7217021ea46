// An assistant on the AI SDK whose answers are kept: asked for once, streamed to all who ask, private to a workspace.
import { streamText, wrapLanguageModel } from 'ai';
import { cacheLanguageModel } from '@mobius1/cache/ai-sdk';
import { closeCache, modelCache } from '@mobius1/cache/standalone';
import { createModel } from './model.js';

const base = createModel();

modelCache.configure({
  // Questions stand in the cache as digests only; the secret keeps people from finding them by trying.
  secret: 'the same in all processes, and in no repository',
  // Millionths of a dollar for a million tokens: 2.50 USD and 10 USD.
  prices: { currency: 'USD', models: { [base.modelId]: { input: 2_500_000, output: 10_000_000 } } },
});

/** The line that puts the cache before a model. Whose answers these are has to be said: nobody sees those of others. */
const modelOf = (workspaceId: string) =>
  wrapLanguageModel({ model: base, middleware: cacheLanguageModel(modelCache, { workspaceId, ttl: '1d' }) });

/** Asks, and hands on each word as it comes. */
async function ask(workspaceId: string, prompt: string, onWord: (word: string) => void): Promise<string> {
  const answer = streamText({ model: modelOf(workspaceId), prompt });
  for await (const word of answer.textStream) onWord(word);
  const metadata = await answer.providerMetadata;
  return metadata?.mobius?.hit === 'none' ? 'asked the model' : 'from the cache';
}

async function show(workspaceId: string, prompt: string): Promise<void> {
  console.log(`${workspaceId}: ${prompt}`);
  process.stdout.write('  ');
  const how = await ask(workspaceId, prompt, (word) => process.stdout.write(word));
  console.log(`\n  (${how})`);
}

async function main(): Promise<void> {
  await show('lisbon', 'What is the NIE?');
  await show('lisbon', 'What is the NIE?'); // at once, word by word all the same
  await show('madrid', 'What is the NIE?'); // another workspace, another answer

  // Ten people ask at the same time: one call, which all of them read along.
  const crowd = Array.from({ length: 10 }, () => ask('madrid', 'Where do I apply for it?', () => undefined));
  const asked = (await Promise.all(crowd)).filter((how) => how === 'asked the model').length;
  console.log(`madrid: ten people ask the same at the same time, and the model is asked ${asked} time(s)`);

  const { totals } = await modelCache.getSavings();
  const { input, output } = totals.tokensAvoided;
  console.log(`${totals.calls} calls of the model, ${totals.hits} answers without one`);
  console.log(`${input} + ${output} tokens saved, ${dollars(totals.saved)} USD; spent: ${dollars(totals.spent)} USD`);
  await closeCache();
}

/** Money is whole millionths of its currency, so that sums are exact. */
function dollars(money: readonly { readonly micros: number }[]): string {
  return (money.reduce((sum, { micros }) => sum + micros, 0) / 1_000_000).toFixed(6);
}

void main();
