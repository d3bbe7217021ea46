import type { Posting, Tally, TallyBounds } from '../../libs/cache/src/core/tally.js';

export interface TallyUnderTest {
  readonly tally: Tally;
  readonly close?: () => Promise<void>;
}

const DAY = '2026-01-31';

export function posting(changes: Partial<Omit<Posting, 'amounts'>> & { amounts?: Record<string, number> }): Posting {
  const { amounts = { 'hits|m': 1 }, ...rest } = changes;
  const defaults = { day: DAY, account: 'w1', writer: 'writer-1', number: 1, keepMs: 60_000 };
  return { ...defaults, ...rest, amounts: new Map(Object.entries(amounts)) };
}

/** The contract of the `Tally` port, for every driver. `make` gives an empty one for each test. */
export function describeTally(name: string, make: (bounds?: TallyBounds) => Promise<TallyUnderTest>): void {
  describe(`tally contract: ${name}`, () => {
    const closing: (() => Promise<void>)[] = [];
    const open = async (bounds?: TallyBounds): Promise<Tally> => {
      const { tally, close } = await make(bounds);
      if (close !== undefined) closing.push(close);
      return tally;
    };
    const sumsOf = async (tally: Tally, account = 'w1', day = DAY): Promise<Record<string, number>> =>
      Object.fromEntries((await tally.read(day, account)).sums);
    afterEach(async () => {
      await Promise.all(closing.splice(0).map((close) => close()));
    });

    it('has nothing of those of whom it was told nothing', async () => {
      const tally = await open();
      const { sums, written } = await tally.read(DAY, 'w1');
      expect([sums.size, written.size, await tally.accounts(DAY)]).toEqual([0, 0, { accounts: [], all: true }]);
      await tally.erase('w1');
    });

    it('adds up by name, day and account', async () => {
      const tally = await open();
      expect(await tally.add(posting({ amounts: { 'hits|m': 2, 'saved:EUR|m': 0 } }))).toEqual([]);
      await tally.add(posting({ number: 2, amounts: { 'hits|m': 3, 'calls|ñ {*}': 1 } }));
      await tally.add(posting({ number: 3, day: '2026-02-01' }));
      await tally.add(posting({ number: 4, account: 'w2', amounts: { 'hits|m': 7 } }));
      expect(await sumsOf(tally)).toEqual({ 'hits|m': 5, 'saved:EUR|m': 0, 'calls|ñ {*}': 1 });
      expect(await sumsOf(tally, 'w1', '2026-02-01')).toEqual({ 'hits|m': 1 });
      expect(await sumsOf(tally, 'w2')).toEqual({ 'hits|m': 7 });
    });

    it('adds a posting once, however often and late it comes', async () => {
      const tally = await open();
      const first = posting({ number: 5 });
      await Promise.all([tally.add(first), tally.add(first), tally.add(first)]);
      await tally.add(posting({ number: 6, amounts: { 'hits|m': 10 } }));
      await tally.add(first);
      expect(await sumsOf(tally)).toEqual({ 'hits|m': 11 });
      expect((await tally.read(DAY, 'w1')).written).toEqual(new Map([['writer-1', 6]]));
    });

    it('adds what several writers count, each with numbers of its own', async () => {
      const tally = await open();
      const writers = Array.from({ length: 20 }, (_, i) => `writer-${i}`);
      await Promise.all(writers.map((writer) => tally.add(posting({ writer, number: 1 }))));
      await Promise.all(writers.map((writer) => tally.add(posting({ writer, number: 2, amounts: { 'hits|m': 4 } }))));
      expect(await sumsOf(tally)).toEqual({ 'hits|m': 100 });
      expect((await tally.read(DAY, 'w1')).written.size).toBe(20);
    });

    it('stops at the highest whole number instead of failing or counting wrongly', async () => {
      const tally = await open();
      const most = { 'saved:VND|m': Number.MAX_SAFE_INTEGER };
      for (let number = 1; number <= 3; number++) await tally.add(posting({ number, amounts: most }));
      expect(await sumsOf(tally)).toEqual(most);
    });

    it('says for what a sheet had no room, and goes on with what is there', async () => {
      const tally = await open({ maxNames: 2 });
      expect(await tally.add(posting({ amounts: { a: 1, b: 1, c: 1 } }))).toEqual(['c']);
      expect(Object.keys(await sumsOf(tally))).toHaveLength(2);
      expect(await tally.add(posting({ number: 2, amounts: { a: 1, d: 1 } }))).toEqual(['d']);
      expect(await sumsOf(tally)).toEqual({ a: 2, b: 1 });
    });

    it('lists the accounts of a day, and says when that may not be all', async () => {
      const tally = await open({ maxAccounts: 3 });
      const listed = async () => {
        const { accounts, all } = await tally.accounts(DAY);
        return { accounts: [...accounts].sort(), all };
      };
      for (const [i, account] of ['w1', 'w2', 'w1'].entries()) await tally.add(posting({ account, number: i + 1 }));
      await tally.add(posting({ account: 'other day', day: '2026-02-01', number: 4 }));
      expect(await listed()).toEqual({ accounts: ['w1', 'w2'], all: true });
      for (const [i, account] of ['w3', 'w4'].entries()) await tally.add(posting({ account, number: i + 5 }));
      const { accounts, all } = await listed();
      expect([accounts.length, all]).toEqual([3, false]);
      expect(await sumsOf(tally, 'w4')).toEqual({ 'hits|m': 1 }); // whoever knows the name finds it
    });

    it('erases one account, on all days, and nobody else', async () => {
      const tally = await open();
      const accounts = ['a', 'b:a', 'a:b', '*', '[a]', 'á{a}'];
      let number = 0;
      for (const account of accounts)
        for (const day of ['2019-12-31', DAY]) await tally.add(posting({ account, day, number: ++number }));
      await tally.erase('a');
      await tally.erase('*');
      const left = accounts.filter((account) => account !== 'a' && account !== '*');
      for (const day of ['2019-12-31', DAY]) {
        expect([...(await tally.accounts(day)).accounts].sort()).toEqual([...left].sort());
        expect(await sumsOf(tally, 'a', day)).toEqual({});
        for (const account of left) expect(await sumsOf(tally, account, day)).toEqual({ 'hits|m': 1 });
      }
      await tally.add(posting({ account: 'a', number: ++number }));
      expect(await sumsOf(tally, 'a')).toEqual({ 'hits|m': 1 });
    });
  });
}
