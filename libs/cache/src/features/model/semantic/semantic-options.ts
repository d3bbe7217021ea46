import { type OptionCheck } from '@mobius1/kernel';
import type { GateTable } from './gate-table.js';
import { lastUserText, type SplitInput } from './last-user-text.js';

/** Turns texts into vectors. */
export interface Embedder {
  /** Names the model and its version: vectors of another one are never compared. */
  readonly id: string;
  /** Numbers in a vector; 1 to 8,192. */
  readonly dimensions: number;
  /** May fail and may be slow; `signal` aborts when nobody waits any more. Of any length: only the direction counts. */
  embed(text: string, signal: AbortSignal): ArrayLike<number> | PromiseLike<ArrayLike<number>>;
}

/** Options of the semantic tier of the model cache. */
export interface SemanticOptions {
  /** Turns texts into vectors. */
  readonly embedder: Embedder;
  /** `false`: it learns and gives nothing. @default true */
  readonly serve?: boolean;
  /** Share of semantic hits that may be wrong; 0.001 to 0.2. A smaller one takes more evidence. @default 0.02 */
  readonly maxErrorRate?: number;
  /** With this confidence; 0.5 to 0.999. @default 0.95 */
  readonly confidence?: number;
  /** Questions less like than this (cosine) are none to compare. @default 0.8 */
  readonly minSimilarity?: number;
  /** Share of what could be a semantic hit that is asked of the model all the same, to compare; 0.01 to 1. @default 0.1 */
  readonly verifyShare?: number;
  /** Whether two answers say the same: the fresh one, and that of the other question. @default equal but for white space */
  readonly equivalent?: (fresh: unknown, other: unknown) => boolean | PromiseLike<boolean>;
  /** Milliseconds for embedding and search together, after which the model is asked. @default 300 */
  readonly timeout?: number;
  /** Questions of a partition that can be found; at the bound the oldest is forgotten. 1 to 100,000. @default 1_000 */
  readonly maxQuestions?: number;
  /** Bytes of vectors in this process, of all partitions together; at the bound those of the one used longest ago go. @default 64 MiB */
  readonly maxBytes?: number;
  /** Characters of a question above which it is like no other. @default 2_000 */
  readonly maxTextLength?: number;
  /** More for the gate: other languages, words of your trade. @default English and Spanish */
  readonly gate?: readonly GateTable[];
  /** Takes the text that may differ out of an input; `undefined` for none. @default the last text of the user */
  readonly split?: (input: unknown) => SplitInput | undefined;
  /** Let Redis search, where it has vector sets (Redis 8) and answers are not encrypted. @default false */
  readonly vectorSets?: boolean;
}

export type ResolvedSemanticOptions = Required<SemanticOptions>;

export const SEMANTIC_DEFAULTS: Omit<ResolvedSemanticOptions, 'embedder'> = Object.freeze({
  serve: true,
  maxErrorRate: 0.02,
  confidence: 0.95,
  minSimilarity: 0.8,
  verifyShare: 0.1,
  equivalent: sameAnswer,
  timeout: 300, // an embedding takes 20 to 200 ms, an inference a second and more
  maxQuestions: 1_000, // times 1,536 dimensions: 6 MB, searched in about 2 ms
  maxBytes: 64 * 1024 * 1024,
  maxTextLength: 2_000,
  gate: [],
  split: lastUserText,
  vectorSets: false,
});

const MOST_DIMENSIONS = 8_192;
const KNOWN = ['embedder', ...Object.keys(SEMANTIC_DEFAULTS)];

/** Records every problem at `path`; the options with their defaults. */
export function checkSemanticOptions(
  check: OptionCheck,
  path: string,
  options: SemanticOptions,
): ResolvedSemanticOptions {
  check.unknownKeys(path, options, KNOWN);
  const at = (name: string): string => `${path}.${name}`;
  const share = (name: keyof SemanticOptions, least: number, most: number): void => {
    const value: unknown = options[name];
    if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return;
    check.problem(at(name), `a number from ${least} to ${most}`, value);
  };
  checkEmbedder(check, at('embedder'), options.embedder);
  share('maxErrorRate', 0.001, 0.2);
  share('confidence', 0.5, 0.999);
  share('minSimilarity', 0, 0.999);
  share('verifyShare', 0.01, 1);
  check.boolean(at('serve'), options.serve);
  check.boolean(at('vectorSets'), options.vectorSets);
  check.integerBetween(at('timeout'), options.timeout, 1, 60_000);
  check.integerBetween(at('maxQuestions'), options.maxQuestions, 1, 100_000);
  check.integerBetween(at('maxBytes'), options.maxBytes, 1, Number.MAX_SAFE_INTEGER);
  check.integerBetween(at('maxTextLength'), options.maxTextLength, 1, 20_000);
  check.function(at('equivalent'), options.equivalent);
  check.function(at('split'), options.split);
  checkTables(check, at('gate'), options.gate);
  const said = Object.entries(options as object).filter(([, value]) => value !== undefined);
  return Object.freeze({ ...SEMANTIC_DEFAULTS, ...Object.fromEntries(said) }) as ResolvedSemanticOptions;
}

function checkEmbedder(check: OptionCheck, path: string, embedder: Partial<Embedder> | undefined): void {
  if (typeof embedder !== 'object' || (embedder as unknown) === null) {
    check.problem(path, 'an object with id, dimensions and embed()', embedder);
    return;
  }
  check.required(`${path}.id`, check.string(`${path}.id`, embedder.id, { max: 200 }), 'the name of the embedding');
  const dimensions = check.integerBetween(`${path}.dimensions`, embedder.dimensions, 1, MOST_DIMENSIONS);
  if (embedder.dimensions === undefined)
    check.required(`${path}.dimensions`, dimensions, 'how many numbers a vector has');
  if (typeof embedder.embed !== 'function') check.problem(`${path}.embed`, 'a function of a text', embedder.embed);
}

function checkTables(check: OptionCheck, path: string, tables: readonly Partial<GateTable>[] | undefined): void {
  if (tables === undefined) return;
  if (!Array.isArray(tables)) {
    check.problem(path, 'a list of tables', tables);
    return;
  }
  const texts = (value: unknown): boolean => Array.isArray(value) && value.every((word) => typeof word === 'string');
  const pairs = (value: unknown): boolean =>
    Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(texts));
  const named = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && Object.values(value).every(texts);
  (tables as readonly Partial<GateTable>[]).forEach((table, i) => {
    const at = `${path}[${i}]`;
    if ((table as unknown) === null || typeof table !== 'object') {
      check.problem(at, 'a table', table);
      return;
    }
    check.unknownKeys(at, table, ['negations', 'opposites', 'routes', 'units', 'values']);
    if (!texts(table.negations)) check.problem(`${at}.negations`, 'a list of words', table.negations);
    for (const name of ['opposites', 'routes'] as const)
      if (!pairs(table[name])) check.problem(`${at}.${name}`, 'a list of pairs of lists of words', table[name]);
    for (const name of ['units', 'values'] as const)
      if (!named(table[name])) check.problem(`${at}.${name}`, 'lists of words by their meaning', table[name]);
  });
}

/** Strict: the same text but for white space, or the same data. Paraphrases of an answer count as wrong. */
export function sameAnswer(fresh: unknown, other: unknown): boolean {
  const plain = (value: unknown): unknown =>
    typeof value === 'string' ? value.normalize('NFC').replace(/\s+/g, ' ').trim() : value;
  return typeof fresh === 'string' || typeof other === 'string'
    ? plain(fresh) === plain(other)
    : JSON.stringify(fresh) === JSON.stringify(other);
}
