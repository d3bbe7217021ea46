import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import { createCache, heldLoad } from './cache.js';

const SECRET = 'a secret of the tests, long enough';
const EUR = { currency: 'EUR', models: { llama: { input: 1_000_000, cachedInput: 500_000, output: 2_000_000 } } };
const QUESTION = { modelId: 'llama', input: '¿Qué es el NIE?', workspaceId: 'w1' } as const;
const USED = { usage: { input: 100, cachedInput: 50, output: 10 }, latencyMs: 1_500 };
/** 100 × 1.00 + 50 × 0.50 + 10 × 2.00 for a million. */
const PRICE = 145;
const AVOIDED = { input: 100, cachedInput: 50, output: 10, unspecified: 0 };

function create(model: ModelCacheOptions = {}) {
  const { cache, clock } = createCache({ model: { secret: SECRET, prices: EUR, ...model } });
  const ask = (changes: object = {}) =>
    cache.models.wrap({ ...QUESTION, describe: () => USED, ...changes }, () => 'an answer');
  return { cache, models: cache.models, clock, ask };
}

describe('savings', () => {
  it('are counted by workspace, model and day: what was called, hit, avoided, saved and spent', async () => {
    const { models, clock, ask } = create();
    await ask();
    await ask();
    await ask();
    await ask({ workspaceId: 'w2' });
    await ask({ modelId: 'unheard of' });
    await ask({ modelId: 'unheard of' });
    await clock.advance(24 * 3_600_000);
    await ask();
    const { rows, totals, complete } = await models.getSavings();
    const none = { coalesced: 0, stale: 0 };
    const nothing = { tokensAvoided: { input: 0, cachedInput: 0, output: 0, unspecified: 0 }, latencySavedMs: 0 };
    const money = (micros: number) => [{ currency: 'EUR', micros }];
    expect(rows).toEqual([
      {
        ...{ day: '2025-01-01', workspaceId: 'w1', modelId: 'llama', calls: 1, hits: 2, ...none },
        ...{ tokensAvoided: { input: 200, cachedInput: 100, output: 20, unspecified: 0 }, latencySavedMs: 3_000 },
        ...{ saved: money(2 * PRICE), spent: money(PRICE), unpriced: 0 },
      },
      {
        ...{ day: '2025-01-01', workspaceId: 'w1', modelId: 'unheard of', calls: 1, hits: 1, ...none },
        ...{ tokensAvoided: AVOIDED, latencySavedMs: 1_500, saved: [], spent: [], unpriced: 2 },
      },
      {
        ...{ day: '2025-01-01', workspaceId: 'w2', modelId: 'llama', calls: 1, hits: 0, ...none, ...nothing },
        ...{ saved: [], spent: money(PRICE), unpriced: 0 },
      },
      {
        ...{ day: '2025-01-02', workspaceId: 'w1', modelId: 'llama', calls: 1, hits: 0, ...none, ...nothing },
        ...{ saved: [], spent: money(PRICE), unpriced: 0 },
      },
    ]);
    expect([complete, totals.calls, totals.hits, totals.unpriced]).toEqual([true, 4, 3, 2]);
    expect([totals.saved, totals.spent]).toEqual([money(2 * PRICE), money(3 * PRICE)]);
    expect((await models.getSavings({ workspaceId: 'w2', groupBy: ['model'] })).rows).toMatchObject([
      { modelId: 'llama', calls: 1 },
    ]);
  });

  it('take the price of when the answer was given, also when prices have changed since', async () => {
    const { models, ask } = create();
    await ask();
    models.configure({ prices: { currency: 'USD', models: { llama: { input: 9_000_000, output: 9_000_000 } } } });
    await ask();
    await ask({ input: 'another question' });
    models.configure({ prices: { currency: 'USD', models: {} } });
    await ask({ input: 'another question' });
    const { saved, spent, unpriced } = (await models.getSavings()).totals;
    const both = [
      { currency: 'EUR', micros: PRICE },
      { currency: 'USD', micros: 160 * 9 },
    ];
    expect([saved, spent, unpriced]).toEqual([both, both, 0]);
  });

  it('know no price for what was stored before there were prices', async () => {
    const { models, ask } = create({ prices: undefined });
    await ask();
    models.configure({ prices: EUR });
    await ask();
    expect((await models.getSavings()).totals).toMatchObject({
      saved: [],
      spent: [],
      unpriced: 2,
      tokensAvoided: AVOIDED,
    });
  });

  it('keep the price with an answer that is encrypted', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const { models, ask } = create({ encryption: { keys: { a: key }, current: 'a' } });
    await ask();
    expect(await ask()).toMatchObject({ hit: 'exact', metadata: USED });
    expect((await models.getSavings()).totals).toMatchObject({ saved: [{ currency: 'EUR', micros: PRICE }] });
  });

  it('count who waited for somebody else: its tokens, not the time', async () => {
    const { models, clock } = create();
    const { load, open } = heldLoad('an answer');
    const wraps = [1, 2, 3].map(() => models.wrap({ ...QUESTION, describe: () => USED }, load));
    await clock.advance(10);
    open();
    await Promise.all(wraps);
    expect((await models.getSavings()).totals).toMatchObject({
      ...{ calls: 1, hits: 2, coalesced: 2, latencySavedMs: 0, tokensAvoided: { input: 200 } },
      saved: [{ currency: 'EUR', micros: 2 * PRICE }],
    });
    expect(models.getStats()).toMatchObject({ hits: 2, coalesced: 2, latencyAvoidedMs: 0 });
  });

  it('count stale answers, and the inference behind them', async () => {
    const { models, clock, ask } = create();
    await ask({ ttl: 60, staleWhileRevalidate: 600 });
    await clock.advance(61_000);
    expect(await ask({ ttl: 60, staleWhileRevalidate: 600 })).toMatchObject({ hit: 'stale' });
    await clock.advance(0);
    expect((await models.getSavings()).totals).toMatchObject({ calls: 2, hits: 1, stale: 1 });
  });

  it('count every inference that gave an answer, stored or not, and none that failed or was known before', async () => {
    const { models, ask } = create();
    await ask({ noStore: true });
    await ask({ input: 'x'.repeat(10_001) });
    await ask({ describe: () => ({ ...USED, finishReason: 'length' }) });
    await models.set('llama', 'by hand', 'an answer', 'w1', USED);
    await models.set('llama', 'by hand, cut off', 'an', 'w1', { ...USED, finishReason: 'length' });
    const begun = await models.begin({ ...QUESTION, input: 'begun' });
    if (begun.cached === null) await begun.store('an answer', USED);
    models.configure({ enabled: false });
    await ask({ input: 'turned off' });
    models.configure({ enabled: true });
    await expect(
      models.wrap({ ...QUESTION, input: 'fails' }, () => Promise.reject(new Error('the model is down'))),
    ).rejects.toThrow('down');
    expect((await models.getSavings()).totals).toMatchObject({ calls: 7, hits: 0, unpriced: 0 });
    await models.warmUp([{ ...QUESTION, input: 'known', output: 'an answer', metadata: USED }]);
    expect((await models.getSavings()).totals).toMatchObject({ calls: 7, hits: 0 });
    await models.get('llama', 'known', 'w1');
    await models.get('llama', 'by hand', 'w1');
    await models.get('llama', 'unknown', 'w1');
    expect((await models.getSavings()).totals).toMatchObject({
      ...{ calls: 7, hits: 2, unpriced: 0 },
      ...{ saved: [{ currency: 'EUR', micros: 2 * PRICE }], spent: [{ currency: 'EUR', micros: 7 * PRICE }] },
    });
  });

  it('count tokens of which it was not told what they are as such, and no money for them', async () => {
    const { models, ask } = create();
    await ask({ describe: () => ({ tokens: 150 }) });
    await ask();
    await ask({ input: 'more', describe: () => ({ tokens: 200, usage: { input: 100, output: 10 } }) });
    await ask({ input: 'more' });
    expect((await models.getSavings()).totals).toMatchObject({
      tokensAvoided: { input: 100, cachedInput: 0, output: 10, unspecified: 240 },
      ...{ saved: [{ currency: 'EUR', micros: 120 }], unpriced: 4 },
    });
    expect(models.getStats().tokensAvoided).toBe(350);
  });

  it('are erased with the workspace', async () => {
    const { models, ask } = create();
    await ask();
    await ask({ workspaceId: 'w2' });
    await models.getSavings(); // written
    await ask();
    await models.eraseWorkspace('w1');
    expect((await models.getSavings()).rows).toMatchObject([{ workspaceId: 'w2', calls: 1 }]);
  });

  it('can be done without', async () => {
    const { models, cache, ask } = create({ savings: false });
    await ask();
    await ask();
    expect(await models.getSavings()).toMatchObject({ rows: [], complete: false, missing: 'off' });
    const value = (name: string) => cache.metrics().find((metric) => metric.name === name)?.samples[0]?.value;
    expect(value('mobius_cache_model_hits_total')).toBe(1); // names nobody
  });

  it('refuse usage and options that are none, all problems at once', async () => {
    const { models, ask } = create();
    const usage = { input: -1, output: 1.5, cachedInput: NaN, reasoning: 5 };
    await expect(models.set('llama', 'x', 'y', 'w1', { usage })).rejects.toMatchObject({
      problems: ['usage.reasoning', 'usage.input', 'usage.output', 'usage.cachedInput', 'usage.reasoning']
        .slice(0, 4)
        .map((path) => expect.objectContaining({ path })),
    });
    const savings = { retention: 'for ever', flushInterval: 1, keep: true };
    expect(() => models.configure({ savings, prices: { currency: '' } } as object)).toThrow(
      /prices\.currency[^]*prices\.models[^]*savings\.keep[^]*savings\.retention[^]*savings\.flushInterval/,
    );
    await ask();
    expect((await models.getSavings()).totals.spent).toEqual([{ currency: 'EUR', micros: PRICE }]); // as before
  });

  it('are metrics of the process, without workspaces and models (G9)', async () => {
    const { cache, ask } = create();
    await ask();
    await ask();
    const metrics = cache.metrics().filter(({ name }) => name.startsWith('mobius_cache_model_'));
    const of = (name: string) => metrics.find((one) => one.name === `mobius_cache_model_${name}`)?.samples;
    expect(of('calls_total')).toEqual([{ labels: {}, value: 1 }]);
    expect(of('tokens_avoided_total')).toContainEqual({ labels: { kind: 'cachedInput' }, value: 50 });
    expect(of('latency_saved_seconds_total')).toEqual([{ labels: {}, value: 1.5 }]);
    expect(of('money_saved_total')).toEqual([{ labels: { currency: 'EUR' }, value: PRICE / 1_000_000 }]);
    expect(of('savings_pending')).toEqual([{ labels: {}, value: 1 }]);
    expect(JSON.stringify(metrics)).not.toMatch(/w1|llama/);
  });

  it('are written when the cache is closed', async () => {
    const { cache, models, ask } = create();
    await ask();
    await cache.close();
    expect(models.savings.facts).toMatchObject({ calls: 1, pending: 0 });
  });
});
