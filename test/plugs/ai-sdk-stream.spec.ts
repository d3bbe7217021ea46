import { z } from 'zod';
import { closeModels, createModels } from './models.js';
import { type Scripted, VERSIONS } from './sdk-versions.js';

const W1 = { workspaceId: 'w1' };
const PROMPT = { prompt: '¿Qué es el NIE?', maxRetries: 0, onError: () => undefined };

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** What the last part of an answer tells of the cache. */
const howOf = (metadata: unknown): unknown => (metadata as { mobius?: unknown } | undefined)?.mobius;

describe.each(VERSIONS)('the AI SDK, streams: %s', (_, { sdk, language }) => {
  const { streamText, streamObject } = sdk;
  afterEach(closeModels);

  it('gives the recorded answer with all of its parts, and says so', async () => {
    const parts = [
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'Let me think.', providerMetadata: { mock: { signature: 's' } } },
      { type: 'reasoning-end', id: 'r' },
      { type: 'source', sourceType: 'url', id: 's1', url: 'https://example.com/nie', title: 'NIE' },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'A ' },
      { type: 'text-delta', id: '1', delta: 'number.' },
      { type: 'text-end', id: '1' },
    ];
    const { model, calls } = language(createModels(), () => ({ parts }), W1);
    const seen: unknown[][] = [];
    for (const hit of ['none', 'exact']) {
      const answer = streamText({ model, ...PROMPT });
      const parts = await all(answer.fullStream);
      // The SDK itself writes some of it anew: ids, times, the messages it has made of them.
      seen.push(parts.filter(({ type }) => /^(text|reasoning|source)/.test(type)));
      expect(await answer.text).toBe('A number.');
      expect(await answer.reasoningText).toBe('Let me think.');
      expect(await answer.sources).toMatchObject([{ url: 'https://example.com/nie' }]);
      expect(await answer.finishReason).toBe('stop');
      expect(await answer.usage).toMatchObject({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
      expect(await answer.response).toMatchObject({ id: 'r1', modelId: 'mock-1-2026', timestamp: new Date(0) });
      const metadata = await answer.providerMetadata;
      expect(metadata).toMatchObject({ mock: { region: 'eu' }, mobius: { hit } });
      expect(howOf(metadata)).toMatchObject({ fingerprint: expect.stringMatching(/^model:w1:mock-1:/) });
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(calls.stream).toHaveLength(1);
  });

  it('asks once for twenty who ask the same', async () => {
    const models = createModels();
    const { model, calls } = language(models, () => ({ text: 'word by word' }), W1);
    const texts = await Promise.all(Array.from({ length: 20 }, () => streamText({ model, ...PROMPT }).text));
    expect(new Set(texts)).toEqual(new Set(['word by word']));
    expect(calls.stream).toHaveLength(1);
    expect(models.getStats()).toMatchObject({ misses: 1, hits: 19 });
  });

  it('keeps a stream apart from an answer at once, and models and workspaces from each other', async () => {
    const models = createModels();
    let asked = 0;
    const of = (options: object) => language(models, () => ({ text: `${++asked}` }), { ...W1, ...options }).model;
    const ask = [
      () => streamText({ model: of({}), ...PROMPT }).text,
      () => streamText({ model: of({ modelId: 'mock-2' }), ...PROMPT }).text,
      () => streamText({ model: of({ workspaceId: 'w2' }), ...PROMPT }).text,
      () => streamText({ model: of({}), ...PROMPT, temperature: 0.5 }).text,
      async () => (await sdk.generateText({ model: of({}), prompt: PROMPT.prompt })).text,
    ];
    for (let round = 0; round < 2; round++) for (const [i, one] of ask.entries()) expect(await one()).toBe(`${i + 1}`);
    expect(asked).toBe(ask.length);
  });

  it.each<[string, Scripted]>([
    ['unfinished', { finishReason: 'length' }],
    ['unfinished', { cutOff: true }],
    ['content-filter', { finishReason: 'content-filter' }],
    ['error', { finishReason: 'error' }],
    ['error', { parts: [{ type: 'error', error: 'overloaded' }] }],
    ['empty', { text: '' }],
    [
      'tool-calls',
      {
        finishReason: 'tool-calls',
        parts: [{ type: 'tool-call', toolCallId: '1', toolName: 'pay', input: '{}' }],
      },
    ],
    [
      'unfinished',
      {
        parts: [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'I pay.' },
          { type: 'text-end', id: '1' },
          { type: 'tool-input-start', id: '2', toolName: 'pay' },
          { type: 'tool-input-delta', id: '2', delta: '{"am' },
        ],
      },
    ],
  ])('does not keep an answer that is not whole: %s (%#)', async (reason, scripted) => {
    const models = createModels();
    const { model, calls } = language(models, () => scripted, W1);
    const tools = { pay: { inputSchema: z.object({}) } };
    for (let i = 0; i < 2; i++) await all(streamText({ model, ...PROMPT, tools }).fullStream);
    expect(calls.stream).toHaveLength(2);
    expect(models.getStats()).toMatchObject({ stored: 0, hits: 0, refused: { [reason]: 2 } });
  });

  it('keeps the calls of tools that may be repeated, with all of their parts', async () => {
    const models = createModels({ cacheableTools: ['weather'] });
    const parts = [
      { type: 'tool-input-start', id: '1', toolName: 'weather' },
      { type: 'tool-input-delta', id: '1', delta: '{"city":"Vigo"}' },
      { type: 'tool-input-end', id: '1' },
      { type: 'tool-call', toolCallId: '1', toolName: 'weather', input: '{"city":"Vigo"}' },
    ];
    const { model, calls } = language(models, () => ({ parts, finishReason: 'tool-calls' }), W1);
    const tools = { weather: { inputSchema: z.object({ city: z.string() }) } };
    for (let i = 0; i < 2; i++) {
      const types = (await all(streamText({ model, ...PROMPT, tools }).fullStream)).map(({ type }) => type);
      expect(types).toEqual(expect.arrayContaining(['tool-input-start', 'tool-input-delta', 'tool-call']));
    }
    expect(calls.stream).toHaveLength(1);
  });

  it('keeps streamed objects, and only those that are JSON', async () => {
    const models = createModels();
    let text = '{"city": "Vi';
    const { model, calls } = language(models, () => ({ text }), W1);
    const ask = async () => {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- people use it, and ai 5 has nothing else
      const { partialObjectStream, object } = streamObject({
        model,
        ...PROMPT,
        schema: z.object({ city: z.string() }),
      });
      await all(partialObjectStream);
      return object;
    };
    await expect(ask()).rejects.toThrow();
    text = '{"city": "Vigo"}';
    expect([await ask(), await ask()]).toEqual([{ city: 'Vigo' }, { city: 'Vigo' }]);
    expect(calls.stream).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ 'invalid-json': 1 });
  });

  it('gives the first words to all before the last are there; who leaves harms nobody; when all left the model is told', async () => {
    let open!: (value: unknown) => void;
    const held = new Promise((resolve) => (open = resolve));
    const models = createModels();
    const { model, calls } = language(models, () => ({ text: 'one two', held }), W1);
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    const ask = (prompt: string, i: number) =>
      streamText({ model, ...PROMPT, prompt, abortSignal: controllers[i]?.signal as AbortSignal });
    const readers = [ask('what?', 0), ask('what?', 1)].map(({ fullStream }) => fullStream[Symbol.asyncIterator]());
    for (const reader of readers)
      for (let type = ''; type !== 'text-start';) type = (await reader.next()).value?.type ?? 'text-start';
    const alone = ask('who?', 2).fullStream[Symbol.asyncIterator]();
    for (let type = ''; type !== 'text-start';) type = (await alone.next()).value?.type ?? 'text-start';
    controllers[0]?.abort();
    controllers[2]?.abort();
    expect(calls.stream.map(({ abortSignal }) => abortSignal?.aborted)).toEqual([false, true]);
    open(undefined);
    let text = '';
    for (let next = await readers[1]?.next(); next?.done === false; next = await readers[1]?.next())
      if (next.value.type === 'text-delta') text += next.value.text;
    expect(text).toBe('one two');
    expect(calls.stream).toHaveLength(2);
    expect(models.getStats()).toMatchObject({ stored: 1 });
  });

  it('streams a recorded answer at the pace that was chosen', async () => {
    const { model } = language(createModels(), () => ({}), { ...W1, pace: { partsPerSecond: 1_000_000 } });
    for (let i = 0; i < 2; i++) expect(await streamText({ model, ...PROMPT }).text).toBe('an answer');
    const make = () => language(createModels(), () => ({}), { ...W1, pace: 'fast' as never });
    expect(make).toThrow(/cacheLanguageModel\(\): 1 invalid option\n {2}pace: expected 'none', 'recorded', or/);
  });
});
