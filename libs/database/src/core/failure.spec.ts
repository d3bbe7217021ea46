import { classifyFailure } from './failure.js';
import { decide, type DECISIONS, type Operation } from './retry-policy.js';

const coded = (code: string, more: object = {}): Error => Object.assign(new Error('it failed'), { code, ...more });

describe('classifyFailure', () => {
  it.each([
    ['40001', 'conflict'],
    ['40P01', 'conflict'],
    ['55P03', 'lock'],
    ['53300', 'refused'],
    ['57P03', 'refused'],
    ['57P01', 'lost'],
    ['57P02', 'lost'],
    ['08006', 'lost'],
    ['08P01', 'lost'],
    ['25006', 'read-only'],
    ['57014', 'cancelled'],
    ['25P03', 'expired'],
    ['23505', 'constraint'],
    ['23514', 'constraint'],
    ['42601', 'other'],
    ['XX000', 'other'],
  ])('knows SQLSTATE %s as %s, from pg and from inside of what Prisma made of it', (sqlState, kind) => {
    const raw = coded('P2010', { meta: { driverAdapterError: { cause: { originalCode: sqlState } } } });
    const adapter = Object.assign(new Error('x'), {
      name: 'DriverAdapterError',
      cause: { kind: 'postgres', code: sqlState },
    });
    for (const error of [coded(sqlState), raw, adapter, new Error('outer', { cause: coded(sqlState) })]) {
      expect(classifyFailure(error)).toEqual({ kind, sqlState });
    }
  });

  it.each([
    ['P2034', 'conflict'],
    ['P2002', 'constraint'],
    ['P2028', 'expired'],
    ['P1001', 'refused'],
    ['P2037', 'refused'],
    ['P2025', 'other'],
    ['ECONNREFUSED', 'refused'],
    ['ENOTFOUND', 'refused'],
    ['ECONNRESET', 'lost'],
    ['EPIPE', 'lost'],
    ['EACCES', 'other'],
  ])('knows the code %s as %s', (code, kind) => {
    expect(classifyFailure(coded(code))).toEqual({ kind, sqlState: undefined });
  });

  it('knows a conflict at COMMIT, which has no code at all', () => {
    const bare = Object.assign(new Error('TransactionWriteConflict'), {
      name: 'DriverAdapterError',
      cause: { kind: 'TransactionWriteConflict' },
    });
    expect(classifyFailure(bare).kind).toBe('conflict');
  });

  it.each([
    ['timeout exceeded when trying to connect', 'saturated'],
    ['Connection terminated unexpectedly', 'lost'],
    ['Client has encountered a connection error and is not queryable', 'lost'],
    ['Transaction API error: Transaction already closed: …', 'expired'],
    ['something else', 'other'],
  ])('knows the words %j as %s', (words, kind) => {
    expect(classifyFailure(new Error(words)).kind).toBe(kind);
  });

  it('looks at the last of several addresses', () => {
    expect(classifyFailure(new AggregateError([coded('EACCES'), coded('ECONNREFUSED')])).kind).toBe('refused');
  });

  it('believes the server more than what was made of its answer', () => {
    expect(classifyFailure(coded('P2034', { cause: { originalCode: '23505' } })).kind).toBe('constraint');
  });

  it('survives whatever it is given', () => {
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    for (const odd of [undefined, null, 'text', 5, circle, { code: 5 }, { code: '__proto__' }, { meta: null }]) {
      expect(classifyFailure(odd)).toEqual({ kind: 'other', sqlState: undefined });
    }
  });
});

describe('the decision', () => {
  const verdicts = (kind: keyof typeof DECISIONS): string[] =>
    (['read', 'write', 'idempotent-write', 'transaction', 'commit'] as Operation[]).map((operation) =>
      decide({ kind, sqlState: undefined }, operation),
    );

  it('repeats what surely was not done', () => {
    expect(verdicts('conflict')).toEqual(['retry', 'retry', 'retry', 'retry', 'retry']);
    expect(verdicts('lock')).toEqual(verdicts('conflict'));
  });

  it('repeats after a lost connection what can be done twice or was not committed, nothing else', () => {
    expect(verdicts('lost')).toEqual(['retry', 'never', 'retry', 'retry', 'ambiguous']);
  });

  it('never repeats a COMMIT without an answer', () => {
    for (const kind of ['lost', 'refused', 'other'] as const) {
      expect(decide({ kind, sqlState: undefined }, 'commit')).toBe('ambiguous');
    }
    expect(decide({ kind: 'lost', sqlState: '57P01' }, 'commit')).toBe('ambiguous');
  });

  it('takes an answer to COMMIT for what it is: it was not committed', () => {
    expect(decide({ kind: 'constraint', sqlState: '23505' }, 'commit')).toBe('never');
    expect(decide({ kind: 'other', sqlState: '42P01' }, 'commit')).toBe('never');
  });

  it.each(['saturated', 'cancelled', 'expired', 'constraint', 'other'] as const)('never repeats what is %s', (kind) => {
    expect(verdicts(kind).slice(0, 4)).toEqual(['never', 'never', 'never', 'never']);
  });
});
