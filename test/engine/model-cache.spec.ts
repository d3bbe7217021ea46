import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { ModelCache } from '../../libs/cache/src/features/model/model-cache.js';
import { ModelKeys } from '../../libs/cache/src/features/model/model-key.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import { createCache, heldLoad } from './cache.js';

const SECRET = 'a secret of the tests, long enough';
const QUESTION = { modelId: 'llama', input: '¿Qué es el NIE?', workspaceId: 'w1' } as const;

function create(options: ModelCacheOptions = {}) {
  const { cache, manager, clock } = createCache();
  return { models: new ModelCache({ engine: cache.engine, clock }, { secret: SECRET, ...options }), manager, clock };
}

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
      ['a tool that may be repeated', { toolCalls: ['weather'] }, 'yes', {}, { cacheableTools: ['weather'] }],
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

  describe('wrap', () => {
    it('runs one inference for all who ask the same at the same time', async () => {
      const { models, clock } = create();
      const { load, open } = heldLoad('the answer');
      const asked = Array.from({ length: 20 }, () => models.wrap(QUESTION, load));
      while (load.mock.calls.length === 0) await new Promise(setImmediate);
      await clock.advance(500);
      open();
      const answers = await Promise.all(asked);
      expect(load).toHaveBeenCalledTimes(1);
      expect(answers.map(({ hit }) => hit)).toEqual(['none', ...Array<string>(19).fill('coalesced')]);
      expect(models.getStats()).toMatchObject({ misses: 1, hits: 19, coalesced: 19, stored: 1 });
    });

    it('fails with the inference, and stores nothing of it', async () => {
      const { models } = create();
      const down = new Error('429');
      await expect(models.wrap(QUESTION, () => Promise.reject(down))).rejects.toBe(down);
      expect(await models.wrap(QUESTION, () => 'well')).toMatchObject({ output: 'well', hit: 'none' });
    });

    it('does as it is told: noCache, noStore, onlyIfCached, maxAge, stale', async () => {
      const { models, clock } = create();
      await expect(models.wrap({ ...QUESTION, onlyIfCached: true }, () => 'x')).rejects.toMatchObject({
        code: 'CACHE_MODEL_NOT_CACHED',
      });
      expect(await models.wrap({ ...QUESTION, noStore: true }, () => 'unstored')).toMatchObject({ output: 'unstored' });
      expect(await models.wrap(QUESTION, () => 'first')).toMatchObject({ output: 'first', hit: 'none' });
      expect(await models.wrap({ ...QUESTION, onlyIfCached: true }, () => 'x')).toMatchObject({ output: 'first' });
      expect(await models.wrap({ ...QUESTION, noStore: true }, () => 'x')).toMatchObject({ output: 'first' });
      expect(await models.wrap({ ...QUESTION, noCache: true }, () => 'second')).toMatchObject({ output: 'second' });
      expect(await models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'second', hit: 'exact' });
      await clock.advance(10_000);
      expect(await models.wrap({ ...QUESTION, maxAge: 9 }, () => 'third')).toMatchObject({ output: 'third' });
      expect(await models.wrap({ ...QUESTION, maxAge: 9 }, () => 'x')).toMatchObject({ output: 'third', hit: 'exact' });
      const brief = { ...QUESTION, input: 'brief', ttl: 10, staleIfError: '1h' } as const;
      await models.wrap(brief, () => 'old');
      await clock.advance(20_000);
      const failing = () => Promise.reject(new Error('503'));
      expect(await models.wrap(brief, failing)).toMatchObject({ output: 'old', hit: 'stale', ttlMs: 0 });
      const refuse = (error: object) => models.wrap(brief, () => Promise.reject(error as Error));
      for (const passing of [{ status: 429 }, { statusCode: 503 }, { status: 408 }])
        expect(await refuse(passing)).toMatchObject({ output: 'old' });
      for (const ours of [{ status: 401 }, { statusCode: 400 }, { status: 404 }])
        await expect(refuse(ours)).rejects.toBe(ours);
    });

    it('runs one inference for all who want nothing older than something, too', async () => {
      const { models } = create();
      const { load, open } = heldLoad('fresh');
      const asked = Array.from({ length: 10 }, () => models.wrap({ ...QUESTION, maxAge: 60 }, load));
      while (load.mock.calls.length === 0) await new Promise(setImmediate);
      open();
      await Promise.all(asked);
      expect(load).toHaveBeenCalledTimes(1);
    });

    it.each([null, 5, 'text', [], { proof: 7 }])('is not disturbed by %p under its key', async (foreign) => {
      const { models, manager } = create();
      const { fingerprint } = await models.wrap(QUESTION, () => 'first');
      await manager.set(fingerprint, foreign);
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
      expect(await models.wrap(QUESTION, () => 'second')).toMatchObject({ output: 'second', hit: 'none' });
      expect(await models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'second', hit: 'exact' });
    });

    it('fails with the one that is waited for, or elects one of those who wait', async () => {
      const { models } = create();
      for (const [onLeaderFailure, more] of [
        ['fail', 0],
        ['elect', 1],
      ] as const) {
        const { load, fail } = heldLoad('x');
        const request = { ...QUESTION, input: onLeaderFailure, onLeaderFailure };
        const leader = models.wrap(request, load);
        const second = jest.fn(() => 'the second');
        const others = Promise.allSettled([models.wrap(request, second), models.wrap(request, second)]);
        await new Promise(setImmediate);
        fail(new Error('overloaded'));
        await expect(leader).rejects.toThrow('overloaded');
        const status = more === 1 ? 'fulfilled' : 'rejected';
        expect((await others).map((one) => one.status)).toEqual([status, status]);
        expect(second).toHaveBeenCalledTimes(more);
      }
    });

    it('returns what was paid for, whatever is wrong with its description', async () => {
      const { models } = create();
      const wrong = [
        () => ({ confidence: NaN }),
        () => ({ tokens: -1 }),
        () => ({ finishReason: null as never }), // as OpenAI has it in every part but the last
        () => ({ toolCalls: null as never }),
        () => ({ json: 'yes' as never }),
        () => {
          throw new TypeError('of undefined');
        },
      ];
      for (const describe of wrong)
        expect(await models.wrap({ ...QUESTION, describe }, () => 'paid')).toMatchObject({
          output: 'paid',
          hit: 'none',
        });
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { undescribed: wrong.length } });
    });

    it('counts as stored only what is, and says so of the answer', async () => {
      const { models } = create();
      for (const noCache of [false, true]) {
        const { load, open } = heldLoad('old');
        const asked = models.wrap({ ...QUESTION, noCache }, load);
        while (load.mock.calls.length === 0) await new Promise(setImmediate);
        await models.invalidateWorkspace('w1');
        open();
        expect(await asked).toMatchObject({ output: 'old', hit: 'none', ttlMs: 0 });
      }
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { invalidated: 2 } });
      const off = new CacheInstance({ enabled: false });
      await off.models.wrap(QUESTION, () => 'x');
      const away = new CacheInstance({ redis: { host: '127.0.0.1', port: 1 } });
      await away.models.wrap(QUESTION, () => 'x');
      expect(off.models.getStats()).toMatchObject({ stored: 0, refused: { bypassed: 1 } });
      expect(away.models.getStats()).toMatchObject({ stored: 0, refused: { unavailable: 1 } });
      await away.close();
    });

    it('takes its time, and gives nothing after its TTL, whatever is said of all loads', async () => {
      const defaults = { hardTimeout: 50, softTimeout: 10, staleWhileRevalidate: '1h', staleIfError: '1h' } as const;
      const { cache, clock } = createCache({ ...defaults, model: { secret: SECRET } });
      const { models } = cache;
      const asked = models.wrap({ ...QUESTION, ttl: 10 }, async () => {
        await clock.sleep(5_000);
        return 'slow';
      });
      await clock.advance(5_000);
      expect(await asked).toMatchObject({ output: 'slow' });
      await models.set('llama', 'by hand', 'known', 'w1', {}, { ttl: 10 });
      await clock.advance(11_000);
      expect(await models.get('llama', QUESTION.input, 'w1')).toBeNull();
      expect(await models.get('llama', 'by hand', 'w1')).toBeNull();
      const failing = () => Promise.reject(new Error('503'));
      await expect(models.wrap({ ...QUESTION, input: 'by hand' }, failing)).rejects.toThrow('503');
    });

    it('keeps nothing that is too large for the cache itself, and says so', async () => {
      const { models } = createCache({ maxValueBytes: 500, model: { secret: SECRET } }).cache;
      const large = 'x'.repeat(500);
      expect(await models.set('llama', 'q', large, 'w1')).toEqual({ stored: false, reason: 'output-too-large' });
      expect(await models.wrap(QUESTION, () => large)).toMatchObject({ output: large, ttlMs: 0 });
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { 'output-too-large': 2 } });
    });

    it('counts what cannot be stored as not stored', async () => {
      const { models } = create();
      const output = { call: () => 1 };
      expect((await models.wrap<unknown>(QUESTION, () => output)).output).toBe(output);
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { unkeyable: 1 } });
    });

    it('never stores what was asked before an invalidation (G1)', async () => {
      const { models } = create();
      for (const invalidate of [
        () => models.invalidateModel('llama'),
        () => models.invalidateModel('llama', 'w1'),
        () => models.invalidateWorkspace('w1'),
      ]) {
        const { load, open } = heldLoad('old');
        const asked = models.wrap(QUESTION, load);
        while (load.mock.calls.length === 0) await new Promise(setImmediate);
        await invalidate();
        open();
        expect(await asked).toMatchObject({ output: 'old' });
        expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
      }
    });
  });

  describe('begin', () => {
    it('is for flows that store later; others who ask the same wait for it', async () => {
      const { models, clock } = create();
      const mine = await models.begin<string>(QUESTION);
      if (mine.cached !== null) throw new Error('It was cached already.');
      const others = [models.wrap(QUESTION, () => 'x'), models.begin(QUESTION)] as const;
      await clock.advance(500);
      expect(await mine.store('the answer', { tokens: 7 })).toEqual({ stored: true });
      expect(await others[0]).toMatchObject({ output: 'the answer', hit: 'coalesced' });
      expect(await others[1]).toMatchObject({ cached: { output: 'the answer', metadata: { tokens: 7 } } });
      expect(await models.begin(QUESTION)).toMatchObject({ cached: { hit: 'exact' } });
    });

    it('says when an invalidation came in between, or the answer is not to be kept', async () => {
      const { models } = create();
      const first = await models.begin<string>(QUESTION);
      await models.invalidateWorkspace('w1');
      if (first.cached !== null) throw new Error('It was cached already.');
      expect(await first.store('old')).toEqual({ stored: false, reason: 'invalidated' });
      const second = await models.begin<string>(QUESTION);
      if (second.cached !== null) throw new Error('It was cached already.');
      expect(await second.store('cut o', { finishReason: 'length' })).toEqual({ stored: false, reason: 'unfinished' });
    });

    it('may be given up: those who wait are told, and the next one begins anew', async () => {
      const { models } = create();
      const mine = await models.begin(QUESTION);
      if (mine.cached !== null) throw new Error('It was cached already.');
      const other = models.wrap(QUESTION, () => 'x');
      await Promise.all([
        expect(other).rejects.toThrow('the provider is down'),
        mine.abandon(new Error('the provider is down')),
      ]);
      const again = await models.begin(QUESTION);
      if (again.cached !== null) throw new Error('It was cached already.');
      const waiting = models.wrap(QUESTION, () => 'x');
      await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'CACHE_MODEL_ABANDONED' }), again.abandon()]);
      expect(await models.wrap(QUESTION, () => 'anew')).toMatchObject({ output: 'anew' });
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

  describe('encrypted at rest', () => {
    const [one, two] = [1, 2].map((n) => Buffer.alloc(32, n).toString('base64')) as [string, string];
    const ENCRYPTED = { encryption: { keys: { one }, current: 'one' } };
    const TEXT = 'El NIE es el número de identidad de extranjero. '.repeat(100);

    function share(options: ModelCacheOptions) {
      const { cache, manager, clock } = createCache();
      const open = (changes: ModelCacheOptions = options) =>
        new ModelCache({ engine: cache.engine, clock }, { secret: SECRET, ...changes });
      return { open, manager };
    }
    const storedUnder = async (models: ModelCache, manager: ReturnType<typeof share>['manager']) => {
      const { fingerprint } = (await models.get(QUESTION.modelId, QUESTION.input, 'w1'))!;
      const entry = (await manager.get<Record<string, any>>(fingerprint))!;
      return { fingerprint, entry };
    };

    it('nobody reads an answer in the store, nor what is known of it; who has the key does', async () => {
      const { open, manager } = share(ENCRYPTED);
      const models = open();
      await models.wrap({ ...QUESTION, describe: () => ({ finishReason: 'stop', tokens: 7 }) }, () => TEXT);
      expect(await open().wrap(QUESTION, () => 'x')).toMatchObject({
        output: TEXT,
        hit: 'exact',
        metadata: { tokens: 7 },
      });
      const { entry } = await storedUnder(models, manager);
      expect(Object.keys(entry).sort()).toEqual(['id', 'proof', 'sealed', 'storedAt', 'ttlMs']);
      expect(Buffer.from(entry.sealed.bytes).toString('latin1')).not.toContain('NIE');
      expect(entry.sealed.bytes.length).toBeLessThan(TEXT.length / 4); // compressed before
      await models.set('llama', 'plain', { a: [1, new Date(0)] }, 'w1');
      expect(await models.get('llama', 'plain', 'w1')).toMatchObject({ output: { a: [1, new Date(0)] } });
    });

    it.each<[string, (entry: any) => object]>([
      ['a flipped byte', (entry) => ({ ...entry, sealed: flipped(entry.sealed) })],
      [
        'a text that is cut',
        (entry) => ({ ...entry, sealed: { ...entry.sealed, bytes: entry.sealed.bytes.slice(0, 9) } }),
      ],
      ['nothing where the text was', (entry) => ({ ...entry, sealed: { keyId: 'one' } })],
      ['a key that is not there', (entry) => ({ ...entry, sealed: { ...entry.sealed, keyId: 'gone' } })],
      ['a text that is not encrypted', ({ sealed: _, ...facts }) => ({ ...facts, output: 'forged', metadata: {} })],
    ])('is a counted miss with %s, and the inference runs', async (_, damage) => {
      const { open, manager } = share(ENCRYPTED);
      const models = open();
      await models.wrap(QUESTION, () => 'true');
      const { fingerprint, entry } = await storedUnder(models, manager);
      await manager.set(fingerprint, damage(entry));
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
      expect(await models.wrap(QUESTION, () => 'again')).toMatchObject({ output: 'again', hit: 'none' });
      expect(await models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'again', hit: 'exact' });
      expect(models.getStats().unreadable).toBe(2);
    });
    const flipped = ({ keyId, bytes }: { keyId: string; bytes: Uint8Array }) => {
      const copy = Uint8Array.from(bytes);
      copy[40] = (copy[40] ?? 0) ^ 1;
      return { keyId, bytes: copy };
    };

    it('does not open under another key or in another workspace, whatever else is forged', async () => {
      const { open, manager } = share(ENCRYPTED);
      const models = open();
      await models.wrap(QUESTION, () => 'of w1');
      const { entry } = await storedUnder(models, manager);
      const { key, proof } = new ModelKeys(SECRET).keyOf({ ...QUESTION, workspaceId: 'w2' });
      await manager.set(key, { ...entry, proof });
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w2')).toBeNull();
    });

    it('does not take what is not to be kept from the store, whoever put it there', async () => {
      const { open, manager } = share(ENCRYPTED);
      const models = open();
      await models.wrap(QUESTION, () => 'of the model');
      const { fingerprint: key, entry } = await storedUnder(models, manager);
      const { sealed: _sealed, ...facts } = entry;
      await manager.set(key, { ...facts, output: 'forged', metadata: {}, refusal: 'empty', mark: 'guessed' });
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
      expect((await models.wrap(QUESTION, () => 'of the model')).output).toBe('of the model');
    });

    it('lets keys rotate: the old one reads, the new one writes', async () => {
      const { open, manager } = share(ENCRYPTED);
      await open().wrap(QUESTION, () => 'old');
      const rotated = open({ encryption: { keys: { one, two }, current: 'two' } });
      expect(await rotated.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'old' });
      await rotated.wrap({ ...QUESTION, noCache: true }, () => 'new');
      expect((await storedUnder(rotated, manager)).entry.sealed.keyId).toBe('two');
      expect(await open().get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
    });

    it.each<[object, RegExp]>([
      [{ keys: { one }, current: 'two' }, /encryption\.current: expected the id of one of the keys/],
      [{ keys: { one: 'c2hvcnQ=' }, current: 'one' }, /encryption\.keys\.one: expected 32 bytes/],
      [{ keys: { 'a b': one }, current: 'a b' }, /encryption\.keys: expected ids/],
    ])('refuses %p without showing a key', (encryption, message) => {
      const make = () => create({ encryption: encryption as never });
      expect(make).toThrow(message);
      expect(make).not.toThrow(/c2hvcnQ|AQEB/);
    });
  });

  describe('without a secret, where others may see its keys', () => {
    const redis = { host: '127.0.0.1', port: 1 };
    const emitWarning = jest.spyOn(process, 'emitWarning');
    const codes = () => emitWarning.mock.calls.map(([, about]) => (about as { code?: string }).code);
    beforeEach(() => emitWarning.mockReset().mockImplementation(() => undefined));
    afterAll(() => emitWarning.mockRestore());

    it.each<[string, ModelCacheOptions | undefined, ModelCacheOptions | undefined]>([
      ['as soon as anything is said of models', { ttl: 60 }, undefined],
      ['when it is configured', undefined, { ttl: 60 }],
      ['when it is turned on', { enabled: false }, { enabled: true }],
    ])('warns %s, and once', async (_, model, later) => {
      const cache = new CacheInstance({ redis, ...(model && { model }) });
      expect(codes()).toHaveLength(later === undefined ? 1 : 0);
      if (later !== undefined) cache.models.configure(later);
      expect(codes()).toEqual(['MOBIUS_MODEL_CACHE_SECRET']);
      cache.models.configure({ ttl: 120 });
      await cache.models.wrap(QUESTION, () => 'x');
      expect(codes()).toHaveLength(1);
      await cache.close();
    });

    it('warns with the first question, if nothing was said before', async () => {
      const cache = new CacheInstance({ redis });
      expect(codes()).toEqual([]);
      await cache.models.wrap(QUESTION, () => 'x');
      expect(codes()).toEqual(['MOBIUS_MODEL_CACHE_SECRET']);
      await cache.close();
    });

    it.each<[string, CacheOptions]>([
      ['there is one', { redis, model: { secret: SECRET } }],
      ['the cache lives in memory', { model: { ttl: 60 } }],
      ['the cache is turned off', { redis, enabled: false, model: { ttl: 60 } }],
      ['answers are not kept', { redis, model: { enabled: false } }],
    ])('does not where %s', async (_, options) => {
      const cache = new CacheInstance(options);
      cache.models.configure({ ttl: 120 });
      await cache.models.wrap(QUESTION, () => 'x');
      expect(codes()).toEqual([]);
      await cache.close();
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
