import { type InvalidOptionsError, OptionCheck } from '@mobius1/kernel';
import { addAmounts, amountsOfHit, countsOf } from './amounts.js';
import { checkPrices, costOf, type ModelPrices } from './prices.js';
import { tokensOf, totalTokens } from './tokens.js';

const tableOf = (prices: unknown) => {
  const check = new OptionCheck('model');
  const table = checkPrices(check, prices as ModelPrices);
  check.throwIfAny();
  return table;
};

const TABLE = tableOf({
  currency: 'EUR',
  models: {
    big: { input: 2_500_000, cachedInput: 1_250_000, output: 10_000_000 },
    embedding: { input: 20_000, output: 0 },
    free: { input: 0, output: 0 },
    dear: { input: 1_000_000_000_000, output: 1_000_000_000_000 },
  },
});

describe('tokens', () => {
  it.each([
    [{}, [0, 0, 0, 0]],
    [{ tokens: 150 }, [0, 0, 0, 150]],
    [{ usage: { input: 100, cachedInput: 20, output: 30 } }, [100, 20, 30, 0]],
    [{ tokens: 150, usage: { input: 100, output: 30 } }, [100, 0, 30, 20]],
    [{ tokens: 100, usage: { input: 100, output: 30 } }, [100, 0, 30, 0]],
  ])('of %j are %j', (told, [input, cachedInput, output, unspecified]) => {
    expect(tokensOf(told)).toEqual({ input, cachedInput, output, unspecified });
    expect(totalTokens(told)).toBe((input ?? 0) + (cachedInput ?? 0) + (output ?? 0) + (unspecified ?? 0));
  });
});

describe('costs', () => {
  const cost = (model: string, usage: { input?: number; cachedInput?: number; output?: number }, tokens?: number) =>
    costOf(TABLE, model, tokensOf({ usage, tokens }));

  it('are tokens times price', () => {
    // 1,000 × 2.50 + 400 × 1.25 + 200 × 10.00 for a million, in millionths
    expect(cost('big', { input: 1_000, cachedInput: 400, output: 200 })).toEqual({
      ...{ currency: 'EUR', micros: 2_500 + 500 + 2_000, rest: 0, partial: false },
    });
    expect(cost('embedding', { cachedInput: 50 })).toMatchObject({ micros: 1, rest: 0 }); // as input
    expect(cost('free', { input: 5 })).toEqual({ currency: 'EUR', micros: 0, rest: 0, partial: false });
  });

  it('are not known for a model without a price, or without tokens of a kind', () => {
    expect(cost('unheard of', { input: 1 })).toBeUndefined();
    expect(cost('__proto__', { input: 1 })).toBeUndefined();
    expect(cost('big', {}, 150)).toBeUndefined();
    expect(cost('big', { input: 100 }, 150)).toMatchObject({ micros: 250, partial: true });
    expect(costOf(undefined, 'big', tokensOf({ usage: { input: 1 } }))).toBeUndefined();
  });

  it('lose nothing in sums, however small each is', () => {
    const sums = new Map<string, number>();
    const answer = { usage: { input: 8 } }; // 0.16 of a millionth
    for (let i = 0; i < 10_000; i++)
      addAmounts(sums, amountsOfHit('exact', answer, costOf(TABLE, 'embedding', tokensOf(answer))));
    expect(countsOf(sums)).toMatchObject({
      hits: 10_000,
      saved: [{ currency: 'EUR', micros: 1_600 }],
      unpriced: 0,
    });
  });

  it('stop at the highest whole number', () => {
    const most = { input: Number.MAX_SAFE_INTEGER, output: Number.MAX_SAFE_INTEGER };
    expect(cost('dear', most)).toMatchObject({ micros: Number.MAX_SAFE_INTEGER });
  });
});

describe('a price table', () => {
  it('is refused with all that is wrong with it', () => {
    const wrong = {
      currency: 'E|R',
      models: {
        a: { input: 2.5, output: 1 },
        b: { output: -1, cached: 3 },
        c: 'free',
        d: { input: NaN, output: 2e12 },
      },
      unit: 'million',
    };
    let error: InvalidOptionsError | undefined;
    try {
      tableOf(wrong);
    } catch (thrown) {
      error = thrown as InvalidOptionsError;
    }
    expect(error?.problems.map(({ path }) => path).sort()).toEqual([
      ...['prices.currency', 'prices.models.a.input', 'prices.models.b.cached', 'prices.models.b.input'],
      ...[
        'prices.models.b.output',
        'prices.models.c',
        'prices.models.d.input',
        'prices.models.d.output',
        'prices.unit',
      ],
    ]);
  });

  it.each([[null], ['free'], [[]], [{}], [{ currency: 'EUR' }], [{ currency: 'EUR', models: [] }]])(
    'is not %j',
    (prices) => {
      expect(() => tableOf(prices)).toThrow('prices');
    },
  );

  it('is a copy: who changes his own later changes nothing here', () => {
    const models = { m: { input: 1_000_000, output: 1_000_000 } };
    const table = tableOf({ currency: 'EUR', models });
    models.m.input = 9;
    expect(costOf(table, 'm', tokensOf({ usage: { input: 1 } }))).toMatchObject({ micros: 1 });
  });
});
