import { NO_STORES } from '../../libs/cache/src/core/journal.js';
import { ModelCache } from '../../libs/cache/src/features/model/model-cache.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import type { ModelRequest } from '../../libs/cache/src/features/model/model-types.js';
import { neededTrials } from '../../libs/cache/src/features/model/semantic/learner.js';
import type { SemanticOptions } from '../../libs/cache/src/features/model/semantic/semantic-options.js';
import { createCache, heldLoad } from './cache.js';

const SECRET = 'a secret of the tests, long enough';
const MAX_ERROR_RATE = 0.2;
/** Verdicts that it takes. */
const ENOUGH = neededTrials(0, MAX_ERROR_RATE, Math.log(8 / 0.05));
const ALWAYS = 0.011; // a share that the dice of the tests never throw

/** Texts that begin with the same word are alike; the more their ends differ, the less. */
const embed = (text: string): number[] => {
  const [topic = '', ...rest] = text.split(' ');
  const vector = new Array<number>(32).fill(0);
  vector[topic.length % 16] = 1;
  vector[16 + (rest.join('').length % 16)] = 0.3;
  return vector;
};

function create(semantic: Partial<SemanticOptions> = {}, options: ModelCacheOptions = {}) {
  const { cache, manager, clock } = createCache({}, 7);
  const embedding = jest.fn(semantic.embedder?.embed ?? embed);
  const embedder = { id: 'test', dimensions: 32, ...semantic.embedder, embed: embedding };
  const settings = { maxErrorRate: MAX_ERROR_RATE, verifyShare: ALWAYS, ...semantic, embedder };
  const models = new ModelCache({ engine: cache.engine, clock }, { secret: SECRET, semantic: settings, ...options });
  const ask = async (input: unknown, answer: unknown = 'yes', request: Partial<ModelRequest> = {}) => {
    const run = jest.fn(() => answer);
    const got = await models.wrap({ modelId: 'llama', workspaceId: 'w1', input, ...request }, run);
    await clock.advance(0); // what goes on behind
    return { ...got, ran: run.mock.calls.length > 0 };
  };
  /** Asks in so many ways that the threshold is learned. */
  const learn = async (times = ENOUGH, answer: unknown = 'yes', request: Partial<ModelRequest> = {}) => {
    await ask('topic a', answer, request);
    for (let i = 0; i < times; i++) await ask(`topic ${'b'.repeat(17 + i)}`, answer, request);
  };
  return { models, manager, clock, ask, learn, embedder, embedding };
}

