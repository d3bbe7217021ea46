import { FakeClock } from '@mobius1/kernel';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import type { Posting, Tally } from '../../libs/cache/src/core/tally.js';
import { MemoryTally } from '../../libs/cache/src/drivers/memory-tally.js';
import { SavingsLedger } from '../../libs/cache/src/features/model/savings/savings-ledger.js';
import { SAVINGS_DEFAULTS } from '../../libs/cache/src/features/model/savings/savings-options.js';

const M = { workspaceId: 'w1', modelId: 'm' } as const;
const ANSWER = { metadata: { usage: { input: 10, output: 20 }, latencyMs: 500 } };
const { flushInterval } = SAVINGS_DEFAULTS;

/** A tally that can be away: before it adds, or after, so that nobody knows that it did. */
class FlakyTally implements Tally {
  away: 'no' | 'before' | 'after' = 'no';
  /** What was read is handed over only then. */
  slow: Promise<void> | undefined;
  readonly postings: Posting[] = [];
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  async add(posting: Posting): Promise<readonly string[]> {
    this.postings.push(posting);
    this.#mayFail('before');
    const left = await this.#tally.add(posting);
    this.#mayFail('after');
    return left;
  }

  async accounts(day: string) {
    this.#mayFail('before');
    return this.#tally.accounts(day);
  }

  async read(day: string, account: string) {
    this.#mayFail('before');
    const sheet = await this.#tally.read(day, account);
    await this.slow;
    return sheet;
  }

  async erase(account: string): Promise<void> {
    this.#mayFail('before');
    await this.#tally.erase(account);
  }

  #mayFail(when: 'before' | 'after'): void {
    if (this.away === when) throw new StoreUnavailableError('the tally', 'the test says so');
  }
}

function create({ maxCells = 10_000, bounds = {} } = {}) {
  const clock = new FakeClock();
  const store = new MemoryTally(clock, bounds);
  const tally = new FlakyTally(store);
  const parts = { clock, prices: undefined, savings: SAVINGS_DEFAULTS };
  const ledger = new SavingsLedger({ ...parts, tally }, { maxCells });
  /** What another process would read. */
  const elsewhere = () => new SavingsLedger({ ...parts, tally: store }).report();
  const ask = (times: number, account: { workspaceId: string; modelId: string } = M): void => {
    for (let i = 0; i < times; i++) ledger.hit(account, 'exact', ANSWER);
  };
  return { ledger, clock, tally, elsewhere, ask };
}

