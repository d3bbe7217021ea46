import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { entryId } from '../../libs/cache/src/core/key.js';
import { RedisHandle } from '../../libs/cache/src/instance/redis-handle.js';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';
import { heldStream, rest } from '../support/held-stream.js';

const QUESTION = { modelId: 'llama', input: 'Hello?', workspaceId: 'w1' } as const;

/** Two processes' worth of caches on one Redis. */
async function open(options: CacheOptions) {
  const redis = redisOptions();
  const model = { secret: 'a secret of the tests' };
  const [here, there] = [
    new CacheInstance({ redis, model, ...options }),
    new CacheInstance({ redis, model, ...options }),
  ];
  await Promise.all([here.connect(), there.connect()]);
  await eventually(() => [here, there].every(({ near }) => near?.coherence !== 'deaf'), { what: 'both listen' });
  const close = async (): Promise<void> => {
    await here.manager.clear();
    await Promise.all([here.close(), there.close()]);
  };
  const keyOf = (key: string): string => `${redis.keyPrefix ?? ''}${entryId(key)}`;
  return { here, there, close, keyOf };
}

describe.each([
  ['while Redis tells no changes', { l1: false }],
  ['while Redis tells changes', {}],
] as const)('an answer in parts, %s', (_, options) => {
  let setup: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => (setup = await open(options)));
  afterEach(() => setup.close());

  it('is read along, and not after an invalidation elsewhere (G2)', async () => {
    const { here, there } = setup;
    const [old, fresh] = [heldStream<string>(), heldStream<string>()];
    old.push('old');
    const first = await here.models.stream(QUESTION, old.start);
    const along = await here.models.stream(QUESTION, old.start);
    expect([first.hit, along.hit]).toEqual(['none', 'coalesced']);

    await there.models.invalidateWorkspace('w1');
    await here.near?.catchUp(); // news of it takes one message
    fresh.push('new');
    fresh.end();
    // The old answer is not whole yet, and nobody waits for it.
    const after = await here.models.stream(QUESTION, fresh.start);
    expect([after.hit, await rest(after)]).toEqual(['none', ['new']]);

    old.push(' news');
    old.end();
    expect([await rest(first), await rest(along)]).toEqual([
      ['old', ' news'],
      ['old', ' news'],
    ]);
    const kept = await there.models.stream(QUESTION, old.start);
    expect([await rest(kept), old.start.mock.calls.length]).toEqual([['new'], 1]);
  });

  it('is read along by nobody after its key was deleted by hand (G2)', async () => {
    const { here, there, keyOf } = setup;
    const [old, fresh] = [heldStream<string>(), heldStream<string>()];
    old.push('old');
    const { fingerprint } = await here.models.stream(QUESTION, old.start);
    const client = new RedisHandle(here.connection).getClient();
    expect(await client.del(keyOf(fingerprint))).toBe(1);
    await here.near?.catchUp();
    fresh.push('new');
    const first = await there.models.stream(QUESTION, fresh.start);
    const second = here.models.stream(QUESTION, fresh.start);
    await eventually(() => here.engine.counts.waits === 1, { what: 'it waits for the other process' });
    old.end();
    fresh.end();
    expect(await rest(first)).toEqual(['new']);
    expect(await rest(await second)).toEqual(['new']);
  });

  it('is asked for once in all processes, and replayed in the other (G6)', async () => {
    const { here, there } = setup;
    const model = heldStream<{ n: number }>();
    model.push({ n: 1 });
    const first = await here.models.stream(QUESTION, model.start);
    const other = there.models.stream(QUESTION, model.start);
    await eventually(() => there.engine.counts.waits === 1, { what: 'the other process waits' });
    model.push({ n: 2 });
    model.end();
    expect(await rest(first)).toEqual([{ n: 1 }, { n: 2 }]);
    const replayed = await other;
    expect([replayed.hit, await rest(replayed)]).toEqual(['coalesced', [{ n: 1 }, { n: 2 }]]);
    expect(model.start).toHaveBeenCalledTimes(1);
  });

  it('is not asked for any more by who left while another process was asked', async () => {
    const { here, there } = setup;
    const [first, second] = [heldStream<string>(), heldStream<string>()];
    const leaving = new AbortController();
    const other = there.models.stream(QUESTION, first.start);
    await eventually(() => first.start.mock.calls.length === 1, { what: 'the other process asks' });
    const mine = here.models.stream({ ...QUESTION, signal: leaving.signal }, second.start);
    await eventually(() => here.engine.counts.waits === 1, { what: 'it waits for the other process' });
    leaving.abort(new Error('tab closed'));
    await expect(mine).rejects.toThrow('tab closed');
    first.fail(new Error('overloaded'));
    await expect(other).rejects.toThrow('overloaded');
    await eventually(() => second.signals[0]?.aborted === true, { what: 'the model is told to stop' });
  });

  it('is waited for by nobody once an invalidation has made it void (G2)', async () => {
    const { here } = setup;
    let answer: (text: string) => void = () => undefined;
    const old = new Promise<string>((resolve) => (answer = resolve));
    const asked = here.models.wrap(QUESTION, () => old);
    await eventually(() => here.engine.counts.loads === 1, { what: 'the model is asked' });
    await here.models.invalidateModel('llama');
    expect(await here.models.wrap(QUESTION, () => 'new')).toMatchObject({ output: 'new', hit: 'none' });
    answer('old');
    expect((await asked).output).toBe('old');
    expect(await here.models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'new', hit: 'exact' });
  });
});

it('an answer in parts that Redis cannot be asked for is given all the same (G10)', async () => {
  const cache = new CacheInstance({ redis: { host: '127.0.0.1', port: 1 } });
  await cache.connect().catch(() => undefined);
  const model = heldStream<string>();
  model.push('El ');
  const streams = await Promise.all([1, 2].map(() => cache.models.stream(QUESTION, model.start)));
  model.end();
  expect(await Promise.all(streams.map(rest))).toEqual([['El '], ['El ']]);
  expect(model.start).toHaveBeenCalledTimes(1);
  await cache.close();
});
