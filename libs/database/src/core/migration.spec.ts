import { MigrationUnfinishedError } from './errors.js';
import { checksumOf, planMigrations } from './migration.js';

const applied = (name: string, sql: string, finished = true) => ({ name, checksum: checksumOf(sql), finished });

describe('planMigrations', () => {
  const files = [
    { name: '2_second', sql: 'select 2;\n' },
    { name: '1_first', sql: 'select 1;\n' },
  ];

  it('applies everything to an empty database, oldest first', () => {
    const plan = planMigrations(files, []);
    expect(plan.pending.map(({ name }) => name)).toEqual(['1_first', '2_second']);
    expect(plan).toMatchObject({ edited: [], unknown: [] });
  });

  it('leaves out what is applied', () => {
    const plan = planMigrations(files, [applied('1_first', 'select 1;\n')]);
    expect(plan.pending.map(({ name }) => name)).toEqual(['2_second']);
  });

  it('reports an edited file, but not one with other line ends', () => {
    const records = [applied('1_first', 'select 1;\r\n'), applied('2_second', 'select 22;\n')];
    expect(planMigrations(files, records)).toEqual({ pending: [], edited: ['2_second'], unknown: [] });
  });

  it('reports a migration that only the database knows', () => {
    expect(planMigrations([], [applied('3_newer', '')]).unknown).toEqual(['3_newer']);
  });

  it('goes no further when an earlier run stopped in the middle', () => {
    const records = [applied('1_first', 'select 1;\n', false)];
    expect(() => planMigrations(files, records)).toThrow(MigrationUnfinishedError);
    expect(() => planMigrations(files, records)).toThrow(/migrate resolve --rolled-back 1_first/);
  });

  it('computes the checksum that Prisma stores', () => {
    expect(checksumOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
