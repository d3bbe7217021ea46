import { cacheEmbeddingModel } from '@mobius1/cache/ai-sdk';
import { closeModels, createModels } from './models.js';
import { VERSIONS } from './sdk-versions.js';

const W1 = { workspaceId: 'w1' };
const vectors = (values: readonly string[]) => values.map((value) => [value.length, value.charCodeAt(0)]);

describe.each(VERSIONS)('the AI SDK, embeddings: %s', (_, { sdk, embedding }) => {
  const { embed, embedMany } = sdk;
  afterEach(closeModels);

  it('asks once for twenty who ask the same, and says so', async () => {
    const models = createModels();
    const { model, calls } = embedding(models, vectors, W1);
    const all = await Promise.all(Array.from({ length: 20 }, () => embed({ model, value: 'sunny' })));
    for (const one of all) expect(one).toMatchObject({ embedding: [5, 115], usage: { tokens: 5 } });
    expect(calls).toEqual([['sunny']]);
    const again = await embed({ model, value: 'sunny' });
    expect(again.providerMetadata).toEqual({
      mobius: {
        ...{ hit: 'exact', ageMs: expect.any(Number), ttlMs: expect.any(Number), values: 1, hits: 1 },
        fingerprint: expect.stringMatching(/^model:w1:mock-1:/),
      },
    });
    expect(models.getStats()).toMatchObject({ misses: 1, hits: 20, tokensAvoided: 100 });
  });

  it('keeps each value of a list by itself: only those that are missing are asked for, in one call', async () => {
    const { model, calls } = embedding(createModels(), vectors, W1);
    await embed({ model, value: 'two' });
    const { embeddings, usage } = await embedMany({ model, values: ['one', 'two', 'three', 'one'] });
    expect(embeddings).toEqual([
      [3, 111],
      [3, 116],
      [5, 116],
      [3, 111],
    ]);
    expect(usage).toEqual({ tokens: 11 });
    expect(calls).toEqual([['two'], ['one', 'three']]);
    expect((await embedMany({ model, values: ['three', 'one'] })).embeddings).toEqual([
      [5, 116],
      [3, 111],
    ]);
    expect(calls).toHaveLength(2);
  });

  it('keeps apart models, providers, workspaces and options; embeddings from answers', async () => {
    const models = createModels();
    const of = (options: object) => embedding(models, vectors, { ...W1, ...options });
    const all = [of({}), of({ modelId: 'mock-2' }), of({ provider: 'another' }), of({ workspaceId: 'w2' })];
    for (const { model } of all) await embed({ model, value: 'sunny' });
    for (const { model } of all) await embed({ model, value: 'sunny', headers: { 'user-agent': 'x' } });
    for (const { calls } of all) expect(calls).toHaveLength(1);
    const providerOptions = { mock: { dimensions: 2 } };
    const { model, calls } = of({});
    await embed({ model, value: 'sunny', providerOptions });
    expect(calls).toHaveLength(1);
    for (let i = 0; i < 2; i++) await embed({ model, value: 'sunny', headers: { 'OpenAI-Project': 'p' } });
    expect(calls).toHaveLength(2);
  });

  it('throws what the model throws, and keeps nothing of it', async () => {
    let fails = true;
    const answer = async (values: readonly string[]) => {
      if (fails) throw new Error('overloaded');
      return vectors(values);
    };
    const { model, calls } = embedding(createModels(), answer, W1);
    await expect(embedMany({ model, values: ['a', 'b'], maxRetries: 0 })).rejects.toThrow('overloaded');
    fails = false;
    expect((await embedMany({ model, values: ['a', 'b'] })).embeddings).toEqual([
      [1, 97],
      [1, 98],
    ]);
    expect(calls).toHaveLength(2);
  });

  it('tells no tokens when those of one value are not known', async () => {
    const { wrapEmbed } = cacheEmbeddingModel(createModels(), W1);
    const ask = (values: string[], usage?: { tokens: number }) =>
      wrapEmbed({
        params: { values },
        model: {
          ...{ specificationVersion: 'v3', provider: 'p', modelId: 'm' },
          doEmbed: (call: { values: string[] }) => Promise.resolve({ embeddings: call.values.map(() => [1]), usage }),
        },
      });
    expect((await ask(['a'])).usage).toBeUndefined();
    expect((await ask(['a', 'b'], { tokens: 7 })).usage).toBeUndefined();
    expect((await ask(['b'])).usage).toEqual({ tokens: 7 });
  });

  it.each([
    [1, ['b']],
    [3, ['x', 'a', 'b']],
  ])('refuses an answer with %i vectors for two values: nobody knows whose they are', async (came, answered) => {
    let wrong = true;
    const { model } = embedding(createModels(), (values) => vectors(wrong ? answered : values), W1);
    const ask = () => embedMany({ model, values: ['a', 'b'], maxRetries: 0 });
    await expect(ask()).rejects.toThrow(`2 values were asked for, ${came} came`);
    wrong = false;
    expect((await ask()).embeddings).toEqual(vectors(['a', 'b']));
  });

  it('hands on a vector of nothing, and does not keep it', async () => {
    const models = createModels();
    const { model, calls } = embedding(models, (values) => values.map(() => []), W1);
    for (let i = 0; i < 2; i++) expect((await embed({ model, value: 'a' })).embedding).toEqual([]);
    expect(calls).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ empty: 2 });
  });

  it('refuses a call of which nobody says whose answer it is', async () => {
    const { model, calls } = embedding(createModels(), vectors);
    await expect(embed({ model, value: 'x', maxRetries: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await embed({ model, value: 'x', providerOptions: { mobius: W1 } })).toMatchObject({ embedding: [1, 120] });
    expect(calls).toHaveLength(1);
  });

  it('one who leaves takes no value from others', async () => {
    let open!: (value: unknown) => void;
    const held = new Promise((resolve) => (open = resolve));
    const answer = async (values: readonly string[], signal?: AbortSignal) => {
      await held;
      signal?.throwIfAborted();
      return vectors(values);
    };
    const { model, calls } = embedding(createModels(), answer, W1);
    const controller = new AbortController();
    const leaves = embedMany({ model, values: ['a', 'b'], abortSignal: controller.signal, maxRetries: 0 });
    while (calls.length < 1) await new Promise(setImmediate);
    const stays = embedMany({ model, values: ['b', 'c'], maxRetries: 0 });
    while (calls.length < 2) await new Promise(setImmediate);
    controller.abort();
    await expect(leaves).rejects.toMatchObject({ name: 'AbortError' });
    open(undefined);
    expect((await stays).embeddings).toEqual([
      [1, 98],
      [1, 99],
    ]);
    expect(calls).toEqual([['a', 'b'], ['c']]);
  });
});
