import type { ModelMetadata } from '../admission.js';
import type { StoredHit } from '../model-types.js';
import { type Cost, isCurrency, microsOf } from './prices.js';
import { TOKEN_KINDS, type TokensByKind, tokensOf, wholeNumber } from './tokens.js';

/** An amount of money in one currency. */
export interface Money {
  /** As the table of prices names it. */
  readonly currency: string;
  /** Millionths of the currency: 1_250_000 is 1.25. */
  readonly micros: number;
}

/** What was done, and what it saved. */
export interface SavingsCounts {
  /** Inferences that ran and gave an answer, whether it was stored or not. */
  readonly calls: number;
  /** Questions that were answered without an inference of their own: coalesced and stale ones included. */
  readonly hits: number;
  /** Hits, among them, of inferences that somebody else was waiting for. */
  readonly coalesced: number;
  /** Hits, among them, whose TTL had ended. */
  readonly stale: number;
  /** Tokens that hits did not cost. */
  readonly tokensAvoided: TokensByKind;
  /** Milliseconds of inference that hits did not wait for; coalesced ones waited. */
  readonly latencySavedMs: number;
  /** What hits would have cost, by the price when their answer was given; one for each currency. */
  readonly saved: readonly Money[];
  /** What the calls cost, as far as it is known; one for each currency. */
  readonly spent: readonly Money[];
  /** Calls and hits of which the money is not known, or not all of it. */
  readonly unpriced: number;
}

/** Amounts by name: every name adds up by itself, so sums of sums are sums. */
export type Amounts = readonly Amount[];
type Amount = readonly [name: string, amount: number];

// Times a thousand hits a second for a year this is a whole number yet.
const LONGEST_MS = 86_400_000;
const MOST_REST = 999_999;

/** What an inference adds. */
export function amountsOfCall(cost: Cost | undefined): Amounts {
  const amounts: Amount[] = [['calls', 1]];
  pushMoney(amounts, 'spent', cost);
  return amounts;
}

/** What a hit adds. The entry may be anything that somebody wrote. Hot hits come through here: nothing is made that is not needed. */
export function amountsOfHit(hit: StoredHit, metadata: ModelMetadata, cost: Cost | undefined): Amounts {
  const amounts: Amount[] = [['hits', 1]];
  if (hit !== 'exact') amounts.push([hit, 1]);
  const tokens = tokensOf(metadata);
  for (const kind of TOKEN_KINDS) if (tokens[kind] > 0) amounts.push([kind, tokens[kind]]);
  const latencyMs = hit === 'coalesced' ? 0 : wholeNumber(metadata.latencyMs, LONGEST_MS);
  if (latencyMs > 0) amounts.push(['latencyMs', latencyMs]);
  pushMoney(amounts, 'saved', cost);
  return amounts;
}

/** What is free is in the sums, too: as nothing, in its currency. */
function pushMoney(amounts: Amount[], what: 'saved' | 'spent', cost: Cost | undefined): void {
  if (cost === undefined || !isCurrency(cost.currency)) {
    amounts.push(['unpriced', 1]);
    return;
  }
  const name = `${what}:${cost.currency}`;
  amounts.push([name, wholeNumber(cost.micros, Number.MAX_SAFE_INTEGER)]);
  const rest = wholeNumber(cost.rest, MOST_REST);
  if (rest > 0) amounts.push([`${name}:rest`, rest]);
  if (cost.partial) amounts.push(['unpriced', 1]);
}

/** Adds up; what would not be a whole number any more stays at the highest that is. */
export function addAmounts(sums: Map<string, number>, amounts: Iterable<readonly [string, number]>): void {
  for (const [name, amount] of amounts)
    sums.set(name, Math.min((sums.get(name) ?? 0) + amount, Number.MAX_SAFE_INTEGER));
}

/** What sums say. */
export function countsOf(sums: ReadonlyMap<string, number>): SavingsCounts {
  const sum = (name: string): number => sums.get(name) ?? 0;
  return {
    calls: sum('calls'),
    hits: sum('hits'),
    coalesced: sum('coalesced'),
    stale: sum('stale'),
    tokensAvoided: {
      input: sum('input'),
      cachedInput: sum('cachedInput'),
      output: sum('output'),
      unspecified: sum('unspecified'),
    },
    latencySavedMs: sum('latencyMs'),
    saved: moneyIn(sums, 'saved'),
    spent: moneyIn(sums, 'spent'),
    unpriced: sum('unpriced'),
  };
}

function moneyIn(sums: ReadonlyMap<string, number>, what: 'saved' | 'spent'): Money[] {
  const start = `${what}:`;
  const names = [...sums.keys()].filter((name) => name.startsWith(start) && !name.includes(':', start.length));
  return names.sort().map((name) => ({
    currency: name.slice(start.length),
    micros: microsOf(sums.get(name) ?? 0, sums.get(`${name}:rest`) ?? 0),
  }));
}
