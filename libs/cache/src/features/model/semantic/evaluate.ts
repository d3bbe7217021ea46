import { CodedError } from '@mobius1/kernel';
import { clopperPearson, type Interval } from './bounds.js';
import { embedText } from './embedding.js';
import { type Gate, type Features, sameOrder } from './gate.js';
import type { Embedder } from './semantic-options.js';

/** Two questions, and whether one answer does for both: what people say, not what a model says. */
export interface JudgedPair {
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
}

/** Lines that are no pairs. */
export class PairsError extends CodedError {
  readonly code = 'CACHE_SEMANTIC_PAIRS';
  /** One text for each line that is wrong, with its number. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 line is no pair' : `${problems.length} lines are no pairs`;
    const form = 'Each line is one like {"a": "…", "b": "…", "same": true}.';
    super([`${count}. ${form}`, ...problems.slice(0, MOST_SHOWN).map((problem) => `  ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

const MOST_SHOWN = 20;

/** Pairs of a JSONL text; blank lines are left out. @throws PairsError that lists every line */
export function readPairs(text: string): JudgedPair[] {
  const problems: string[] = [];
  const pairs = text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const found = pairIn(line);
    if (typeof found !== 'string') return [found];
    problems.push(`line ${i + 1}: ${found}`);
    return [];
  });
  if (problems.length > 0) throw new PairsError(problems);
  if (pairs.length === 0) throw new PairsError(['line 1: there is none']);
  return pairs;
}

function pairIn(line: string): JudgedPair | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'it is not an object';
  const { a, b, same } = value as Partial<Record<keyof JudgedPair, unknown>>;
  if (typeof a !== 'string' || a.trim() === '') return '"a" has to be a text';
  if (typeof b !== 'string' || b.trim() === '') return '"b" has to be a text';
  return typeof same === 'boolean' ? { a, b, same } : '"same" has to be true or false';
}

/** What would happen above one similarity. */
export interface ThresholdRow {
  readonly threshold: number;
  readonly hits: number;
  /** Hits among the pairs that mean the same. */
  readonly hitRate: number;
  readonly hitInterval: Interval;
  /** Wrong ones among the hits; 0 without hits. */
  readonly falseHitRate: number;
  readonly falseInterval: Interval;
}

export interface Evaluation {
  readonly pairs: number;
  /** Pairs that mean the same. */
  readonly same: number;
  /** Pairs that differ, and that the gate stopped. */
  readonly stopped: number;
  /** Pairs that mean the same, and that the gate stopped: hits that it costs. */
  readonly lost: number;
  readonly rows: readonly ThresholdRow[];
}

export interface EvaluationOptions {
  readonly embedder: Embedder;
  readonly thresholds: readonly number[];
  /** `undefined`: without one, to see what it is good for. */
  readonly gate: Gate | undefined;
  readonly confidence: number;
}

/** What of judged pairs would have been hits, and which of them wrong. @throws EmbeddingError */
export async function evaluate(pairs: readonly JudgedPair[], options: EvaluationOptions): Promise<Evaluation> {
  const { embedder, gate, thresholds, confidence } = options;
  const judged: { same: boolean; passes: boolean; similarity: number }[] = [];
  for (const { a, b, same } of pairs) {
    const [one, other] = [await vectorOf(embedder, a), await vectorOf(embedder, b)];
    const similarity = one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
    judged.push({ same, passes: gate === undefined || passes(gate, a, b), similarity });
  }
  const same = judged.filter((pair) => pair.same).length;
  const stopped = judged.filter((pair) => !pair.passes);
  const rows = thresholds.map((threshold) => {
    const hits = judged.filter((pair) => pair.passes && pair.similarity >= threshold);
    const right = hits.filter((pair) => pair.same).length;
    const wrong = hits.length - right;
    const hitInterval = clopperPearson(right, same, confidence);
    const falseInterval = clopperPearson(wrong, hits.length, confidence);
    const rates = { hitRate: share(right, same), falseHitRate: share(wrong, hits.length) };
    return { threshold, hits: hits.length, ...rates, hitInterval, falseInterval };
  });
  const lost = stopped.filter((pair) => pair.same).length;
  return { pairs: pairs.length, same, stopped: stopped.length - lost, lost, rows };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const vectorOf = (embedder: Embedder, text: string): Promise<Float32Array> =>
  embedText(embedder, text, new AbortController().signal);

function passes(gate: Gate, a: string, b: string): boolean {
  const [one, other]: [Features, Features] = [gate.featuresOf(a), gate.featuresOf(b)];
  return JSON.stringify(one.exact) === JSON.stringify(other.exact) && sameOrder(one.words, other.words);
}