describe('the semantic tier (G18)', () => {
  it('is off by default, and costs nothing', async () => {
    const { cache, manager, clock } = createCache();
    const models = new ModelCache({ engine: cache.engine, clock }, { secret: SECRET });
    await models.wrap({ modelId: 'llama', workspaceId: 'w1', input: 'topic a' }, () => 'yes');
    expect(models.getStats().semantic).toMatchObject({ asked: 0, hits: 0 });
    expect(models.semanticPartitions()).toEqual([]);
    expect((await manager.getStats()).keys).toBe(1);
  });

  it('asks the model, and compares, until there is enough evidence; then gives the answer of another question', async () => {
    const { models, ask, learn } = create();
    await learn(ENOUGH - 1);
    expect(models.semanticPartitions()).toMatchObject([{ verified: ENOUGH - 1, wrong: 0, questions: ENOUGH }]);
    expect(models.semanticPartitions()[0]).not.toHaveProperty('threshold');
    expect(await ask('topic ccc')).toMatchObject({ ran: true, hit: 'none' });
    expect(models.semanticPartitions()).toMatchObject([{ verified: ENOUGH, threshold: 0.8 }]);
    const found = await ask('topic dddd', 'never asked');
    expect(found).toMatchObject({ ran: false, hit: 'semantic', output: 'yes', ttlMs: 3_600_000 });
    expect(found.similarity).toBeGreaterThan(0.8);
    expect(models.getStats()).toMatchObject({ hits: 1, misses: ENOUGH + 1, semantic: { hits: 1, wrong: 0 } });
  });

  it('never stores what it gives under the question that it was given to', async () => {
    const { models, ask, learn } = create();
    await learn();
    const { fingerprint, hit } = await ask('topic dddd');
    expect(hit).toBe('semantic');
    expect(await models.get('llama', 'topic dddd', 'w1')).toBeNull();
    expect(await ask('topic dddd')).toMatchObject({ hit: 'semantic', fingerprint });
  });

  it('answers exactly first', async () => {
    const { ask, learn } = create({ equivalent: () => true });
    await learn();
    await ask('topic dddd', 'its own', { noCache: true });
    expect(await ask('topic dddd')).toMatchObject({ output: 'its own', hit: 'exact' });
  });

  it('learns nothing from similarity that says nothing', async () => {
    const { models, ask } = create();
    for (let i = 0; i < 3 * ENOUGH; i++) await ask(`topic ${'b'.repeat(17 + i)}`, `answer ${i}`);
    expect(models.semanticPartitions()[0]).toMatchObject({ verified: 3 * ENOUGH - 1, wrong: 3 * ENOUGH - 1 });
    expect(models.semanticPartitions()[0]).not.toHaveProperty('threshold');
  });

  it.each<[string, Partial<ModelRequest>]>([
    ['workspaces', { workspaceId: 'w2' }],
    ['models', { modelId: 'other' }],
    ['parameters', { params: { system: 'Be rude.' } }],
    [
      'earlier messages',
      {
        input: [
          { role: 'system', content: 'x' },
          { role: 'user', content: 'topic dddd' },
        ],
      },
    ],
  ])('keeps %s apart', async (_, request) => {
    const { ask, learn } = create();
    await learn();
    expect(await ask('topic dddd', 'fresh', request)).toMatchObject({ hit: 'none', output: 'fresh' });
    expect(await ask('topic dddd', 'fresh')).toMatchObject({ hit: 'semantic' });
  });

  it('works on the last text of messages', async () => {
    const { models, ask } = create();
    const messages = (content: string) => [
      { role: 'system', content: 'x' },
      { role: 'user', content },
    ];
    for (let i = 0; i <= ENOUGH; i++) await ask(messages(`topic ${'b'.repeat(17 + i)}`));
    expect(await ask(messages('topic dddd'))).toMatchObject({ hit: 'semantic' });
    expect(await ask([...messages('topic dddd'), { role: 'assistant', content: 'x' }])).toMatchObject({ hit: 'none' });
    expect(models.semanticPartitions()).toHaveLength(1);
  });

  it('lets nothing through the gate that is not the same, however similar', async () => {
    const { ask, learn, models } = create({ embedder: { id: 'flat', dimensions: 1, embed: () => [1] } });
    await learn();
    expect(await ask('topic dddd')).toMatchObject({ hit: 'semantic', similarity: 1 });
    const { candidates } = models.getStats().semantic;
    for (const other of ['topic 7', 'not topic', 'topic "x"', 'topic of NIE', 'topic before topic'])
      expect(await ask(other, 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
    expect(models.getStats().semantic.candidates).toBe(candidates);
  });

  describe('gives nothing when the exact answer', () => {
    const lost: [string, (parts: ReturnType<typeof create>) => Promise<unknown>][] = [
      ['has expired', ({ clock }) => clock.advance(3_600_001)],
      ['was made void with its model (G1, G2)', ({ models }) => models.invalidateModel('llama', 'w1')],
      ['was made void with its workspace', ({ models }) => models.invalidateWorkspace('w1')],
      ['was erased', ({ models }) => models.eraseWorkspace('w1')],
      ['was removed', ({ manager }) => manager.invalidatePattern('model:w1:llama:????????????????????????')],
      ['was removed with everything', ({ manager }) => manager.clear()],
    ];
    it.each(lost)('%s', async (_, lose) => {
      const parts = create();
      await parts.learn();
      expect(await parts.ask('topic dddd')).toMatchObject({ hit: 'semantic' });
      await lose(parts);
      expect(await parts.ask('topic dddd', 'fresh')).toMatchObject({ hit: 'none', output: 'fresh', ran: true });
    });

    it('is too old for the one who asks', async () => {
      const { ask, learn, clock } = create();
      await learn();
      await clock.advance(60_000);
      expect(await ask('topic dddd', 'fresh', { maxAge: 59 })).toMatchObject({ hit: 'none' });
      expect(await ask('topic eeeee', 'fresh', { maxAge: 61 })).toMatchObject({ hit: 'semantic' });
    });

    it('is another one than its key says', async () => {
      const { ask, learn, manager } = create({ maxQuestions: 1 });
      await learn();
      const { fingerprint } = await ask(`topic ${'b'.repeat(16 + ENOUGH)}`);
      expect(await ask('topic dddd')).toMatchObject({ hit: 'semantic' });
      const entry = (await manager.get(fingerprint)) as object;
      await manager.set(fingerprint, { ...entry, proof: 'of another question' });
      expect(await ask('topic dddd', 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
    });
  });

  it('never gives what was made void while it looked (G1, G2)', async () => {
    const embedding = heldLoad(embed('topic dddd'));
    let held = false;
    const parts = create({
      embedder: { id: 'held', dimensions: 32, embed: (text) => (held ? embedding.load() : embed(text)) },
      timeout: 60_000,
    });
    await parts.learn();
    held = true;
    const before = parts.ask('topic dddd', 'fresh');
    await parts.clock.advance(0);
    await parts.models.invalidateModel('llama');
    const after = parts.ask('topic dddd', 'fresh');
    embedding.open();
    await parts.clock.advance(20_000);
    expect(await after).toMatchObject({ output: 'fresh' });
    expect(await before).toMatchObject({ output: 'fresh' });
  });

  it('does not follow a pointer that somebody put into the store', async () => {
    const { models, ask, manager } = create();
    const { fingerprint } = await ask('topic a', 'of a');
    const proof = ((await manager.get(fingerprint)) as { proof: string }).proof;
    const victim = await ask('other', 'of other');
    const pointer = { mark: 'guessed', key: fingerprint, proof, similarity: 1 };
    await manager.set(victim.fingerprint, { ...((await manager.get(victim.fingerprint)) as object), pointer });
    expect(await ask('other', 'fresh')).toMatchObject({ output: 'of other', hit: 'exact' });
    expect(models.getStats().semantic.hits).toBe(0);
  });

  it('asks once for all who ask the same', async () => {
    const { models, learn, embedding, clock } = create();
    await learn();
    embedding.mockClear();
    const request = { modelId: 'llama', workspaceId: 'w1', input: 'topic dddd' };
    const all = await Promise.all(Array.from({ length: 20 }, () => models.wrap(request, () => 'fresh')));
    await clock.advance(0);
    expect(new Set(all.map(({ hit }) => hit))).toEqual(new Set(['semantic']));
    expect(embedding).toHaveBeenCalledTimes(1);
    expect(models.getStats().semantic.hits).toBe(20);
  });

  it('gives nothing below the threshold that it has learned', async () => {
    const angles = new Map<string, number>();
    const embedder = {
      id: 'angles',
      dimensions: 2,
      embed: (text: string) => {
        const angle = ((angles.get(text) ?? 0) * Math.PI) / 180;
        return [Math.cos(angle), Math.sin(angle)];
      },
    };
    const { models, ask } = create({ embedder, maxQuestions: 1, verifyShare: ALWAYS });
    let asked = 0;
    const next = (angle: number, answer: string) => {
      const text = `topic ${'b'.repeat(++asked)}`;
      angles.set(text, angle);
      return ask(text, answer);
    };
    // What is as far apart as this (0.866) has other answers; what is alike has the same.
    for (let i = 0; i < 40; i++) await next(i % 2 === 0 ? 30 : 0, `answer ${i}`);
    for (let i = 0; i <= 2 * ENOUGH; i++) await next(0, 'yes');
    expect(models.semanticPartitions()).toMatchObject([{ threshold: expect.closeTo(0.875) }]);
    expect(await next(30, 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
    expect(await next(30, 'never asked')).toMatchObject({ hit: 'semantic', output: 'fresh' });
  });

  it('never searches an index of before an invalidation, and keeps what it has learned', async () => {
    const { models, ask, learn } = create();
    await learn();
    await models.invalidateModel('llama', 'w1');
    await ask('topic dddd', 'fresh');
    expect(models.semanticPartitions()).toMatchObject([{ questions: 1, threshold: 0.8 }]);
  });

  it('goes on verifying a share of what it could give', async () => {
    const { models, ask, learn } = create({ verifyShare: 1 });
    await learn();
    expect(models.semanticPartitions()[0]).toHaveProperty('threshold');
    expect(await ask('topic dddd', 'yes')).toMatchObject({ hit: 'none', ran: true });
    expect(models.getStats().semantic).toMatchObject({ hits: 0, verified: ENOUGH + 1 });
  });

  it('turns itself off when more is wrong than may be', async () => {
    const few = create({ verifyShare: 1 });
    await few.learn();
    await few.ask('topic dddd', 'it changed');
    expect(few.models.semanticPartitions()[0]).not.toHaveProperty('threshold');
    const { models, ask, learn } = create({ verifyShare: 1 });
    await learn(5 * ENOUGH);
    for (let i = 0; i < 3; i++) await ask(`topic ${'e'.repeat(i + 1)}`, `changed ${i}`);
    expect(models.semanticPartitions()).toMatchObject([{ trips: 1, verified: 0 }]);
    expect(models.semanticPartitions()[0]).not.toHaveProperty('threshold');
  });

  it('is turned off and on while it runs', async () => {
    const { models, ask, learn, embedder, embedding } = create();
    await learn();
    models.configure({ ttl: 7_200 });
    expect(await ask('topic dddd')).toMatchObject({ hit: 'semantic' });
    models.configure({ semantic: false });
    embedding.mockClear();
    expect(await ask('topic dddd', 'fresh')).toMatchObject({ output: 'fresh' });
    expect(embedding).not.toHaveBeenCalled();
    models.configure({ semantic: { embedder, serve: false, maxErrorRate: MAX_ERROR_RATE } });
    await learn(ENOUGH, 'yes', { noCache: true });
    expect(await ask('topic gggggg', 'fresh')).toMatchObject({ hit: 'none' });
  });

  it('is left out where a call says so, where the model is to be asked, and where nothing is to be stored', async () => {
    const { ask, learn, models } = create();
    await learn();
    for (const request of [{ semantic: false }, { noCache: true }, { noStore: true }])
      expect(await ask(`topic ${JSON.stringify(request).replace(/\W/g, '')}`, 'fresh', request)).toMatchObject({
        hit: 'none',
      });
    await expect(ask('topic hhhhhhh', 'x', { onlyIfCached: true })).rejects.toMatchObject({
      code: 'CACHE_MODEL_NOT_CACHED',
    });
    expect(models.getStats().semantic.hits).toBe(0);
  });

  it('asks a question again that had an answer of its own', async () => {
    const { ask, learn, manager } = create();
    await learn();
    const { fingerprint } = await ask('topic a');
    await manager.delete(fingerprint);
    expect(await ask('topic a', 'fresh')).toMatchObject({ hit: 'none', output: 'fresh' });
  });

  it('refreshes a stale answer by the model', async () => {
    const { ask, learn, clock, models } = create();
    const stale = { ttl: 5, staleWhileRevalidate: 600 };
    await ask('topic dddd', 'yes', stale);
    await learn();
    await clock.advance(6_000);
    expect(await ask('topic dddd', 'new', stale)).toMatchObject({ output: 'yes', hit: 'stale' });
    await clock.advance(0);
    expect(await models.get('llama', 'topic dddd', 'w1')).toMatchObject({ output: 'new' });
    expect(await ask('topic eeeee', 'fresh')).toMatchObject({ hit: 'semantic' });
  });

  it('also serves flows that cannot hand over the inference', async () => {
    const { models, learn } = create();
    await learn();
    const begun = await models.begin({ modelId: 'llama', workspaceId: 'w1', input: 'topic dddd' });
    expect(begun.cached).toMatchObject({ output: 'yes', hit: 'semantic' });
  });

  it('finds answers that were set or warmed up', async () => {
    const { models, learn, ask, clock } = create();
    await learn(ENOUGH, 'no');
    const other = { workspaceId: 'w1', modelId: 'llama', params: { other: true } };
    await models.set('llama', 'topic a', 'set', 'w1', {}, { params: other.params });
    await models.warmUp([{ ...other, input: 'topic', output: 'warm' }]);
    await clock.advance(0);
    expect(models.semanticPartitions().find(({ questions }) => questions === 2)).toBeDefined();
    await ask('topic b', 'warm', other);
    expect(models.getStats().semantic).toMatchObject({ verified: ENOUGH + 1 });
  });

  describe('never fails or delays an inference (G10)', () => {
    const broken: [string, SemanticOptions['embedder']['embed'], 'embedderFailures' | 'timeouts'][] = [
      ['throws', () => { throw new Error('x'); }, 'embedderFailures'],
      ['rejects', () => Promise.reject(new Error('x')), 'embedderFailures'],
      ['returns too few numbers', () => [1], 'embedderFailures'],
      ['returns NaN', () => new Array<number>(32).fill(NaN), 'embedderFailures'],
      ['returns nothing', () => undefined as never, 'embedderFailures'],
      ['returns zeros', () => new Float32Array(32), 'embedderFailures'],
      ['never answers', () => new Promise<never>(() => undefined), 'timeouts'],
    ]; // prettier-ignore
    it.each(broken)('when the embedder %s', async (_, embedBadly, count) => {
      const { models, ask, clock } = create({ embedder: { id: 'bad', dimensions: 32, embed: embedBadly } });
      const asked = ask('topic a', 'fresh');
      await clock.advance(300);
      expect(await asked).toMatchObject({ output: 'fresh' });
      expect(await ask('topic a')).toMatchObject({ output: 'fresh', hit: 'exact' });
      expect(models.getStats().semantic).toMatchObject({ [count]: 1 });
    });

    it('tells an embedder when nobody waits any more', async () => {
      const signals: AbortSignal[] = [];
      const slow = (_: string, signal: AbortSignal) => {
        signals.push(signal);
        return new Promise<never>(() => undefined);
      };
      const { ask, clock } = create({ timeout: 50, embedder: { id: 'slow', dimensions: 32, embed: slow } });
      const asked = ask('topic a');
      await clock.advance(49);
      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
      await clock.advance(1);
      await asked;
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    });

    it('and an embedder that never answers keeps only so many waiting', async () => {
      const stuck = jest.fn(() => new Promise<never>(() => undefined));
      const { models, clock } = create({ embedder: { id: 'stuck', dimensions: 32, embed: stuck } });
      const asked = Array.from({ length: 100 }, (_, i) =>
        models.wrap({ modelId: 'llama', workspaceId: 'w1', input: `topic ${i}` }, () => i),
      );
      await clock.advance(300);
      expect(await Promise.all(asked)).toHaveLength(100);
      expect(stuck).toHaveBeenCalledTimes(64);
      expect(models.getStats().semantic).toMatchObject({ timeouts: 64, skipped: 36 });
    });

    it('when judge or split throw', async () => {
      const oops = () => {
        throw new Error('x');
      };
      const { models, ask } = create({ equivalent: oops });
      await ask('topic a');
      expect(await ask('topic b')).toMatchObject({ output: 'yes' });
      expect(models.getStats().semantic).toMatchObject({ candidates: 1, verified: 0, judgeFailures: 1 });
      const other = create({ split: oops });
      expect(await other.ask('topic a')).toMatchObject({ output: 'yes' });
      expect(other.models.getStats().semantic).toMatchObject({ judgeFailures: 1 });
    });
  });

  it('has bounds: questions, bytes, text', async () => {
    const few = create({ maxQuestions: 3 });
    await few.learn(10);
    expect(few.models.semanticPartitions()).toMatchObject([{ questions: 3 }]);
    const small = create({ maxBytes: 5_000 });
    await small.learn(10);
    await small.learn(10, 'yes', { workspaceId: 'w2' });
    const held = small.models.semanticPartitions();
    expect(held).toMatchObject([{ workspaceId: 'w2', questions: 4 }]);
    const short = create({ maxTextLength: 10 });
    await short.ask('topic aaaaaaaaaaaa');
    expect(short.models.getStats().semantic.asked).toBe(0);
  });

  it('keeps nothing of a workspace that was asked before it was erased, and is noted only now', async () => {
    const { cache, clock } = createCache({}, 7);
    const kept: string[] = [];
    const journal = {
      kept: true,
      append: async (key: string) => void kept.push(key),
      since: async () => [],
    };
    const stores = { ...NO_STORES, journal };
    const embedder = { id: 'test', dimensions: 32, embed };
    const models = new ModelCache({ engine: cache.engine, clock, stores }, { secret: SECRET, semantic: { embedder } });
    const { load, open } = heldLoad('yes');
    const asked = models.wrap({ modelId: 'llama', workspaceId: 'w1', input: 'topic a' }, load);
    await clock.advance(0);
    expect(load).toHaveBeenCalledTimes(1);
    await models.set('llama', 'topic b', 'yes', 'w1'); // noted behind
    await models.eraseWorkspace('w1');
    open();
    await asked;
    await clock.advance(0);
    expect(kept).toEqual([]);
    await models.wrap({ modelId: 'llama', workspaceId: 'w1', input: 'topic c' }, () => 'yes');
    await clock.advance(0);
    expect(kept).toHaveLength(1);
  });

  it('holds nothing of a workspace that was erased', async () => {
    const { models, learn } = create();
    await learn(3);
    await models.eraseWorkspace('w1');
    expect(models.semanticPartitions()).toEqual([]);
  });

  it('says everything that is wrong with its options', () => {
    const bad = { embedder: { id: '', dimensions: 0 }, maxErrorRate: 0, verifyShare: NaN, treshold: 1, gate: [{}] };
    expect(() => create({}, { semantic: bad as never })).toThrow(
      /embedder\.id[^]*embedder\.dimensions[^]*embedder\.embed[^]*maxErrorRate[^]*verifyShare|treshold/,
    );
    expect(() => create({}, { semantic: {} as never })).toThrow(/semantic\.embedder/);
  });
});
