/**
 * What can be said of a rate after so many trials, exactly (no normal approximation: rates here are near 0).
 *
 * `clopperPearson` is the exact interval of a number of trials that was fixed before (Clopper and Pearson 1934). Who looks after every
 * trial and stops when it suits must not use it: looking often enough, one sees any bound. `logEvidence` may be looked at after every
 * trial: it is a likelihood ratio of all rates below `rate`, in equal parts, against `rate` itself. As long as the true rate is `rate`
 * or more it does not grow in expectation, so the chance that it ever reaches 1/α is at most α (Ville 1939; Ramdas et al. 2023,
 * "Game-theoretic statistics and safe anytime-valid inference").
 */

// Lanczos' approximation with g = 7 and 9 terms (Godfrey 2001): 15 digits.
const G = 7;
const LANCZOS = [
  ...[0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059],
  ...[12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7],
];

/** ln Γ(x) for x > 0.5, which is all that is needed here. */
function logGamma(x: number): number {
  const z = x - 1;
  const t = z + G + 0.5;
  const sum = LANCZOS.reduce((total, term, i) => (i === 0 ? term : total + term / (z + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

const TINY = 1e-300;
const PRECISION = 1e-14;
const MOST_TERMS = 10_000; // it takes about √max(a, b) of them

/** The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, 6.4). */
function continuedFraction(x: number, a: number, b: number): number {
  const some = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / some(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / some(1 + even * d);
    c = some(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / some(1 + odd * d);
    c = some(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return fraction;
}

/** The share of a Beta(a, b) distribution below x: the regularised incomplete beta function. */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b));
  // The fraction converges fast on this side of the mean only.
  return x < (a + 1) / (a + b + 2)
    ? (front * continuedFraction(x, a, b)) / a
    : 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

/** Where an increasing function reaches `goal`, between 0 and 1. */
function solve(increasing: (x: number) => number, goal: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (increasing(middle) < goal) low = middle;
    else high = middle;
  }
  return high;
}

/** A rate that was seen, and between what the true one is with the given confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The two-sided exact interval for `hits` in `trials`. */
export function clopperPearson(hits: number, trials: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  const low = hits === 0 ? 0 : solve((p) => betaBelow(p, hits, trials - hits + 1), tail);
  const high = hits >= trials ? 1 : solve((p) => betaBelow(p, hits + 1, trials - hits), 1 - tail);
  return { low, high };
}

/** ln of the evidence that the rate behind `hits` in `trials` is below `rate`; 0 or less when it is none. */
export function logEvidence(hits: number, trials: number, rate: number): number {
  if (trials === 0 || hits >= rate * trials) return 0;
  const [a, b] = [hits + 1, trials - hits + 1];
  // The average of p^hits (1 − p)^(trials − hits) over p from 0 to rate, over its value at `rate`.
  return logBeta(a, b) + Math.log(betaBelow(rate, a, b)) - a * Math.log(rate) - (b - 1) * Math.log1p(-rate);
}
