import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { ModelCache } from '../../libs/cache/src/features/model/model-cache.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import type { ModelStreamRequest } from '../../libs/cache/src/features/model/stream/streams.js';
import { MemoryTally } from '../../libs/cache/src/drivers/memory-tally.js';
import { heldStream, rest } from '../support/held-stream.js';
import { createCache } from './cache.js';

const QUESTION = { modelId: 'llama', input: '¿Qué es el NIE?', workspaceId: 'w1' } as const;
const WORDS = ['El ', 'NIE ', 'es ', 'un ', 'número.'];

function create(options: ModelCacheOptions = {}) {
  const { cache, clock } = createCache();
  const models = new ModelCache({ engine: cache.engine, clock }, { secret: 'a secret of the tests', ...options });
  return { models, clock, cache };
}

/** Reads word by word from a stream that is held. */
const reader = <Part>(stream: AsyncIterable<Part>) => {
  const parts = stream[Symbol.asyncIterator]();
  return { next: async () => (await parts.next()).value as Part | undefined, leave: () => parts.return?.() };
};

describe('an answer in parts', () => {
  it('is asked for once and replayed part by part, of every kind that is data', async () => {
    const { models, clock } = create();
    const parts = [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'file', bytes: new Uint8Array([1, 2, 3]) },
      { type: 'metadata', at: new Date(1_000) },
      'text',
      { type: 'finish', usage: { input: 3, output: undefined } },
    ];
    const start = jest.fn(async function* () {
      for (const part of parts) yield part;
    });
    const first = await models.stream<unknown>(QUESTION, start);
    expect(first).toMatchObject({ hit: 'none', ageMs: 0, ttlMs: 0 });
    expect(await rest(first)).toEqual(parts);
    await clock.advance(1_000);
    const second = await models.stream<unknown>(QUESTION, start);
    expect(second).toMatchObject({ hit: 'exact', ageMs: 1_000, ttlMs: 3_599_000, fingerprint: first.fingerprint });
    expect(await rest(second)).toEqual(parts);
    expect(start).toHaveBeenCalledTimes(1);
    expect(models.getStats()).toMatchObject({ hits: 1, misses: 1, stored: 1 });
  });

  it('comes from a stream of the web, and becomes one', async () => {
    const { models } = create();
    const ask = () => models.stream(QUESTION, () => new Blob(WORDS).stream());
    const read = async (stream: Awaited<ReturnType<typeof ask>>) => new Response(stream.toReadableStream()).text();
    expect(await read(await ask())).toBe(WORDS.join(''));
    const replayed = await ask();
    expect(replayed.hit).toBe('exact');
    expect(await read(replayed)).toBe(WORDS.join(''));
  });

  it('is another one than the answer in one piece', async () => {
    const { models } = create();
    await models.wrap(QUESTION, () => 'whole');
    const { hit } = await models.stream(QUESTION, async function* () {
      yield 'parts';
    });
    expect(hit).toBe('none');
    expect((await models.wrap(QUESTION, () => 'again')).output).toBe('whole');
  });

  describe('while it is given', () => {
    it('is read along by all who ask the same, each from the beginning', async () => {
      const { models } = create();
      const model = heldStream<string>();
      model.push('El ');
      const leader = await models.stream(QUESTION, model.start);
      const early = await models.stream(QUESTION, model.start);
      expect([leader.hit, early.hit]).toEqual(['none', 'coalesced']);
      const [one, two] = [reader(leader), reader(early)];
      expect([await one.next(), await two.next()]).toEqual(['El ', 'El ']);
      const waiting = two.next();
      model.push('NIE ');
      expect(await waiting).toBe('NIE ');
      const late = await models.stream(QUESTION, model.start);
      expect(await reader(late).next()).toBe('El ');
      model.end();
      expect(await two.next()).toBeUndefined();
      expect(model.start).toHaveBeenCalledTimes(1);
      await turn();
      expect(models.getStats()).toMatchObject({ coalesced: 2, misses: 1, stored: 1 });
    });

    it('waits for nobody who is slow or does not read at all', async () => {
      const { models } = create();
      const model = heldStream<string>();
      model.push(...WORDS);
      await models.stream(QUESTION, model.start); // is never read
      const slow = reader(await models.stream(QUESTION, model.start));
      await slow.next();
      const quick = await models.stream(QUESTION, model.start);
      model.end();
      expect(await rest(quick)).toEqual(WORDS);
      expect((await models.stream(QUESTION, model.start)).hit).toBe('exact');
      expect(await slow.next()).toBe('NIE ');
    });

    it('goes on when the caller who asked first leaves', async () => {
      const { models } = create();
      const model = heldStream<string>();
      const aborts = new AbortController();
      model.push('El ');
      const leader = reader(await models.stream({ ...QUESTION, signal: aborts.signal }, model.start));
      const follower = await models.stream(QUESTION, model.start);
      const waiting = (await leader.next(), leader.next());
      aborts.abort(new Error('tab closed'));
      await expect(waiting).rejects.toThrow('tab closed');
      model.push(...WORDS.slice(1));
      model.end();
      expect(await rest(follower)).toEqual(WORDS);
      expect(model.signals[0]?.aborted).toBe(false);
      expect((await models.stream(QUESTION, model.start)).hit).toBe('exact');
    });

    it('goes on when the caller who asked first leaves before anything came', async () => {
      const { models } = create();
      const model = heldStream<string>();
      const aborts = new AbortController();
      const leader = models.stream({ ...QUESTION, signal: aborts.signal }, model.start);
      await turn();
      const follower = models.stream(QUESTION, model.start);
      await turn();
      aborts.abort(new Error('tab closed'));
      await expect(leader).rejects.toThrow('tab closed');
      model.push(...WORDS);
      model.end();
      expect(await rest(await follower)).toEqual(WORDS);
      expect(model.start).toHaveBeenCalledTimes(1);
    });

    it.each(['before the first part', 'after it'])('ends when everybody has left %s', async (when) => {
      const { models } = create();
      const model = heldStream<string>();
      const aborts = new AbortController();
      if (when === 'after it') model.push('El ');
      const asked = models.stream({ ...QUESTION, signal: aborts.signal }, model.start);
      if (when === 'after it') await reader(await asked).next();
      else await turn();
      aborts.abort(new Error('tab closed'));
      await expect(asked.then(rest)).rejects.toThrow();
      expect(model.signals[0]?.aborted).toBe(true);
      const next = heldStream<string>();
      next.push('again');
      next.end();
      const again = await models.stream(QUESTION, next.start);
      expect([again.hit, await rest(again)]).toEqual(['none', ['again']]);
    });

    it('ends when the last of those who wait for its first part has left, whoever asked first', async () => {
      const { models } = create();
      const model = heldStream<string>();
      const aborts = [1, 2, 3].map(() => new AbortController());
      const asked = aborts.map(({ signal }) => models.stream({ ...QUESTION, signal }, model.start));
      const left = Promise.allSettled(asked);
      await turn();
      for (const abort of aborts) {
        expect(model.signals[0]?.aborted).toBe(false);
        abort.abort(new Error('tab closed'));
        await turn();
      }
      expect(model.signals[0]?.aborted).toBe(true);
      expect((await left).every(({ status }) => status === 'rejected')).toBe(true);
    });

    it('ends when nobody who joined reads on', async () => {
      const { models } = create();
      const model = heldStream<string>();
      model.push('El ');
      const streams = await Promise.all([1, 2, 3].map(() => models.stream(QUESTION, model.start)));
      for (const stream of streams) {
        expect(model.signals[0]?.aborted).toBe(false);
        await reader(stream).leave();
      }
      expect(model.signals[0]?.aborted).toBe(true);
    });

    it('gives nobody what another can change', async () => {
      const { models } = create();
      const own = { words: ['El'] };
      const model = heldStream<{ words: string[] }>();
      model.push(own);
      const leader = await reader(await models.stream(QUESTION, model.start)).next();
      const [two, three] = await Promise.all([1, 2].map(async () => models.stream(QUESTION, model.start)));
      expect(leader).toBe(own);
      const second = await reader(two!).next();
      own.words.push('mine');
      expect(() => second?.words.push('yours')).toThrow();
      expect(await reader(three!).next()).toEqual({ words: ['El'] });
    });
  });

  it('is kept and read along as the model gave it, whatever who asked first does with its parts (G8)', async () => {
    const { models } = create();
    const model = heldStream<{ words: string[] }>();
    model.push({ words: ['El'] });
    const first = await reader(await models.stream(QUESTION, model.start)).next();
    first?.words.push('mine');
    const along = await models.stream(QUESTION, model.start);
    model.end();
    expect(await rest(along)).toEqual([{ words: ['El'] }]);
    expect(await rest(await models.stream(QUESTION, model.start))).toEqual([{ words: ['El'] }]);
  });

  it('leaves nothing with the signal of a caller once it is over, read or not, given or not', async () => {
    const { models } = create();
    const { signal } = new AbortController();
    const failing = () => {
      throw new Error('overloaded');
    };
    for (const request of [QUESTION, { ...QUESTION, noStore: true }])
      await expect(models.stream({ ...request, signal }, failing)).rejects.toThrow('overloaded');
    await models.stream({ ...QUESTION, signal }, heldAnswer('never read'));
    await turn();
    await rest(await models.stream({ ...QUESTION, signal }, heldAnswer('x')));
    await turn();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  describe('that fails', () => {
    it('before its first part fails everybody who waits, and is asked for once', async () => {
      const { models } = create();
      const model = heldStream<string>();
      const asked = [1, 2, 3].map(() => models.stream(QUESTION, model.start));
      await turn();
      model.fail(new Error('overloaded'));
      const results = await Promise.allSettled(asked);
      expect(results.map((one) => one.status === 'rejected' && (one.reason as Error).message)).toEqual(
        Array(3).fill('overloaded'),
      );
      expect(model.start).toHaveBeenCalledTimes(1);
    });

    it('elects one of those who wait, where that is asked for', async () => {
      const { models } = create();
      const [bad, good] = [heldStream<string>(), heldStream<string>()];
      const inOrder = [bad, good];
      const start = jest.fn((signal: AbortSignal) => inOrder.shift()?.start(signal) ?? good.start(signal));
      const request: ModelStreamRequest<string> = { ...QUESTION, onLeaderFailure: 'elect' };
      const asked = [1, 2, 3].map(() => models.stream(request, start));
      await turn();
      bad.fail(new Error('overloaded'));
      good.push(...WORDS);
      good.end();
      const [leader, ...others] = await Promise.allSettled(asked);
      expect(leader).toMatchObject({ status: 'rejected', reason: { message: 'overloaded' } });
      for (const one of others) expect(one.status === 'fulfilled' && (await rest(one.value))).toEqual(WORDS);
      expect(start).toHaveBeenCalledTimes(2);
    });

    it('later fails where it is read, and is not kept', async () => {
      const { models } = create();
      const model = heldStream<string>();
      model.push('El ');
      const streams = await Promise.all([1, 2].map(() => models.stream(QUESTION, model.start)));
      model.fail(new Error('cut off'));
      for (const stream of streams) await expect(rest(stream)).rejects.toThrow('cut off');
      await turn();
      expect(models.getStats()).toMatchObject({ hits: 0, stored: 0 }); // to read along was no hit
      const again = heldStream<string>();
      again.push('again');
      expect((await models.stream(QUESTION, again.start)).hit).toBe('none');
    });

    it('is answered by one whose time is over, where that is allowed', async () => {
      const { models, clock } = create();
      const request = { ...QUESTION, ttl: '1m', staleIfError: '1h' } as const;
      await rest(await models.stream(request, () => new Blob(WORDS).stream()));
      await clock.advance(120_000);
      const failing = () => {
        throw new Error('429');
      };
      const stream = await models.stream<Uint8Array>(request, failing);
      expect(stream.hit).toBe('stale');
      expect(Buffer.concat(await rest(stream)).toString()).toBe(WORDS.join(''));
      await expect(models.stream(QUESTION, failing).then(rest)).rejects.toThrow('429');
    });
  });

  it('is refreshed behind one whose time is over, whether or not that is read', async () => {
    const { models, clock } = create();
    const request = { ...QUESTION, ttl: '1m', staleWhileRevalidate: '1h' } as const;
    const say = (text: string) =>
      async function* () {
        yield text;
      };
    await rest(await models.stream(request, say('old')));
    await clock.advance(120_000);
    expect((await models.stream(request, say('new'))).hit).toBe('stale');
    await turn();
    const fresh = await models.stream(request, say('newest'));
    expect([fresh.hit, await rest(fresh)]).toEqual(['exact', ['new']]);
  });

  it('ends behind one whose time is over when it is too long to be kept', async () => {
    const { models, clock } = create({ maxOutputLength: 10 });
    const request = { ...QUESTION, ttl: '1m', staleWhileRevalidate: '1h' } as const;
    await rest(await models.stream(request, heldAnswer('old')));
    await clock.advance(120_000);
    const model = heldStream<string>();
    model.push('much ', 'too ', 'long');
    expect((await models.stream(request, model.start)).hit).toBe('stale');
    for (let i = 0; i < 10; i++) await turn();
    expect(model.signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('is not joined after an invalidation, and not kept (G1, G2)', async () => {
    const { models } = create();
    const [old, fresh] = [heldStream<string>(), heldStream<string>()];
    old.push('old');
    const before = await models.stream(QUESTION, old.start);
    await models.invalidateModel('llama', 'w1');
    fresh.push('new');
    fresh.end();
    const after = await models.stream(QUESTION, fresh.start);
    expect([after.hit, await rest(after)]).toEqual(['none', ['new']]);
    old.end();
    expect(await rest(before)).toEqual(['old']);
    await turn();
    expect(await rest(await models.stream(QUESTION, old.start))).toEqual(['new']);
  });

  it.each([
    ['unfinished', { describe: () => ({ finishReason: 'length' }) }],
    ['content-filter', { describe: () => ({ finishReason: 'content_filter' }) }],
    ['low-confidence', { describe: () => ({ confidence: 0.5 }) }],
    ['tool-calls', { describe: () => ({ toolCalls: ['pay'] }) }],
    ['error', { describe: () => ({ error: 'x' }) }],
    ['invalid-json', { describe: () => ({ json: true }) }],
    ['temperature', { params: { temperature: 2 } }],
    ['no-store', { noStore: true }],
  ])('is not kept: %s', async (reason, more) => {
    const { models } = create({ minConfidence: 0.8 });
    const model = jest.fn(async function* () {
      yield '{';
    });
    for (let i = 0; i < 2; i++) {
      const stream = await models.stream<string>({ ...QUESTION, ...more }, model);
      expect([stream.hit, await rest(stream)]).toEqual(['none', ['{']]);
      await turn();
    }
    expect(model).toHaveBeenCalledTimes(2);
    expect(models.getStats().refused).toEqual({ [reason]: 2 });
  });

  it('is not kept when it is empty, of what cannot be stored, or of too many at a time', async () => {
    const { models } = create({ maxRecordings: 1 });
    expect(await rest(await models.stream(QUESTION, async function* () {}))).toEqual([]);
    const odd = { call: () => 1 };
    expect(
      await rest(
        await models.stream<unknown>(QUESTION, async function* () {
          yield odd;
        }),
      ),
    ).toEqual([odd]);
    await turn();
    const model = heldStream<string>();
    model.push('El ');
    await models.stream(QUESTION, model.start);
    const other = await models.stream({ ...QUESTION, input: 'other' }, () => new Blob(WORDS).stream());
    expect(Buffer.concat(await rest(other)).toString()).toBe(WORDS.join(''));
    expect(models.getStats().refused).toEqual({ empty: 1, unkeyable: 1, busy: 1 });
  });

  it('is given from what is kept while too many are recorded', async () => {
    const { models } = create({ maxRecordings: 1 });
    await rest(await models.stream(QUESTION, heldAnswer('kept')));
    await turn();
    const model = heldStream<string>();
    model.push('El ');
    await models.stream({ ...QUESTION, input: 'other' }, model.start);
    expect(await models.stream(QUESTION, model.start)).toMatchObject({ hit: 'exact' });
    const anew = await models.stream({ ...QUESTION, noCache: true }, heldAnswer('anew'));
    expect([anew.hit, await rest(anew)]).toEqual(['none', ['anew']]);
    expect(models.getStats()).toMatchObject({ hits: 1, refused: { busy: 1 } });
  });

  describe('that is too long to be kept', () => {
    const LONG = 'x'.repeat(60);

    it.each<[string, ModelStreamRequest, (i: number) => unknown]>([
      ['of parts that are no JSON', QUESTION, (i) => ({ tokens: BigInt(i) })],
      ['of parts that JSON leaves out', QUESTION, (i) => new Map([[i, LONG]])],
      ['of parts that are no data', QUESTION, () => ({ call: () => LONG })],
      ['of empty parts', QUESTION, () => ''],
      ['of empty parts, beside the cache', { ...QUESTION, noStore: true }, () => ''],
    ])('is held within the bound although nobody reads it: %s', async (_, request, part) => {
      const { models } = create({ maxOutputLength: 100 });
      let given = 0;
      const stream = await models.stream<unknown>(request, async function* () {
        for (; given < 1_000; given++) yield part(given);
      });
      for (let i = 0; i < 10; i++) await turn();
      expect(given).toBeLessThan(105);
      await stream.cancel();
    });

    it('is read to its end, with no more in memory than allowed, by whoever keeps up', async () => {
      const { models } = create({ maxOutputLength: 100 });
      let given = 0;
      const start = jest.fn(async function* () {
        for (; given < 50; given++) yield `${given}${LONG}`;
      });
      const parts = reader(await models.stream(QUESTION, start));
      for (let i = 0; i < 50; i++) {
        expect(await parts.next()).toBe(`${i}${LONG}`);
        await turn();
        expect(given - i).toBeLessThan(4); // the model is asked for what is read, not for all
      }
      expect(await parts.next()).toBeUndefined();
      expect(models.getStats()).toMatchObject({ stored: 0, refused: { 'output-too-large': 1 } });
      expect((await models.stream(QUESTION, heldAnswer('again'))).hit).toBe('none');
    });

    it('tells whoever falls behind, and harms nobody else', async () => {
      const { models } = create({ maxOutputLength: 100 });
      const model = heldStream<string>();
      model.push(LONG);
      const [quick, slow] = await Promise.all([1, 2].map(() => models.stream(QUESTION, model.start)));
      const reading = reader(quick!);
      await reading.next();
      model.push(...Array(10).fill(LONG));
      model.end();
      for (let i = 0; i < 10; i++) expect(await reading.next()).toBe(LONG);
      expect(await reading.next()).toBeUndefined();
      await expect(rest(slow!)).rejects.toMatchObject({ code: 'CACHE_MODEL_STREAM' });
    });

    it('starts anew for whoever comes when its beginning is gone', async () => {
      const { models } = create({ maxOutputLength: 100 });
      const model = heldStream<string>();
      model.push(LONG, LONG);
      const first = reader(await models.stream(QUESTION, model.start));
      await first.next();
      await first.next();
      const second = await models.stream(QUESTION, heldAnswer('short'));
      expect([second.hit, await rest(second)]).toEqual(['none', ['short']]);
    });
  });

  const heldAnswer = (text: string) =>
    async function* () {
      yield text;
    };

  describe('is given', () => {
    async function replayed(pace: ModelStreamRequest['pace'], signal?: AbortSignal) {
      const { models, clock } = create();
      const ask = (more: Partial<ModelStreamRequest> = {}) =>
        models.stream<string>({ ...QUESTION, ...more }, async function* () {
          for (const word of WORDS) {
            await clock.sleep(100);
            yield word;
          }
        });
      const recording = ask();
      for (let i = 0; i < WORDS.length; i++) await clock.advance(100);
      await rest(await recording);
      const came: number[] = [];
      const stream = await ask({ pace, signal });
      const start = clock.now();
      const reading = (async () => {
        const parts = reader(stream);
        while ((await parts.next()) !== undefined) came.push(clock.now() - start);
      })();
      return { clock, came, reading };
    }

    it('at once', async () => {
      const { came, reading } = await replayed('none');
      await reading;
      expect(came).toEqual([0, 0, 0, 0, 0]);
    });

    it('as it came', async () => {
      const { clock, came, reading } = await replayed('recorded');
      for (let i = 0; i < 50; i++) await clock.advance(10);
      await reading;
      expect(came).toEqual([100, 200, 300, 400, 500]);
    });

    it('at a rate', async () => {
      const { clock, came, reading } = await replayed({ partsPerSecond: 50 });
      for (let i = 0; i < 8; i++) await clock.advance(10);
      await reading;
      expect(came).toEqual([0, 20, 40, 60, 80]);
    });

    it('until its caller leaves', async () => {
      const aborts = new AbortController();
      const { clock, came, reading } = await replayed('recorded', aborts.signal);
      await clock.advance(150);
      aborts.abort(new Error('tab closed'));
      await expect(reading).rejects.toThrow('tab closed');
      expect(came).toHaveLength(1);
    });

    it.each([['fast'], [{ partsPerSecond: 0 }], [{ partsPerSecond: NaN }], [{}], [null]])(
      'at no pace like %p',
      async (pace) => {
        const { models } = create();
        const asked = models.stream({ ...QUESTION, pace: pace as never }, heldAnswer('x'));
        await expect(asked).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
      },
    );
  });

  it('is read once by each caller, and left without being read', async () => {
    const { models } = create();
    const stream = await models.stream(QUESTION, heldAnswer('x'));
    await rest(stream);
    expect(() => stream[Symbol.asyncIterator]()).toThrow('can be read once');
    const model = heldStream<string>();
    model.push('El ');
    const unread = await models.stream({ ...QUESTION, input: 'other' }, model.start);
    await unread.cancel();
    expect(model.signals[0]?.aborted).toBe(true);
  });

  it('says what is wrong with what asks the model', async () => {
    const { models } = create();
    await expect(models.stream(QUESTION, () => 'text' as never)).rejects.toThrow(
      'an async iterable or a ReadableStream',
    );
    await expect(models.stream({ ...QUESTION, workspaceId: '' }, heldAnswer('x'))).rejects.toMatchObject({
      code: 'CACHE_INVALID_KEY',
    });
  });

  it('counts for what was spent once, and for what was saved by each who did not ask', async () => {
    const { cache, clock } = createCache();
    const models = new ModelCache(
      { engine: cache.engine, clock, tally: new MemoryTally(clock) },
      { secret: 'a secret of the tests' },
    );
    const request = { ...QUESTION, describe: (parts: readonly string[]) => ({ usage: { output: parts.length } }) };
    const model = heldStream<string>();
    model.push(...WORDS);
    const along = await Promise.all([1, 2].map(() => models.stream(request, model.start)));
    model.end();
    for (const stream of along) await rest(stream);
    await rest(await models.stream(request, model.start));
    const { totals } = await models.getSavings();
    expect(totals).toMatchObject({ calls: 1, hits: 2, coalesced: 1, tokensAvoided: { output: 10 } });
  });

  it('counts what goes past the cache as calls, by what it cost as far as its parts could be kept', async () => {
    const { cache, clock } = createCache();
    const prices = { currency: 'EUR', models: { llama: { input: 1_000_000, output: 1_000_000 } } };
    const settings = { secret: 'a secret of the tests', prices, maxInputLength: 20, maxOutputLength: 20 };
    const models = new ModelCache({ engine: cache.engine, clock, tally: new MemoryTally(clock) }, settings);
    const describe = (parts: readonly string[]) => ({ usage: { output: parts.length } });
    const ask = async (more: Partial<ModelStreamRequest<string>> = {}, words = WORDS.slice(0, 3)) => {
      const start = async function* () {
        yield* words;
      };
      await rest(await models.stream({ ...QUESTION, describe, ...more }, start));
      await turn();
    };
    const counted = async () => (await models.getSavings()).totals;
    await ask({ noStore: true });
    await ask({ input: 'x'.repeat(21) });
    models.configure({ enabled: false });
    await ask();
    expect(await counted()).toMatchObject({ calls: 3, unpriced: 0, spent: [{ micros: 9 }] });
    await ask({ describe: undefined });
    await ask({}, Array(10).fill('much too long'));
    models.configure({ enabled: true });
    await ask({}, Array(10).fill('much too long'));
    models.configure({ maxRecordings: 0 });
    await ask();
    expect(await counted()).toMatchObject({ calls: 7, hits: 0, unpriced: 4, spent: [{ micros: 9 }] });
    await expect(
      models.stream(QUESTION, () => {
        throw new Error('overloaded');
      }),
    ).rejects.toThrow('overloaded');
    const model = heldStream<string>();
    model.push('El ');
    await (await models.stream({ ...QUESTION, noStore: true }, model.start)).cancel();
    await turn();
    expect(await counted()).toMatchObject({ calls: 7 });
  });

  it('is encrypted at rest like any other', async () => {
    const { models, cache } = create({ encryption: { keys: { one: Buffer.alloc(32, 1) }, current: 'one' } });
    const { fingerprint, ...stream } = await models.stream(QUESTION, heldAnswer('secret words'));
    expect(stream.hit).toBe('none');
    await turn();
    expect(JSON.stringify(await cache.manager.get(fingerprint))).not.toContain('secret words');
    expect(await rest(await models.stream(QUESTION, heldAnswer('x')))).toEqual(['secret words']);
  });
});
