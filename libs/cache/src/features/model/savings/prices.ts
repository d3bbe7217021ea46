import type { OptionCheck } from '@mobius1/kernel';
import type { TokensByKind } from './tokens.js';

/** What a model costs, in millionths of the currency for a million tokens: 2.50 for a million is 2_500_000. Whole numbers. */
export interface ModelPrice {
  /** Tokens of the input that the provider had not cached. */
  readonly input: number;
  /** Tokens of the input from the provider's own cache. @default as `input` */
  readonly cachedInput?: number;
  /** Tokens of the answer, reasoning included. */
  readonly output: number;
}

/** What models cost. */
export interface ModelPrices {
  /** A label, such as `EUR`: 1 to 16 letters, digits, `-`, `_`. */
  readonly currency: string;
  /** By model id. A model that is not among them is counted as `unpriced`. */
  readonly models: Readonly<Record<string, ModelPrice>>;
}

/** A price table that was checked, and that nobody can change any more. */
export interface PriceTable {
  readonly currency: string;
  readonly byModel: ReadonlyMap<string, Required<ModelPrice>>;
}

/**
 * What an answer cost when it was given. A millionth of the currency is not fine enough for one answer: 8 tokens at 0.02 for a
 * million are 0.16 of it. So the part below stays beside it, in millionths of a millionth, and no sum is ever rounded.
 */
export interface Cost {
  readonly currency: string;
  /** Millionths of the currency. */
  readonly micros: number;
  /** What is left, in millionths of a millionth: below 1,000,000. */
  readonly rest: number;
  /** Some of its tokens have no price: it was more. */
  readonly partial: boolean;
}

const MILLION = 1_000_000;
// A million of the currency for a million tokens: nothing costs that, and products stay far inside of what BigInt does at once.
const HIGHEST_PRICE = MILLION * MILLION;
const MOST_MODELS = 10_000;
const CURRENCY = /^[\w-]{1,16}$/;

export const isCurrency = (value: unknown): value is string => typeof value === 'string' && CURRENCY.test(value);

/** A copy of the table; `undefined` when there is none. What is wrong with it is recorded. */
export function checkPrices(check: OptionCheck, prices: ModelPrices | undefined): PriceTable | undefined {
  if (prices === undefined) return undefined;
  check.unknownKeys('prices', prices, ['currency', 'models']);
  if (!isObject(prices)) return undefined;
  const { currency, models } = prices as Partial<ModelPrices>;
  if (!isCurrency(currency))
    check.problem('prices.currency', "1 to 16 letters, digits, - or _, such as 'EUR'", currency);
  if (!isObject(models) || Object.keys(models).length > MOST_MODELS) {
    check.problem('prices.models', `an object of at most ${MOST_MODELS} prices by model id`, models);
    return undefined;
  }
  const byModel = new Map<string, Required<ModelPrice>>();
  for (const [modelId, price] of Object.entries(models) as [string, unknown][]) {
    const checked = checkPrice(check, `prices.models.${modelId}`, price);
    if (checked !== undefined) byModel.set(modelId, checked);
  }
  return Object.freeze({ currency: String(currency), byModel });
}

function checkPrice(check: OptionCheck, path: string, price: unknown): Required<ModelPrice> | undefined {
  if (!isObject(price)) {
    check.problem(path, 'an object with input and output', price);
    return undefined;
  }
  check.unknownKeys(path, price, ['input', 'cachedInput', 'output']);
  const { input, cachedInput, output } = price as Partial<ModelPrice>;
  for (const [kind, value] of Object.entries({ input, output })) check.required(`${path}.${kind}`, value, 'a price');
  const checked = (kind: keyof ModelPrice, value: unknown): number =>
    check.integerBetween(`${path}.${kind}`, value, 0, HIGHEST_PRICE) ?? 0;
  const ofInput = checked('input', input);
  return {
    input: ofInput,
    cachedInput: cachedInput === undefined ? ofInput : checked('cachedInput', cachedInput),
    output: checked('output', output),
  };
}

/**
 * What tokens cost by the prices of now: tokens times price, a product of whole numbers, so that nothing is lost. `undefined` when
 * the model has no price, or nothing is known of its tokens.
 */
export function costOf(prices: PriceTable | undefined, modelId: string, tokens: TokensByKind): Cost | undefined {
  const price = prices?.byModel.get(modelId);
  if (prices === undefined || price === undefined) return undefined;
  const { input, cachedInput, output, unspecified } = tokens;
  if (input + cachedInput + output === 0) return undefined;
  const product =
    BigInt(input) * BigInt(price.input) +
    BigInt(cachedInput) * BigInt(price.cachedInput) +
    BigInt(output) * BigInt(price.output);
  const micros = Number(product / BigInt(MILLION));
  return {
    currency: prices.currency,
    micros: Math.min(micros, Number.MAX_SAFE_INTEGER),
    rest: Number(product % BigInt(MILLION)),
    partial: unspecified > 0,
  };
}

/** Whole millionths of a sum of costs. */
export const microsOf = (micros: number, rest: number): number =>
  Math.min(micros + Math.floor(rest / MILLION), Number.MAX_SAFE_INTEGER);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
