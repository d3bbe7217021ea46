import { FakeClock } from '@mobius1/kernel';
import { betaBelow, clopperPearson, logEvidence } from './bounds.js';

describe('bounds of rates', () => {
  it('integrate the beta distribution', () => {
    expect(betaBelow(0.5, 1, 1)).toBeCloseTo(0.5, 12);
    expect(betaBelow(0.3, 2, 3)).toBeCloseTo(0.3483, 4); // 1 − Σ over the binomial, by hand
    expect(betaBelow(0.01, 1, 299)).toBeCloseTo(1 - 0.99 ** 299, 12);
    expect(betaBelow(0.2, 30, 70)).toBeCloseTo(1 - betaBelow(0.8, 70, 30), 10);
    expect([betaBelow(0, 2, 3), betaBelow(1, 2, 3)]).toEqual([0, 1]);
  });

  // R: binom.test(x, n)$conf.int
  it.each([
    [0, 10, 0, 0.30849711],
    [1, 20, 0.001265089, 0.2487328],
    [5, 50, 0.03327509, 0.2181354],
    [10, 10, 0.6915029, 1],
  ])('are exact: %d of %d', (hits, trials, low, high) => {
    const interval = clopperPearson(hits, trials);
    expect(interval.low).toBeCloseTo(low, 5);
    expect(interval.high).toBeCloseTo(high, 5);
  });

  it('are everything where nothing was tried', () => {
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('have a closed form where nothing was wrong', () => {
    const [n, rate] = [400, 0.01];
    const average = (1 - (1 - rate) ** (n + 1)) / ((n + 1) * rate);
    expect(logEvidence(0, n, rate)).toBeCloseTo(Math.log(average / (1 - rate) ** n), 8);
  });

  it('give no evidence for what was not seen', () => {
    expect(logEvidence(0, 0, 0.01)).toBe(0);
    expect(logEvidence(2, 100, 0.02)).toBe(0);
    expect(logEvidence(9, 100, 0.02)).toBe(0);
    expect(logEvidence(1, 300, 0.02)).toBeGreaterThan(logEvidence(2, 300, 0.02));
  });

  it('mislead at most as often as they say, even when somebody looks after every trial', () => {
    const clock = new FakeClock(undefined, 11);
    const [rate, alpha, runs] = [0.1, 0.05, 500];
    const deceived = { anytime: 0, fixed: 0 };
    for (let run = 0; run < runs; run++) {
      let wrong = 0;
      const seen = { anytime: false, fixed: false };
      for (let n = 1; n <= 200; n++) {
        if (clock.random() < rate) wrong++;
        seen.anytime ||= logEvidence(wrong, n, rate) >= Math.log(1 / alpha);
        // What a one-sided Clopper–Pearson bound would say.
        seen.fixed ||= betaBelow(rate, wrong + 1, n - wrong) >= 1 - alpha;
      }
      deceived.anytime += Number(seen.anytime);
      deceived.fixed += Number(seen.fixed);
    }
    expect(deceived.anytime / runs).toBeLessThanOrEqual(alpha);
    expect(deceived.fixed / runs).toBeGreaterThan(2 * alpha);
  });
});
