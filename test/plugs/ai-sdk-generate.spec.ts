import { z } from 'zod';
import { cacheLanguageModel } from '@mobius1/cache/ai-sdk';
import { closeModels, createModels } from './models.js';
import { type Scripted, VERSIONS } from './sdk-versions.js';

const W1 = { workspaceId: 'w1' };
const PROMPT = { prompt: '¿Qué es el NIE?', maxRetries: 0 };

describe.each(VERSIONS)('the AI SDK, answers at once: %s', (_, { sdk, language }) => {
  const { generateText, generateObject } = sdk;
  afterEach(closeModels);

  it('gives the kept answer as the model gave it, and says so', async () => {
    const { model, calls } = language(createModels(), () => ({ text: 'A number.' }), W1);
    const first = await generateText({ model, ...PROMPT });
    const second = await generateText({ model, ...PROMPT });
    expect(calls.generate).toHaveLength(1);
    for (const { text, usage, finishReason, response } of [first, second]) {
      expect({ text, finishReason, id: response.id }).toEqual({ text: 'A number.', finishReason: 'stop', id: 'r1' });
      expect(usage).toMatchObject({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
      expect(response.timestamp).toEqual(new Date(0));
    }
    expect(first.providerMetadata).toMatchObject({ mock: { region: 'eu' }, mobius: { hit: 'none' } });
    expect(second.providerMetadata).toEqual({
      mock: { region: 'eu' },
      mobius: {
        ...{ hit: 'exact', ageMs: expect.any(Number), ttlMs: expect.any(Number) },
        fingerprint: expect.stringMatching(/^model:w1:mock-1:/),
      },
    });
    expect(first.response.headers).toMatchObject({ 'x-ratelimit-remaining': '7' });
    expect(second.response.headers).toBeUndefined(); // of one call
  });

  it('asks once for twenty who ask the same', async () => {
    const models = createModels();
    const { model, calls } = language(models, () => ({}), W1);
    const all = await Promise.all(Array.from({ length: 20 }, () => generateText({ model, ...PROMPT })));
    expect(new Set(all.map(({ text }) => text))).toEqual(new Set(['an answer']));
    expect(calls.generate).toHaveLength(1);
    expect(models.getStats()).toMatchObject({ misses: 1, coalesced: 19, tokensAvoided: 19 * 15 });
  });

  it('keeps apart models, providers, workspaces, and whatever is said to the model', async () => {
    const models = createModels({ maxTemperature: 2 });
    let asked = 0;
    const of = (options: object) => language(models, () => ({ text: `${++asked}` }), { ...W1, ...options }).model;
    const model = of({});
    const said = { model, ...PROMPT };
    const questions: object[] = [
      said,
      { ...said, model: of({ modelId: 'mock-2' }) },
      { ...said, model: of({ provider: 'another' }) },
      { ...said, model: of({ workspaceId: 'w2' }) },
      { ...said, system: 'Be brief.' },
      { ...said, temperature: 0.5 },
      { ...said, maxOutputTokens: 10 },
      { ...said, stopSequences: ['.'] },
      { ...said, providerOptions: { mock: { effort: 'low' } } },
      { ...said, headers: { 'Anthropic-Beta': 'context-1m' } },
      { ...said, headers: { 'anthropic-beta': 'context-2m', 'openai-project': undefined } },
      { ...said, tools: { weather: { inputSchema: z.object({ city: z.string() }) } } },
      { ...said, tools: { weather: { inputSchema: z.object({ town: z.string() }) } } },
    ];
    for (let round = 0; round < 2; round++)
      for (const [i, question] of questions.entries())
        expect(await generateText(question as typeof said)).toMatchObject({ text: `${i + 1}` });
    expect(asked).toBe(questions.length);
  });

  it('takes for the same what only changes how an answer is fetched', async () => {
    const { model, calls } = language(createModels(), () => ({}), W1);
    await generateText({ model, ...PROMPT });
    await generateText({ model, ...PROMPT, headers: { 'user-agent': 'ai/9', 'x-trace': '1' } });
    await generateText({ model, ...PROMPT, abortSignal: new AbortController().signal, maxRetries: 2 });
    await generateText({ model, ...PROMPT, providerOptions: { mobius: { maxAge: '1h' } } });
    expect(calls.generate).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    ['unfinished', { finishReason: 'length' }],
    ['content-filter', { finishReason: 'content-filter' }],
    ['error', { finishReason: 'error' }],
    ['empty', { text: ' ' }],
    [
      'tool-calls',
      {
        finishReason: 'tool-calls',
        content: [{ type: 'tool-call', toolCallId: '1', toolName: 'pay', input: '{}' }],
      },
    ],
  ])('does not keep an answer that is not whole: %s', async (reason, scripted) => {
    const models = createModels();
    const { model, calls } = language(models, () => scripted, W1);
    const tools = { pay: { inputSchema: z.object({}) } };
    await generateText({ model, ...PROMPT, tools });
    await generateText({ model, ...PROMPT, tools });
    expect(calls.generate).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ [reason]: 2 });
  });

  it('keeps the calls of tools that may be repeated', async () => {
    const models = createModels({ cacheableTools: ['weather'] });
    const call = { type: 'tool-call', toolCallId: '1', toolName: 'weather', input: '{"city":"Vigo"}' };
    const { model, calls } = language(models, () => ({ text: '', content: [call], finishReason: 'tool-calls' }), W1);
    const tools = { weather: { inputSchema: z.object({ city: z.string() }) } };
    for (let i = 0; i < 2; i++) {
      const { toolCalls } = await generateText({ model, ...PROMPT, tools });
      expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Vigo' } }]);
    }
    expect(calls.generate).toHaveLength(1);
  });

  it('keeps objects, and only those that are JSON', async () => {
    const models = createModels();
    let text = '{"city":"Vi';
    const { model, calls } = language(models, () => ({ text }), W1);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- people use it, and ai 5 has nothing else
    const ask = () => generateObject({ model, ...PROMPT, schema: z.object({ city: z.string() }) });
    await expect(ask()).rejects.toMatchObject({ name: 'AI_NoObjectGeneratedError' });
    text = '{"city":"Vigo"}';
    expect(await ask()).toMatchObject({ object: { city: 'Vigo' } });
    expect(await ask()).toMatchObject({ object: { city: 'Vigo' }, providerMetadata: { mobius: { hit: 'exact' } } });
    expect(calls.generate).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ 'invalid-json': 1 });
  });

  it('throws what the model throws, and asks again', async () => {
    const scripted: { fails?: Error } = { fails: new Error('overloaded') };
    const { model, calls } = language(createModels(), () => scripted, W1);
    await expect(generateText({ model, ...PROMPT })).rejects.toThrow('overloaded');
    delete scripted.fails;
    expect(await generateText({ model, ...PROMPT })).toMatchObject({ text: 'an answer' });
    expect(calls.generate).toHaveLength(2);
  });

  it('gives an answer that is no data to everybody, and keeps it not', async () => {
    class Thought {
      readonly #secret = 'not to be copied';
      get secret(): string {
        return this.#secret;
      }
    }
    const models = createModels();
    const content = [{ type: 'text', text: 'A number.', providerMetadata: { mock: { thought: new Thought() } } }];
    const { model, calls } = language(models, () => ({ text: '', content }), W1);
    const all = await Promise.all(Array.from({ length: 3 }, () => generateText({ model, ...PROMPT })));
    expect(all.map(({ text }) => text)).toEqual(['A number.', 'A number.', 'A number.']);
    expect(calls.generate).toHaveLength(3);
    expect(models.getStats()).toMatchObject({ stored: 0, refused: { unkeyable: 1 } });
  });

  it('is told by each call whose answer it is, and how the cache is used; the provider does not see it', async () => {
    const models = createModels();
    const { model, calls } = language(models, () => ({}));
    const ask = (mobius: Record<string, string | boolean>, more = {}) =>
      generateText({ model, ...PROMPT, providerOptions: { mobius, ...more } });
    await ask({ workspaceId: 'w1' });
    await ask({ workspaceId: 'w1', noCache: true });
    await ask({ workspaceId: 'w2', noStore: true });
    await ask({ workspaceId: 'w2' });
    expect(calls.generate).toHaveLength(4);
    expect(calls.generate.map(({ providerOptions }) => providerOptions)).toEqual(Array(4).fill(undefined));
    await expect(ask({ workspaceId: 'w3', onlyIfCached: true })).rejects.toMatchObject({
      code: 'CACHE_MODEL_NOT_CACHED',
    });
    await ask({ workspaceId: 'w1' }, { mock: { effort: 'low' } });
    expect(calls.generate.at(-1)?.providerOptions).toEqual({ mock: { effort: 'low' } });
  });

  it('refuses a call of which nobody says whose answer it is, before the model is asked', async () => {
    const { model, calls } = language(createModels(), () => ({}), { workspaceId: () => undefined });
    await expect(generateText({ model, ...PROMPT })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(generateText({ model, ...PROMPT })).rejects.toThrow(/workspaceId: expected whose answer it is/);
    const mobius = { workspaceId: 'w1', maxage: 5 };
    await expect(generateText({ model, ...PROMPT, providerOptions: { mobius } })).rejects.toThrow(
      /did you mean 'maxAge'/,
    );
    expect(calls.generate).toHaveLength(0);
  });

  it('one who leaves harms nobody, and gets away at once; the model is told when all have left', async () => {
    let open!: (value: unknown) => void;
    const held = new Promise((resolve) => (open = resolve));
    const { model, calls } = language(createModels(), () => ({ held }), W1);
    const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
    const ask = ({ signal }: AbortController, prompt: string) =>
      generateText({ model, prompt, maxRetries: 0, abortSignal: signal });
    const leaves = ask(one, 'what?');
    const stays = ask(two, 'what?');
    const alone = ask(three, 'who?');
    while (calls.generate.length < 2) await new Promise(setImmediate);
    one.abort();
    await expect(leaves).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls.generate[0]?.abortSignal?.aborted).toBe(false);
    three.abort();
    await expect(alone).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls.generate[1]?.abortSignal?.aborted).toBe(true);
    open(undefined);
    expect(await stays).toMatchObject({ text: 'an answer' });
    expect(calls.generate).toHaveLength(2);
  });

  it('answers with an expired answer when the provider has a bad moment, not when it refuses the caller', async () => {
    const scripted: { fails?: Error } = {};
    const options = { ...W1, ttl: '1ms', staleIfError: '1h' } as const;
    const { model } = language(createModels(), () => scripted, options);
    await generateText({ model, ...PROMPT });
    await new Promise((resolve) => setTimeout(resolve, 5)); // until the TTL is over
    scripted.fails = Object.assign(new Error('busy'), { statusCode: 429 });
    expect(await generateText({ model, ...PROMPT })).toMatchObject({
      ...{ text: 'an answer', providerMetadata: { mobius: { hit: 'stale' } } },
    });
    scripted.fails = Object.assign(new Error('who are you'), { statusCode: 401 });
    await expect(generateText({ model, ...PROMPT })).rejects.toThrow('who are you');
  });
});

describe('the middleware', () => {
  it('refuses options that are none, all at once', () => {
    const options = { workspaceId: {}, ttl: 'soon', nostore: true } as never;
    expect(() => cacheLanguageModel(createModels(), options)).toThrow(/workspaceId: [^]*ttl: |ttl: [^]*workspaceId: /);
    expect(() => cacheLanguageModel(createModels(), options)).toThrow(/did you mean 'noStore'/);
  });
});
