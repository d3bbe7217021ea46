import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { createCache, heldLoad } from './cache.js';
import { create, QUESTION, SECRET } from './models.js';

/** Inferences through the model cache: by `wrap`, which runs them, and by `begin`, which lets others run them. */
describe('an inference', () => {
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
      await expect(models.wrap({ ...QUESTION, noCache: true, onlyIfCached: true }, () => 'x')).rejects.toMatchObject({
        code: 'CACHE_MODEL_NOT_CACHED',
      });
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

    it.each(['of nothing', 'of an older one, which answers others meanwhile'])(
      'runs one inference for all who want nothing older than something, in place %s',
      async (place) => {
        const { models, clock } = create();
        const older = place !== 'of nothing';
        if (older) await models.wrap(QUESTION, () => 'old');
        await clock.advance(61_000);
        const { load, open } = heldLoad('fresh');
        const asked = Array.from({ length: 10 }, () => models.wrap({ ...QUESTION, maxAge: 60 }, load));
        while (load.mock.calls.length === 0) await new Promise(setImmediate);
        if (older) expect(await models.wrap(QUESTION, load)).toMatchObject({ output: 'old', hit: 'exact' });
        await clock.advance(1);
        open();
        const hits = (await Promise.all(asked)).map(({ output, hit }) => `${output} ${hit}`);
        expect(hits).toEqual(['fresh none', ...Array<string>(9).fill('fresh coalesced')]);
        expect(load).toHaveBeenCalledTimes(1);
      },
    );

    it('asks once more only, when an answer that is too old might answer for a failure', async () => {
      const { models, clock } = create();
      await models.wrap({ ...QUESTION, ttl: 10, staleIfError: '1h' }, () => 'old');
      await clock.advance(61_000);
      const failing = jest.fn(() => Promise.reject(new Error('503')));
      const asked = models.wrap({ ...QUESTION, maxAge: 60, staleIfError: '1h' }, failing);
      await expect(asked).rejects.toThrow('503');
      expect(failing).toHaveBeenCalledTimes(1);
    });

    it.each([null, 5, 'text', [], { proof: 7 }])('is not disturbed by %p under its key', async (foreign) => {
      const { models, manager } = create();
      const { fingerprint } = await models.wrap(QUESTION, () => 'first');
      await manager.set(fingerprint, foreign);
      expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
      expect(await models.wrap(QUESTION, () => 'second')).toMatchObject({ output: 'second', hit: 'none' });
      expect(await models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'second', hit: 'exact' });
    });

    it.each(['metadata', 'storedAt', 'ttlMs'])(
      'is not disturbed by an entry without %s that has its proof',
      async (lost) => {
        const { models, manager } = create();
        const { fingerprint } = await models.wrap(QUESTION, () => 'first');
        const { [lost]: _, ...rest } = (await manager.get<Record<string, unknown>>(fingerprint))!;
        await manager.set(fingerprint, rest);
        expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
        expect(await models.wrap(QUESTION, () => 'second')).toMatchObject({ output: 'second', hit: 'none' });
        expect(models.getStats()).toMatchObject({ unreadable: 2 });
      },
    );

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
      await away.models.wrap({ ...QUESTION, noCache: true }, () => 'x');
      expect(off.models.getStats()).toMatchObject({ stored: 0, refused: { bypassed: 1 } });
      expect(away.models.getStats()).toMatchObject({ stored: 0, refused: { unavailable: 2 } });
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
      for (const noCache of [false, true])
        expect(await models.wrap({ ...QUESTION, noCache }, () => large)).toMatchObject({ output: large, ttlMs: 0 });
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { 'output-too-large': 3 } });
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
});
