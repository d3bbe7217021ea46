import { FakeClock } from '@mobius1/kernel';
import { Learner, neededTrials } from './learner.js';

const OPTIONS = { maxErrorRate: 0.02, confidence: 0.95, minSimilarity: 0.8 };
const FIRST = neededTrials(0, 0.02, Math.log(8 / 0.05));

function taught(verdicts: readonly (readonly [number, similarity: number, wrong?: boolean])[]): Learner {
  const learner = new Learner(OPTIONS);
  for (const [times, similarity, wrong = false] of verdicts)
    for (let i = 0; i < times; i++) learner.add({ similarity, wrong });
  return learner;
}

describe('the learner of a threshold', () => {
  it('serves nothing before there is enough evidence, and says how much that is', () => {
    expect(FIRST).toBeGreaterThan(300);
    expect(FIRST).toBeLessThan(400);
    expect(taught([[FIRST - 1, 0.99]]).threshold).toBeUndefined();
    expect(taught([[FIRST, 0.99]]).threshold).toBe(0.8);
  });

  it.each([
    [0.01, 699, 956, 1_372],
    [0.02, 348, 476, 684],
    [0.05, 137, 188, 270],
    [0.1, 67, 92, 132],
  ])('needs as much for %d as the documentation says', (rate, none, one, three) => {
    const goal = Math.log(8 / 0.05);
    expect([0, 1, 3].map((wrong) => neededTrials(wrong, rate, goal))).toEqual([none, one, three]);
  });

  it('asks for more when something was wrong', () => {
    const one = neededTrials(1, 0.02, Math.log(8 / 0.05));
    expect(one).toBeGreaterThan(FIRST);
    expect(
      taught([
        [1, 0.99, true],
        [one - 2, 0.99],
      ]).threshold,
    ).toBeUndefined();
    expect(
      taught([
        [1, 0.99, true],
        [one - 1, 0.99],
      ]).threshold,
    ).toBe(0.8);
  });

  it('finds the similarity above which answers agree', () => {
    const learner = taught([
      [200, 0.84, true],
      [1_000, 0.91],
      [1_000, 0.98],
    ]);
    expect(learner.threshold).toBeCloseTo(0.85);
    expect(learner.evidence).toEqual({ verified: 2_200, counted: 2_200, wrong: 200 });
  });

  it('serves nothing when similarity says nothing', () => {
    const clock = new FakeClock(undefined, 3);
    const learner = new Learner(OPTIONS);
    for (let i = 0; i < 5_000; i++) learner.add({ similarity: 0.8 + clock.random() / 5, wrong: clock.random() < 0.1 });
    expect(learner.threshold).toBeUndefined();
  });

  it('hardly ever trusts what is wrong as often as it may not be', () => {
    const clock = new FakeClock(undefined, 5);
    let deceived = 0;
    for (let run = 0; run < 200; run++) {
      const learner = new Learner({ ...OPTIONS, maxErrorRate: 0.05 });
      let trusted = false;
      for (let i = 0; i < 500; i++) {
        learner.add({ similarity: 0.8 + clock.random() / 5, wrong: clock.random() < 0.05 });
        trusted ||= learner.threshold !== undefined;
      }
      deceived += Number(trusted);
    }
    expect(deceived / 200).toBeLessThanOrEqual(0.05);
  });

  it('throws everything away when more hits are wrong than may be, and learns anew', () => {
    const learner = taught([[FIRST * 5, 0.99]]);
    for (const wrong of [true, false, true, false]) learner.add({ similarity: 0.99, wrong });
    expect(learner).toMatchObject({ threshold: 0.8, trips: 0 });
    learner.add({ similarity: 0.99, wrong: true });
    expect(learner).toMatchObject({ threshold: undefined, trips: 1 });
    expect(learner.evidence).toMatchObject({ counted: 0, wrong: 0 });
    for (let i = 0; i < FIRST; i++) learner.add({ similarity: 0.99, wrong: false });
    expect(learner).toMatchObject({ threshold: 0.8, trips: 1 });
  });

  it('does not blame hits for what was never served', () => {
    const learner = taught([
      [200, 0.84, true],
      [3_000, 0.98],
      [3, 0.81, true],
    ]);
    expect(learner).toMatchObject({ threshold: expect.closeTo(0.85), trips: 0 });
  });
});
