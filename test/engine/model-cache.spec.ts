import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { ModelKeys } from '../../libs/cache/src/features/model/model-key.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import { create, QUESTION, SECRET } from './models.js';

describe('the model cache', () => {
  describe('get and set', () => {
    it('give back the answer and what is known of it', async () => {
      const { models, clock } = create();
      expect(await models.get('llama', 'hello', 'w1')).toBeNull();
      const metadata = { tokens: 150, latencyMs: 1_500, confidence: 0.95 };
      expect(await models.set('llama', 'hello', 'Hi!', 'w1', metadata)).toEqual({ stored: true });
      await clock.advance(2_000);
      expect(await models.get('llama', 'hello', 'w1')).toEqual({
        ...{ output: 'Hi!', metadata, hit: 'exact', ageMs: 2_000, ttlMs: 3_598_000 },
        fingerprint: expect.stringMatching(/^model:w1:llama:[\w-]{24}$/),
      });
      await clock.advance(3_598_000);
      expect(await models.get('llama', 'hello', 'w1')).toBeNull();
    });

    it.each([[null], [false], [0], [[]], [{ text: 'x', at: new Date(0) }], [new Uint8Array([1, 2])]])(
      'take %p for an answer, not for a miss',
      async (output) => {
        const { models } = create();
        expect(await models.set('llama', 'hello', output, 'w1')).toEqual({ stored: true });
        expect(await models.get('llama', 'hello', 'w1')).toMatchObject({ output });
      },
    );

    it('say when an answer is older than it may be', async () => {
      const { models, clock } = create();
      await models.set('llama', 'hello', 'Hi!', 'w1');
      await clock.advance(60_000);
      expect(await models.get('llama', 'hello', 'w1', { maxAge: '59s' })).toBeNull();
      expect(await models.get('llama', 'hello', 'w1', { maxAge: 60 })).toMatchObject({ output: 'Hi!' });
    });
  });

  describe('keeps apart (G18)', () => {
    const questions = [
      QUESTION,
      { ...QUESTION, modelId: 'llama-2' },
      { ...QUESTION, workspaceId: 'w2' },
      { ...QUESTION, input: `${QUESTION.input} ` },
      { ...QUESTION, params: { temperature: 0 } },
      { ...QUESTION, params: { temperature: '0' } },
      { ...QUESTION, params: { system: 'Be brief.' } },
      { ...QUESTION, params: { somethingNew: true } },
      { ...QUESTION, params: { user: 'ana' } },
      { ...QUESTION, params: { user: 'bob' } },
      { ...QUESTION, params: { metadata: { tone: 'formal' } } },
      { ...QUESTION, params: { store: 'Valencia' } },
      { ...QUESTION, params: { tools: { weather: { schema: { city: 'string' } } } } },
      { ...QUESTION, params: { tools: { weather: { schema: { town: 'string' } } } } },
      { ...QUESTION, input: [{ role: 'user', content: QUESTION.input }] },
      { ...QUESTION, input: [{ role: 'system', content: QUESTION.input }] },
      { ...QUESTION, input: [{ text: 'what is it', image: new Uint8Array(1_000).fill(1) }] },
      { ...QUESTION, input: [{ text: 'what is it', image: new Uint8Array(1_000).fill(2) }] },
      { ...QUESTION, input: { vector: new Float32Array(100).fill(2) } },
      { ...QUESTION, input: { vector: new Uint8Array(new Float32Array(100).fill(2).buffer) } },
      { ...QUESTION, input: 'cut inside \ud83d' },
      { ...QUESTION, input: 'cut inside \ud83e' },
      { ...QUESTION, modelId: 'w1', workspaceId: 'llama' },
      { ...QUESTION, modelId: 'a:b', workspaceId: 'c' },
      { ...QUESTION, modelId: 'b', workspaceId: 'c:a' },
      { ...QUESTION, modelId: '{*?}', workspaceId: '{*?}' },
    ];

    it('whatever changes the answer', async () => {
      const { models } = create();
      for (const [i, question] of questions.entries()) {
        expect(await models.wrap(question, () => i)).toMatchObject({ output: i, hit: 'none' });
      }
      for (const [i, question] of questions.entries()) {
        expect(await models.wrap(question, () => -1)).toMatchObject({ output: i, hit: 'exact' });
      }
    });

    it('and takes null for no parameters', async () => {
      const { models } = create();
      await models.wrap({ ...QUESTION, params: null as never }, () => 'first');
      expect(await models.wrap(QUESTION, () => 'second')).toMatchObject({ output: 'first', hit: 'exact' });
    });

    it('and nothing else', async () => {
      const { models } = create();
      const tools = { weather: { schema: { city: 'string' }, execute: () => 'sunny' } };
      await models.wrap({ ...QUESTION, params: { temperature: 0, system: 'Be brief.', tools } }, () => 'first');
      const same = {
        tools: { weather: { execute: () => 'rainy', schema: { city: 'string' } } },
        ...{ system: 'Be brief.', temperature: 0, top_p: undefined },
        ...{ headers: { 'user-agent': 'ai/6.0.1' }, abortSignal: new AbortController().signal, maxRetries: 3 },
      };
      expect(await models.wrap({ ...QUESTION, params: same }, () => 'second')).toMatchObject({ output: 'first' });
    });

    it('workspaces also in the digests: equal questions have unequal keys, and none shows the question', async () => {
      const keys = new ModelKeys(SECRET);
      const [one, two] = ['w1', 'w2'].map((workspaceId) => keys.keyOf({ ...QUESTION, workspaceId }));
      expect(one?.key.split(':').at(-1)).not.toBe(two?.key.split(':').at(-1));
      expect(one?.proof).not.toBe(two?.proof);
      expect(JSON.stringify([one, two])).not.toMatch(/NIE/);
      expect(new ModelKeys('another secret of the tests').keyOf(QUESTION).key).not.toBe(keys.keyOf(QUESTION).key);
    });

    it('an entry that was put under another key: it is no answer there', async () => {
      const { models, manager } = create();
      const { fingerprint } = await models.wrap(QUESTION, () => 'of w1');
      const stolen = new ModelKeys(SECRET).keyOf({ ...QUESTION, workspaceId: 'w2' });
      await manager.set(stolen.key, await manager.get(fingerprint));
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w2')).toBeNull();
      expect(await models.wrap({ ...QUESTION, workspaceId: 'w2' }, () => 'of w2')).toMatchObject({ output: 'of w2' });
    });

    it.each(['a:b', 'a|b', 'a*b?[c]', '__proto__', 'constructor', '~a', '%7C', '\0', ' ', 'ñ€😀', '\ud800', 0, 7n])(
      'a workspace with an odd name (%#) from all others, in all that is done with one',
      async (workspaceId) => {
        const models = new CacheInstance({ model: { secret: SECRET } }).models;
        const ids = [workspaceId, `${workspaceId}x`, `x${workspaceId}`, 'w1'];
        const ask = (id: string | number | bigint) =>
          models.wrap({ ...QUESTION, workspaceId: id }, () => `of ${String(id)}`);
        const kept = async () =>
          Promise.all(ids.map(async (id) => (await models.get('llama', QUESTION.input, id))?.output));
        const all = ids.map((id) => `of ${String(id)}`);
        for (const id of ids) await ask(id);
        expect(await kept()).toEqual(all);
        await models.invalidateWorkspace(workspaceId);
        expect(await kept()).toEqual([undefined, ...all.slice(1)]);
        await ask(workspaceId);
        expect((await models.getSavings({ workspaceId, groupBy: ['workspace'] })).rows).toMatchObject([
          { workspaceId: String(workspaceId), calls: 2, hits: 1 },
        ]);
        expect(await models.eraseWorkspace(workspaceId)).toBe(1);
        expect(await kept()).toEqual([undefined, ...all.slice(1)]);
        expect((await models.getSavings({ workspaceId })).rows).toEqual([]);
      },
    );

    it('and refuses ids that are too long to be kept apart, whatever is done with them', async () => {
      const { models } = create();
      const workspaceId = 'w'.repeat(2_000);
      const run = jest.fn(() => 'x');
      for (const told of [
        models.wrap({ ...QUESTION, workspaceId }, run),
        models.get('llama', 'x', workspaceId),
        models.set('llama', 'x', 'y', workspaceId),
        models.wrap({ ...QUESTION, modelId: 'm'.repeat(240) }, run),
      ])
        await expect(told).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY', message: /shorter ids/ });
      expect(run).not.toHaveBeenCalled();
    });

    it.each([undefined, null, '', {}])('and refuses a workspace that is %p', async (workspaceId) => {
      const { models } = create();
      const missing = { ...QUESTION, workspaceId: workspaceId as never };
      const run = jest.fn(() => 'x');
      await expect(models.wrap(missing, run)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
      await expect(models.get('llama', 'x', workspaceId as never)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
      await expect(models.set('llama', 'x', 'y', workspaceId as never)).rejects.toThrow(/an id is needed/);
      expect(run).not.toHaveBeenCalled();
    });
  });

  describe('stores only whole answers, and says why not', () => {
    it.each<[string, object, unknown, object?, ModelCacheOptions?]>([
      ['error', { error: new Error('x') }, 'half'],
      ['empty', { refusal: 'empty' }, { text: '' }],
      ['unfinished', { finishReason: 'length' }, 'cut o'],
      ['content-filter', { finishReason: 'content_filter' }, ''],
      ['tool-calls', { finishReason: 'tool_calls', toolCalls: ['pay'] }, ''],
      ['tool-calls', { finishReason: 'tool_use' }, 'let me see', {}, { cacheableTools: ['weather'] }],
      ['empty', {}, ' \n'],
      ['low-confidence', { confidence: 0.79 }, 'perhaps', {}, { minConfidence: 0.8 }],
      ['invalid-json', { json: true }, '{"a":'],
      ['temperature', {}, 'a poem', { temperature: 1.2 }],
      ['temperature', {}, 'a poem', { temperature: 1.2, seed: null }],
      ['output-too-large', {}, 'x'.repeat(11), {}, { maxOutputLength: 10 }],
    ])('%s', async (reason, metadata, output, params = {}, options = {}) => {
      const { models } = create(options);
      const settings = { params: params as Record<string, unknown> };
      expect(await models.set('llama', 'q', output, 'w1', metadata, settings)).toEqual({ stored: false, reason });
      const request = { ...QUESTION, ...settings, describe: () => metadata };
      expect(await models.wrap(request, () => output)).toMatchObject({ output, hit: 'none', ttlMs: 0 });
      expect(await models.wrap(request, () => 'again')).toMatchObject({ output: 'again' });
      expect(models.getStats()).toMatchObject({ hits: 0, refused: { [reason]: expect.any(Number) } });
    });

    it.each<[string, object, unknown, object?, ModelCacheOptions?]>([
      ['just confident enough', { confidence: 0.8 }, 'yes', {}, { minConfidence: 0.8 }],
      ['a stop in any spelling', { finishReason: 'STOP' }, 'yes'],
      [
        'a tool that may be repeated',
        { finishReason: 'tool_use', toolCalls: ['weather'] },
        'yes',
        {},
        { cacheableTools: ['weather'] },
      ],
      ['a temperature with a seed', {}, 'a poem', { temperature: 2, seed: 7 }],
      ['valid JSON', { json: true }, '{"a":1}'],
      ['nothing, when that is wanted', {}, '', {}, { storeEmpty: true }],
      ['nothing that is described as such', { refusal: 'empty' }, { text: '' }, {}, { storeEmpty: true }],
    ])('but %s', async (_, metadata, output, params = {}, options = {}) => {
      const { models } = create(options);
      const settings = { params: params as Record<string, unknown> };
      expect(await models.set('llama', 'q', output, 'w1', metadata, settings)).toEqual({ stored: true });
      expect(await models.get('llama', 'q', 'w1', settings)).toMatchObject({ output });
    });

    it('is passed by questions that are too long, or of which no key can be made; the inference runs', async () => {
      const { models } = create({ maxInputLength: 10 });
      const cyclic: Record<string, unknown> = {};
      cyclic.self = cyclic;
      for (const [reason, input, params] of [
        ['input-too-long', 'x'.repeat(11), {}],
        ['input-too-long', [{ role: 'user', content: 'x' }], {}],
        ['unkeyable', 'x', { temperature: NaN }],
        ['unkeyable', 'x', { cyclic }],
      ] as const) {
        const question = { ...QUESTION, input, params };
        expect(await models.wrap(question, () => 'ran')).toMatchObject({ output: 'ran', hit: 'none' });
        expect(await models.get('llama', input, 'w1', { params })).toBeNull();
        expect(await models.set('llama', input, 'y', 'w1', {}, { params })).toEqual({ stored: false, reason });
      }
      expect(models.getStats().refused).toMatchObject({ 'input-too-long': 6, unkeyable: 6 });
      expect(await models.set('llama', 'x'.repeat(10), 'y', 'w1')).toEqual({ stored: true });
    });

    it('is passed by everything when it is turned off', async () => {
      const { models } = create({ enabled: false });
      expect(await models.set('llama', 'q', 'y', 'w1')).toEqual({ stored: false, reason: 'disabled' });
      expect(await models.wrap(QUESTION, () => 'ran')).toMatchObject({ output: 'ran' });
      models.configure({ enabled: true });
      expect(await models.set('llama', 'q', 'y', 'w1')).toEqual({ stored: true });
    });

    it.each([
      ...[NaN, -0.1, 1.1, 'high'].map((confidence) => ({ confidence })),
      ...[{ finishReason: null }, { toolCalls: 'pay' }, { json: 1 }],
    ])('refuses to be told %p', async (metadata) => {
      const { models } = create();
      const told = models.set('llama', 'q', 'y', 'w1', metadata as never);
      await expect(told).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    });
  });

  it('makes void the answers of a model, in a workspace or everywhere, or of a workspace', async () => {
    const { models } = create();
    const ASKED = [
      ['llama', 'w1'],
      ['llama', 'w2'],
      ['gpt', 'w1'],
    ] as const;
    const left = async () => {
      const found = await Promise.all(ASKED.map(([model, workspace]) => models.get(model, 'q', workspace)));
      return found.map((answer) => answer !== null);
    };
    for (const [invalidate, expected] of [
      [() => models.invalidateModel('llama', 'w1'), [false, true, true]],
      [() => models.invalidateModel('llama'), [false, false, true]],
      [() => models.invalidateWorkspace('w1'), [false, true, false]],
    ] as const) {
      for (const [model, workspace] of ASKED) await models.set(model, 'q', 'a', workspace);
      expect(await left()).toEqual([true, true, true]);
      await invalidate();
      expect(await left()).toEqual(expected);
    }
  });

  it('warms up, and counts what it saved', async () => {
    const { models } = create();
    const answers = [
      { modelId: 'llama', input: 'a', output: 'A', workspaceId: 'w1', metadata: { tokens: 50, latencyMs: 1_000 } },
      { modelId: 'llama', input: 'b', output: '', workspaceId: 'w1' },
    ];
    expect(await models.warmUp(answers, { concurrency: 1 })).toEqual({ stored: 1, refused: 1 });
    await models.get('llama', 'a', 'w1');
    await models.get('llama', 'b', 'w1');
    expect(models.getStats()).toEqual({
      ...{ hits: 1, coalesced: 0, stale: 0, misses: 1, hitRate: 50, stored: 1, refused: { empty: 1 } },
      ...{ unreadable: 0, invalidations: 0, tokensAvoided: 50, latencyAvoidedMs: 1_000 },
      semantic: expect.objectContaining({ hits: 0 }),
    });
  });

  it('erases a workspace: nothing of it is left in the store', async () => {
    const { models, manager } = create();
    for (const workspace of ['w1', 'w1:x', 'w*']) await models.set('llama', 'q', 'a', workspace);
    expect(await models.eraseWorkspace('w*')).toBe(1);
    expect((await manager.getStats()).keys).toBe(2);
    expect(await models.eraseWorkspace('w1')).toBe(1);
    expect(await models.get('llama', 'q', 'w1:x')).toMatchObject({ output: 'a' });
  });

  it.each<[object, RegExp]>([
    [{ ttl: -1 }, /ttl/],
    [{ minConfidence: NaN }, /minConfidence: expected a number from 0 to 1/],
    [{ maxTemperature: -1 }, /maxTemperature/],
    [{ maxInputLenght: 1 }, /did you mean 'maxInputLength'/],
    [{ secret: 'short' }, /secret: expected at least 16 characters/],
    [{ enabled: 'yes' }, /enabled/],
  ])('refuses %p', (options, message) => {
    expect(() => create().models.configure(options as ModelCacheOptions)).toThrow(message);
    expect(() => create(options as ModelCacheOptions)).toThrow(message);
  });
});
