import { PrismaTransactions } from './prisma-transactions.js';

describe('transactions of Prisma', () => {
  let told: (readonly string[])[];
  let transactions: PrismaTransactions;
  beforeEach(() => {
    told = [];
    transactions = new PrismaTransactions(async (tags) => void told.push(tags));
  });
  const run = (body: unknown): Promise<unknown> => (body as () => Promise<unknown>)();
  const transaction = (body: () => Promise<unknown>): Promise<unknown> => transactions.around([body], run);

  it('name so many records one by one, and more by their models (G12)', async () => {
    await transaction(async () => {
      for (let i = 0; i < 5_000; i++) transactions.defer(['Document', `Document#${i}`, 'User#ana']);
    });
    const [tags = []] = told;
    expect(tags.length).toBeLessThanOrEqual(1_000);
    expect(tags).toEqual(expect.arrayContaining(['Document', 'Document#', 'User#']));
  });

  it('within each other are told once for each, and again when the outer one is committed (G16)', async () => {
    await transaction(async () => {
      await transaction(async () => transactions.defer(['Document']));
      expect(told).toEqual([['Document']]);
    });
    expect(told).toEqual([['Document'], ['Document']]);
  });

  it('keep nothing outside of one', () => {
    expect(transactions.defer(['Document'])).toBe(false);
  });
});
