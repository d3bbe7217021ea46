import { logEvidence } from './bounds.js';

/** What came of comparing a candidate's answer with a fresh one. */
export interface Verdict {
  /** Cosine of the two questions. */
  readonly similarity: number;
  readonly wrong: boolean;
}

/** What a learner is to keep. */
export interface LearnerOptions {
  /** Share of semantic hits that may be wrong. */
  readonly maxErrorRate: number;
  /** With this confidence. */
  readonly confidence: number;
  /** Candidates below are none. */
  readonly minSimilarity: number;
}

/** Thresholds among which one is chosen. More are finer, and each costs evidence. */
const THRESHOLDS = 8;

/** Wrong ones among the last `ALLOWED_WRONG / maxErrorRate` verdicts on hits above which the evidence is thrown away. */
const ALLOWED_WRONG = 2;

/**
 * Learns above which similarity another question's answer may be given.
 *
 * For each of a few thresholds it counts the verdicts above it, and the wrong ones among them. A threshold is proven when the evidence
 * (see `bounds.ts`) that fewer than `maxErrorRate` of them are wrong reaches THRESHOLDS / (1 − confidence): the factor pays for trying
 * several (Bonferroni). The evidence may be looked at after every verdict, so: with the given confidence no threshold is ever used
 * above which more than `maxErrorRate` of the candidates are wrong, as long as questions go on like those that were verified.
 *
 * That they do not go on like that is what the switch is for: of the latest hits that were verified, more are wrong than may be. Then
 * all evidence is thrown away, and nothing is served until it is there anew. Below the threshold in use every candidate is verified,
 * above it a share: that is no bias towards serving, because what is verified more often is the part that is not proven yet.
 */
export class Learner {
  readonly #options: LearnerOptions;
  readonly #goal: number;
  readonly #thresholds: readonly number[];
  #trials = new Array<number>(THRESHOLDS).fill(0);
  #wrong = new Array<number>(THRESHOLDS).fill(0);
  readonly #needed: number[] = [];
  /** The latest verdicts on what would have been a hit; true is wrong. */
  #recent: boolean[] = [];
  #threshold: number | undefined;
  #trips = 0;
  #verified = 0;

  constructor(options: LearnerOptions) {
    this.#options = options;
    this.#goal = Math.log(THRESHOLDS / (1 - options.confidence));
    const step = (1 - options.minSimilarity) / THRESHOLDS;
    this.#thresholds = Array.from({ length: THRESHOLDS }, (_, i) => options.minSimilarity + i * step);
  }

  /** From this similarity on hits may be served; `undefined`: none may. */
  get threshold(): number | undefined {
    return this.#threshold;
  }

  /** How often more was wrong than may be. */
  get trips(): number {
    return this.#trips;
  }

  /** Verdicts that were heard, and those among what counts now. */
  get evidence(): { readonly verified: number; readonly counted: number; readonly wrong: number } {
    return { verified: this.#verified, counted: this.#trials[0] ?? 0, wrong: this.#wrong[0] ?? 0 };
  }

  add({ similarity, wrong }: Verdict): void {
    this.#verified++;
    if (this.#threshold !== undefined && similarity >= this.#threshold && this.#trip(wrong)) return;
    this.#thresholds.forEach((threshold, i) => {
      if (similarity < threshold) return;
      this.#trials[i] = (this.#trials[i] ?? 0) + 1;
      if (wrong) this.#wrong[i] = (this.#wrong[i] ?? 0) + 1;
    });
    const proven = this.#thresholds.findIndex((_, i) => this.#isProven(this.#wrong[i] ?? 0, this.#trials[i] ?? 0));
    this.#threshold = proven < 0 ? undefined : this.#thresholds[proven];
  }

  /** Counts a verdict on a hit; true when it was one wrong answer too many. */
  #trip(wrong: boolean): boolean {
    this.#recent.push(wrong);
    if (this.#recent.length > Math.ceil(ALLOWED_WRONG / this.#options.maxErrorRate)) this.#recent.shift();
    if (this.#recent.filter(Boolean).length <= ALLOWED_WRONG) return false;
    this.#trips++;
    this.#recent = [];
    this.#trials = this.#trials.map(() => 0);
    this.#wrong = this.#wrong.map(() => 0);
    this.#threshold = undefined;
    return true;
  }

  #isProven(wrong: number, trials: number): boolean {
    // Most are far from it, and need no calculation.
    return wrong < this.#options.maxErrorRate * trials && trials >= this.#neededFor(wrong);
  }

  /** How many verdicts prove a threshold when so many of them are wrong. */
  #neededFor(wrong: number): number {
    for (let known = this.#needed.length; known <= wrong; known++) {
      this.#needed.push(neededTrials(known, this.#options.maxErrorRate, this.#goal, this.#needed.at(-1)));
    }
    return this.#needed[wrong] ?? Infinity;
  }
}

/** The smallest number of trials with so many wrong whose evidence reaches the goal. */
export function neededTrials(wrong: number, rate: number, goal: number, atLeast = 1): number {
  let low = atLeast;
  let high = atLeast;
  while (logEvidence(wrong, high, rate) < goal) {
    low = high;
    high *= 2;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (logEvidence(wrong, middle, rate) < goal) low = middle + 1;
    else high = middle;
  }
  return low;
}
