import { type Duration, OptionCheck } from '@mobius1/kernel';
import { ttlMs } from '../../core/options.js';
import { checkPrices, type ModelPrices, type PriceTable } from './savings/prices.js';
import {
  checkSavings,
  type ResolvedSavings,
  SAVINGS_DEFAULTS,
  type SavingsOptions,
} from './savings/savings-options.js';
import { checkEncryption, type ModelEncryption } from './sealing.js';
import {
  checkSemanticOptions,
  type ResolvedSemanticOptions,
  type SemanticOptions,
} from './semantic/semantic-options.js';

/** What is the same for all answers of models. */
export interface ModelCacheOptions {
  /** `false`: every inference runs, nothing is stored. @default true */
  readonly enabled?: boolean;
  /** Seconds or a string. @default 3_600 */
  readonly ttl?: Duration;
  /** Characters of an input above which the cache is neither asked nor filled. @default 10_000 */
  readonly maxInputLength?: number;
  /** Characters of an answer, as JSON, above which it is not stored. @default 1_000_000 */
  readonly maxOutputLength?: number;
  /** Answers with a lower confidence are not stored; 0 to 1. @default 0: all are */
  readonly minConfidence?: number;
  /** Above this `temperature`, and without a `seed`, answers are meant to differ: they are not stored. @default 1 */
  readonly maxTemperature?: number;
  /** Whether a blank text is an answer worth keeping. @default false */
  readonly storeEmpty?: boolean;
  /** Tools whose calls may be stored: they are repeated without being asked for. @default none */
  readonly cacheableTools?: readonly string[];
  /** Milliseconds that a caller waits for the inference of another process before it asks itself. @default 60_000 */
  readonly waitTimeout?: number;
  /** Answers in parts that are recorded at a time; above it a question is answered from what is stored, or streamed, and neither shared nor stored. @default 1_000 */
  readonly maxRecordings?: number;
  /**
   * Keys the digests of inputs, for each workspace another way, so that nobody can find an input by trying. The same in all processes.
   * @default `MODEL_CACHE_SECRET`; without one there is a warning, at boot if anything is said of models, else with the first question
   */
  readonly secret?: string;
  /** Encrypts answers at rest, whoever can read Redis. The same in all processes. @default not */
  readonly encryption?: ModelEncryption;
  /** What models cost, so that the savings are money, too. What is recorded keeps its price. @default none */
  readonly prices?: ModelPrices;
  /** How the ledger of savings is kept; `false` for none: no workspace or model is named in the store for it. */
  readonly savings?: SavingsOptions | false;
  /** Answers of other questions that mean the same; `false` turns it off. @default off */
  readonly semantic?: SemanticOptions | false;
}

export type ResolvedModelOptions = Required<
  Omit<ModelCacheOptions, 'ttl' | 'secret' | 'encryption' | 'prices' | 'savings' | 'semantic'>
> & {
  readonly ttlMs: number;
  readonly secret: string | undefined;
  readonly encryption: ModelEncryption | undefined;
  readonly prices: PriceTable | undefined;
  readonly savings: ResolvedSavings | false;
  readonly semantic: ResolvedSemanticOptions | undefined;
};

/**
 * An hour: answers change with prompts, not with time. 10,000 characters are a long question; what is longer is hardly asked twice. A minute
 * is a long inference; who holds its lease and dies is not waited for longer than the lease.
 */
export const MODEL_DEFAULTS: ResolvedModelOptions = Object.freeze({
  enabled: true,
  ttlMs: 3_600_000,
  maxInputLength: 10_000,
  maxOutputLength: 1_000_000,
  minConfidence: 0,
  maxTemperature: 1,
  storeEmpty: false,
  cacheableTools: [],
  waitTimeout: 60_000,
  maxRecordings: 1_000,
  secret: undefined,
  encryption: undefined,
  prices: undefined,
  savings: SAVINGS_DEFAULTS,
  semantic: undefined,
});

const KNOWN = [
  ...['enabled', 'ttl', 'maxInputLength', 'maxOutputLength', 'minConfidence', 'maxTemperature'],
  ...['storeEmpty', 'cacheableTools', 'waitTimeout', 'maxRecordings', 'secret', 'encryption'],
  ...['prices', 'savings', 'semantic'],
];

// A secret that can be tried out is none.
const SHORTEST_SECRET = 16;
const NO_SECRET = ' '.repeat(SHORTEST_SECRET);

/**
 * The options over those that held before.
 *
 * @throws InvalidOptionsError with every problem at once
 */
export function resolveModelOptions(
  scope: string,
  options: ModelCacheOptions,
  before: ResolvedModelOptions = MODEL_DEFAULTS,
): ResolvedModelOptions {
  const check = new OptionCheck(scope);
  check.unknownKeys('', options, KNOWN);
  const { ttl, minConfidence, maxTemperature, cacheableTools, secret } = options;
  check.boolean('enabled', options.enabled);
  check.durationMs('ttl', ttl, 's');
  check.integerBetween('maxInputLength', options.maxInputLength, 0, Number.MAX_SAFE_INTEGER);
  check.integerBetween('maxOutputLength', options.maxOutputLength, 0, Number.MAX_SAFE_INTEGER);
  checkConfidence(check, 'minConfidence', minConfidence);
  checkTemperature(check, maxTemperature);
  check.boolean('storeEmpty', options.storeEmpty);
  check.integerBetween('waitTimeout', options.waitTimeout, 1, 3_600_000);
  check.integerBetween('maxRecordings', options.maxRecordings, 0, 1_000_000);
  const tools: unknown = cacheableTools;
  if (tools !== undefined && !(Array.isArray(tools) && tools.every(isText)))
    check.problem('cacheableTools', 'a list of names', cacheableTools);
  const key = check.string('secret', secret, { max: 1_024 }) ?? NO_SECRET;
  if (key.length < SHORTEST_SECRET)
    check.problem('secret', `at least ${SHORTEST_SECRET} characters`, `${key.length} characters`);
  checkEncryption(check, options.encryption);
  const prices = checkPrices(check, options.prices) ?? before.prices;
  const savings = checkSavings(check, options.savings, before.savings);
  const { ttl: _ttl, semantic, ...given } = options;
  const tier = semantic ? checkSemanticOptions(check, 'semantic', semantic) : undefined;
  check.throwIfAny();
  const said = (Object.entries(given) as [string, unknown][]).filter(([, value]) => value !== undefined);
  return Object.freeze({
    ...before,
    ...Object.fromEntries(said),
    ttlMs: ttl === undefined ? before.ttlMs : ttlMs(scope, ttl),
    prices,
    savings,
    semantic: semantic === undefined ? before.semantic : tier,
  });
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Records what is no confidence: it is from 0 to 1, and NaN compares with nothing. */
export function checkConfidence(check: OptionCheck, path: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return;
  check.problem(path, 'a number from 0 to 1', value);
}

function checkTemperature(check: OptionCheck, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return;
  check.problem('maxTemperature', 'a number, 0 or more', value);
}
