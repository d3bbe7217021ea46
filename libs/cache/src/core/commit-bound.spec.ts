import { type CommitOutcome, FakeClock, type UnitOfWork } from '@mobius1/kernel';
import { CommitBound } from './commit-bound.js';
import { StoreUnavailableError } from './errors.js';
import { noCounts } from './stats.js';

const INVALIDATION = { ids: ['k'], names: ['t:x'], selections: [{ namespace: 'n', pattern: '*' }] };
const FENCED = { ids: ['k'], names: ['t:x', 'n:n'] };

/** A transaction that the test ends, and a store that tells what it was asked. */
function begin({ fence = true, storeAnswers = true } = {}) {
  const told: unknown[] = [];
  const clock = new FakeClock();
  let before: (ms: number) => Promise<void> = async () => undefined;
  let after!: (outcome: CommitOutcome) => void | Promise<void>;
  let rollback: () => void | Promise<void> = () => undefined;
  const work: UnitOfWork = {
    active: true,
    beforeCommit: (effect) => void (before = effect),
    afterCommit: (effect) => void (after = effect),
    afterRollback: (effect) => void (rollback = effect),
  };
  const answer = (what: unknown): Promise<void> => {
    told.push(what);
    return storeAnswers ? Promise.resolve() : Promise.reject(new StoreUnavailableError('The store', 'it is away'));
  };
  const counts = noCounts();
  const bound = new CommitBound({
    ...{ work, fence, clock, counts },
    store: {
      fence: (fenced, ms) => answer(['fence', fenced, ms]),
      lift: (fenced) => answer(['lift', fenced]),
    },
    carryOut: async (invalidation) => void told.push(['invalidate', invalidation]),
  });
  bound.defer(INVALIDATION);
  return { told, clock, counts, before: (ms: number) => before(ms), after, rollback: () => rollback() };
}

describe('an invalidation inside a transaction (G16)', () => {
  it('is fenced before the COMMIT for longer than that may take, then lifted and carried out', async () => {
    const { told, before, after } = begin();
    expect(told).toEqual([]);
    await before(2_000);
    await after('committed');
    expect(told).toEqual([
      ['fence', FENCED, 7_000],
      ['lift', FENCED],
      ['invalidate', INVALIDATION],
    ]);
  });

  it('leaves the fence where it is when nobody knows of the COMMIT: it may take effect yet', async () => {
    const { told, clock, before, after } = begin();
    await before(2_000);
    await after('unclear');
    await clock.advance(60_000);
    expect(told).toEqual([
      ['fence', FENCED, 7_000],
      ['invalidate', INVALIDATION],
    ]);
  });

  it('is carried out a second time without a fence then: what was stored until the COMMIT took effect goes, too', async () => {
    const { told, clock, after } = begin({ fence: false });
    await after('unclear');
    expect(told).toEqual([['invalidate', INVALIDATION]]);
    await clock.advance(5_000);
    expect(told).toEqual([
      ['invalidate', INVALIDATION],
      ['invalidate', INVALIDATION],
    ]);
  });

  it('takes its fence down when the transaction is rolled back, if there was one', async () => {
    const early = begin();
    await early.rollback();
    expect(early.told).toEqual([]);
    const late = begin();
    await late.before(10);
    await late.rollback();
    expect(late.told.slice(1)).toEqual([['lift', FENCED]]);
  });

  it('stops no transaction when the store does not answer; that is counted', async () => {
    const { told, counts, before, after } = begin({ storeAnswers: false });
    await before(10);
    await after('committed');
    expect(counts.unfenced).toBe(1);
    expect(told.slice(1)).toEqual([['invalidate', INVALIDATION]]);
  });
});