describe('the ledger of savings', () => {
  describe('writes', () => {
    it('what came together in five seconds at once, one posting for each workspace and day', async () => {
      const { ask, clock, tally, elsewhere } = create();
      ask(500);
      ask(300, { workspaceId: 'w1', modelId: 'other' });
      ask(1, { workspaceId: 'w2', modelId: 'm' });
      await clock.advance(flushInterval - 1);
      expect([tally.postings.length, (await elsewhere()).totals.hits]).toEqual([0, 0]);
      await clock.advance(1);
      expect([tally.postings.length, (await elsewhere()).totals.hits]).toEqual([2, 801]);
      expect(clock.pendingTimers).toBe(0); // who is asked nothing writes nothing
    });

    it('before there is too much of it', async () => {
      const { ask, clock, tally } = create();
      for (let i = 0; i < 1_000; i++) ask(1, { workspaceId: `w${i}`, modelId: 'm' });
      await clock.advance(0);
      expect(tally.postings).toHaveLength(1_000);
    });

    it('what is pending when it is closed, and starts no timer afterwards', async () => {
      const { ledger, ask, clock, elsewhere } = create();
      ask(3);
      await ledger.close(1_000);
      expect((await elsewhere()).totals.hits).toBe(3);
      ask(1);
      expect(clock.pendingTimers).toBe(0);
    });

    it('of each day to that day (UTC)', async () => {
      const { ledger, ask, clock } = create();
      clock.setWall(Date.UTC(2025, 5, 30, 23, 59, 59, 999));
      ask(1);
      clock.setWall(Date.UTC(2025, 6, 1));
      ask(2);
      const { rows } = await ledger.report({ groupBy: ['day'] });
      expect(rows.map(({ day, hits }) => [day, hits])).toEqual([
        ['2025-06-30', 1],
        ['2025-07-01', 2],
      ]);
    });
  });

  describe('while the store is away', () => {
    it('keeps everything, and writes it when the store is back', async () => {
      const { ledger, ask, clock, tally, elsewhere } = create();
      tally.away = 'before';
      for (let i = 0; i < 5; i++) {
        ask(10);
        await clock.advance(flushInterval);
      }
      tally.away = 'no';
      await clock.advance(flushInterval);
      expect((await elsewhere()).totals.hits).toBe(50);
      expect(ledger.facts).toMatchObject({ hits: 50, unrecorded: 0, pending: 0 });
    });

    it('never counts twice what was added although it looked as if it was not', async () => {
      const { ledger, ask, clock, tally, elsewhere } = create();
      for (let i = 0; i < 20; i++) {
        tally.away = i % 3 === 0 ? 'no' : i % 3 === 1 ? 'after' : 'before';
        ask(1);
        await clock.advance(flushInterval);
      }
      tally.away = 'no';
      await ledger.close(1_000);
      expect((await elsewhere()).totals.hits).toBe(20);
    });

    it('says that the report is not all, and shows what is known here', async () => {
      const { ledger, ask, clock, tally } = create();
      ask(2);
      await clock.advance(flushInterval);
      tally.away = 'before';
      ask(3);
      expect(await ledger.report()).toMatchObject({ complete: false, missing: 'store', totals: { hits: 3 } });
      tally.away = 'no';
      const found = await ledger.report();
      expect(found).toMatchObject({ complete: true, totals: { hits: 5 } });
      expect(found).not.toHaveProperty('missing');
    });

    it('shows an amount of which it is not known whether it was added once', async () => {
      const { ledger, ask, clock, tally } = create();
      tally.away = 'after';
      ask(4);
      await clock.advance(flushInterval);
      ask(1);
      expect(await ledger.report()).toMatchObject({ complete: true, totals: { hits: 5 } });
      tally.away = 'no';
      expect(await ledger.report()).toMatchObject({ complete: true, totals: { hits: 5 } });
    });

    it('has a bound: what tells least makes room, the oldest first, and is counted', async () => {
      const { ledger, ask, clock, tally, elsewhere } = create({ maxCells: 20 });
      tally.away = 'before';
      ask(1, { workspaceId: 'old and rare', modelId: 'm' });
      clock.setWall(clock.now() + 86_400_000);
      for (let i = 0; i < 19; i++) ask(i === 0 ? 1 : 5, { workspaceId: `w${i}`, modelId: 'm' });
      expect(ledger.facts).toMatchObject({ pending: 20, unrecorded: 0 });
      ask(7, { workspaceId: 'new', modelId: 'm' });
      expect(ledger.facts).toMatchObject({ pending: 19, unrecorded: 2 }); // a tenth of them
      for (let i = 0; i < 1_000; i++) ask(1, { workspaceId: `flood-${i}`, modelId: 'm' });
      expect(ledger.facts.pending).toBeLessThanOrEqual(20);
      tally.away = 'no';
      await clock.advance(flushInterval);
      const { totals, rows } = await elsewhere();
      expect(totals.hits + ledger.facts.unrecorded).toBe(1 + 91 + 7 + 1_000);
      expect(rows.find(({ workspaceId }) => workspaceId === 'new')).toMatchObject({ hits: 7 });
      expect(rows.some(({ workspaceId }) => workspaceId === 'old and rare')).toBe(false);
    });

    it('has the same bound when everything was sent and nothing is confirmed', async () => {
      const { ledger, ask, clock, tally, elsewhere } = create({ maxCells: 10 });
      tally.away = 'before';
      for (let i = 0; i < 10; i++) ask(1, { workspaceId: `w${i}`, modelId: 'm' });
      await clock.advance(flushInterval);
      for (let i = 0; i < 100; i++) ask(1, { workspaceId: `v${i}`, modelId: 'm' });
      expect(ledger.facts).toMatchObject({ pending: 10, unrecorded: 100 });
      tally.away = 'no';
      await clock.advance(flushInterval);
      expect((await elsewhere()).totals.hits).toBe(10);
    });

    it('makes up for an erasure later, and shows nothing of it meanwhile', async () => {
      const { ledger, ask, clock, tally, elsewhere } = create();
      ask(2);
      ask(3, { workspaceId: 'w2', modelId: 'm' });
      await clock.advance(flushInterval);
      tally.away = 'before';
      ask(1);
      await ledger.erase('w1');
      expect((await ledger.report()).totals.hits).toBe(0);
      ask(10); // after the erasure
      tally.away = 'no';
      await clock.advance(flushInterval);
      expect((await elsewhere()).rows).toMatchObject([
        { workspaceId: 'w1', hits: 10 },
        { workspaceId: 'w2', hits: 3 },
      ]);
    });
  });

  it('counts what a sheet has no room for', async () => {
    const { ledger, ask, elsewhere } = create({ bounds: { maxNames: 5 } });
    ask(4); // hits, input, output, latencyMs, unpriced
    ask(3, { workspaceId: 'w1', modelId: 'one too many' });
    await ledger.flush();
    expect(ledger.facts.unrecorded).toBe(3);
    expect((await elsewhere()).totals.hits).toBe(4);
  });

  it('counts questions with ids that no key is made of, and nothing fails', async () => {
    const { ledger, ask } = create();
    ask(1, { workspaceId: 'w'.repeat(2_000), modelId: 'm' });
    ask(1, { workspaceId: 'w', modelId: '' });
    expect(ledger.facts).toMatchObject({ hits: 2, unrecorded: 2, pending: 0 });
  });

  it('takes nothing for a number that is none, whatever stands in an entry', async () => {
    const { ledger } = create();
    const forged = {
      metadata: { tokens: 'many', latencyMs: Infinity, usage: { input: -1, output: NaN, cachedInput: 1e300 } },
      cost: { currency: 'E|R:x', micros: 1.5, rest: {}, partial: 'no' },
    } as unknown as typeof ANSWER;
    ledger.hit(M, 'exact', forged);
    ledger.hit(M, 'exact', {
      metadata: {},
      cost: { currency: 'EUR', micros: NaN, rest: -5 },
    } as unknown as typeof ANSWER);
    const { totals } = await ledger.report();
    expect(totals).toEqual({
      ...{ calls: 0, hits: 2, coalesced: 0, stale: 0, unpriced: 1, spent: [] },
      tokensAvoided: { input: 0, cachedInput: 1e12, output: 0, unspecified: 0 },
      ...{ latencySavedMs: 86_400_000, saved: [{ currency: 'EUR', micros: 0 }] },
    });
  });

  describe('reports', () => {
    it('by what is asked for, with totals', async () => {
      const { ledger, ask } = create();
      ask(1);
      ask(2, { workspaceId: 'w2', modelId: 'm' });
      ask(4, { workspaceId: 'a:b|%', modelId: 'org/model|x:1' });
      const rowsBy = async (...groupBy: ('workspace' | 'model' | 'day')[]) =>
        (await ledger.report({ groupBy })).rows.map(({ workspaceId, modelId, day, hits }) => [
          ...[workspaceId, modelId, day].filter((label) => label !== undefined),
          hits,
        ]);
      expect(await rowsBy('workspace')).toEqual([
        ['a:b|%', 4],
        ['w1', 1],
        ['w2', 2],
      ]);
      expect(await rowsBy('model', 'day')).toEqual([
        ['m', '2025-01-01', 3],
        ['org/model|x:1', '2025-01-01', 4],
      ]);
      expect(await rowsBy()).toEqual([[7]]);
      expect((await ledger.report({ workspaceId: 'w2' })).totals).toMatchObject({ hits: 2 });
      expect((await ledger.report({ workspaceId: 'w' })).rows).toEqual([]);
      expect((await ledger.report({ modelId: 'm' })).totals).toMatchObject({ hits: 3, tokensAvoided: { input: 30 } });
    });

    it('of the last 30 days, or of the days that are named', async () => {
      const { ledger, ask, clock } = create();
      const day = (n: number): number => Date.UTC(2025, 0, n, 12);
      for (let n = 1; n <= 31; n++) {
        clock.setWall(day(n));
        ask(1);
      }
      const found = await ledger.report();
      expect(found).toMatchObject({ from: '2025-01-02', to: '2025-01-31', totals: { hits: 30 } });
      const some = { from: new Date(day(10)), to: '2025-01-12', groupBy: ['day'] } as const;
      expect((await ledger.report(some)).rows.map((row) => row.day)).toEqual([
        '2025-01-10',
        '2025-01-11',
        '2025-01-12',
      ]);
    });

    it('say so when there is more than can be read at once', async () => {
      const { ledger, ask } = create({ bounds: { maxAccounts: 3 } });
      for (const workspaceId of ['w1', 'w2', 'w3', 'w4']) ask(1, { workspaceId, modelId: 'm' });
      expect(await ledger.report()).toMatchObject({ complete: false, missing: 'bound', totals: { hits: 3 } });
      expect(await ledger.report({ workspaceId: 'w4' })).toMatchObject({ complete: true, totals: { hits: 1 } });
    });

    it('refuse what is no query, all problems at once', async () => {
      const { ledger } = create();
      const query = { from: '2025-02-31', to: 'yesterday', groupBy: ['week'], workspace: 'w1' } as object;
      await expect(ledger.report(query)).rejects.toMatchObject({
        problems: ['workspace', 'to', 'from', 'groupBy'].map((path) => expect.objectContaining({ path })),
      });
      await expect(ledger.report({ from: '2025-01-02', to: '2025-01-01' })).rejects.toThrow('from');
      await expect(ledger.report({ from: '2001-01-01', to: '2025-01-01' })).rejects.toThrow('3660 days');
      await expect(ledger.report({ to: new Date(NaN) })).rejects.toThrow('to');
      await expect(ledger.report({ workspaceId: '' })).rejects.toThrow('key');
    });

    it('see what is counted and due to be written while they read', async () => {
      const { ledger, ask, clock, tally } = create();
      let handOver!: () => void;
      tally.slow = new Promise((resolve) => (handOver = resolve));
      ask(1);
      const report = ledger.report();
      await clock.advance(0); // it has read
      ask(2);
      await clock.advance(flushInterval);
      handOver();
      expect((await report).totals.hits).toBe(3);
      expect(await ledger.report()).toMatchObject({ totals: { hits: 3 } });
    });

    it('see every amount exactly once, whenever they are asked for', async () => {
      const { ledger, ask, clock } = create();
      let asked = 0;
      for (let i = 0; i < 50; i++) {
        ask(1);
        asked++;
        const reports = [ledger.report(), ledger.report()];
        if (i % 3 === 0) void ledger.flush();
        await clock.advance(i % 4 === 0 ? flushInterval : 0);
        for (const report of reports) expect((await report).totals.hits).toBe(asked);
      }
    });
  });
});
