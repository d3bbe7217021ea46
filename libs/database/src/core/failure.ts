/**
 * What a failed database operation means. One classifier for all shapes in which Prisma 7, its adapter, `pg` and the
 * operating system tell it: a write conflict alone comes as `P2034` from model calls, as `P2010` with the SQLSTATE deep in
 * `meta` from raw SQL, and as a bare adapter error without any code from COMMIT.
 *
 * - `conflict`: another transaction was in the way (serialization failure, deadlock); nothing was written.
 * - `lock`: a lock was not free within `lock_timeout`.
 * - `refused`: no connection could be made; nothing was sent.
 * - `lost`: the connection ended while something was under way; whether it was done is not known.
 * - `read-only`: the server takes no writes: it is a replica, as after a failover.
 * - `saturated`: no connection of the pool became free in time; nothing was sent.
 * - `cancelled`: the statement took longer than it may, or somebody cancelled it.
 * - `expired`: the transaction took longer than it may, and was rolled back.
 * - `constraint`: the data break a rule; trying again breaks it again.
 * - `other`: anything else, mistakes in programs above all.
 */
export type FailureKind =
  | 'conflict'
  | 'lock'
  | 'refused'
  | 'lost'
  | 'read-only'
  | 'saturated'
  | 'cancelled'
  | 'expired'
  | 'constraint'
  | 'other';

/** A failure, and what it was recognised by. */
export interface Failure {
  /** What went wrong, as far as it matters for trying again. */
  readonly kind: FailureKind;
  /** PostgreSQL's code, when the server answered with one. */
  readonly sqlState: string | undefined;
}

/** Longest prefix first: `57P01` is something else than other codes of class 57. */
const SQL_STATES: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ['40001', 'conflict'],
  ['40P01', 'conflict'],
  ['55P03', 'lock'],
  ['53300', 'refused'], // too many connections
  ['57P03', 'refused'], // the server starts
  ['57P01', 'lost'], // terminated by an administrator
  ['57P02', 'lost'], // the server crashed
  ['57P05', 'lost'], // idle for too long
  ['25006', 'read-only'],
  ['57014', 'cancelled'],
  ['25P03', 'expired'], // idle in transaction for too long
  ['25P04', 'expired'], // transaction_timeout
  ['08', 'lost'],
  ['23', 'constraint'],
];

const PRISMA_CODES: Readonly<Record<string, FailureKind>> = {
  P1001: 'refused',
  P1002: 'refused',
  P1008: 'lost',
  P1017: 'lost',
  P2002: 'constraint',
  P2003: 'constraint',
  P2004: 'constraint',
  P2011: 'constraint',
  P2024: 'saturated',
  P2028: 'expired',
  P2034: 'conflict',
  P2037: 'refused',
};

/** `kind` of what Prisma's adapter makes of an answer of the server. */
const ADAPTER_KINDS: Readonly<Record<string, FailureKind>> = {
  TransactionWriteConflict: 'conflict',
  UniqueConstraintViolation: 'constraint',
  ForeignKeyConstraintViolation: 'constraint',
  NullConstraintViolation: 'constraint',
  DatabaseNotReachable: 'refused',
  TooManyConnections: 'refused',
  ConnectionClosed: 'lost',
  SocketTimeout: 'lost',
};

const SYSTEM_CODES: Readonly<Record<string, FailureKind>> = {
  DATABASE_POOL_TIMEOUT: 'saturated', // our own, of the pool
  DATABASE_POOL_QUEUE_FULL: 'saturated',
  DATABASE_UNREACHABLE: 'refused',
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'refused',
  EAI_AGAIN: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ENOENT: 'refused', // a Unix socket that is not there
  ECONNRESET: 'lost',
  EPIPE: 'lost',
  ETIMEDOUT: 'lost',
};

/** What `pg` and Prisma say in words only. */
const WORDS: readonly (readonly [pattern: RegExp, kind: FailureKind])[] = [
  [/^timeout exceeded when trying to connect/, 'saturated'],
  [/Connection terminated|not queryable|Client was closed|Connection ended/i, 'lost'],
  [/^Transaction API error: (Transaction already closed|Unable to start a transaction)/, 'expired'],
];

const SQL_STATE = /^[0-9A-Z]{5}$/;
/** Causes within causes; more is a circle. */
const DEEPEST = 8;

interface Told {
  readonly code?: unknown;
  readonly kind?: unknown;
  readonly originalCode?: unknown;
  readonly sqlState?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}

/** Says what an error means; never throws, whatever it is given. */
export function classifyFailure(error: unknown): Failure {
  const all = [...told(error)];
  // What the server itself said is the surest; then what was made of it; then words.
  const sqlState = all.flatMap(({ code, originalCode, sqlState: own }) => [originalCode, own, code]).find(isSqlState);
  const kind =
    kindOfSqlState(sqlState) ??
    first(all, ({ code }) => own(PRISMA_CODES, code)) ??
    first(all, ({ kind: named }) => own(ADAPTER_KINDS, named)) ??
    first(all, ({ code }) => own(SYSTEM_CODES, code)) ??
    first(all, ({ message }) => WORDS.find(([pattern]) => typeof message === 'string' && pattern.test(message))?.[1]);
  return { kind: kind ?? 'other', sqlState };
}

/** The error and everything inside it that may say more, from the outside in. */
function* told(error: unknown, depth = 0): Generator<Told> {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return;
  const one = error as Told;
  yield one;
  yield* told(one.meta?.driverAdapterError, depth + 1);
  yield* told(one.cause, depth + 1);
  // All addresses of a name were tried; the last one is as good as any.
  if (Array.isArray(one.errors)) yield* told(one.errors.at(-1), depth + 1);
}

// Node.js has codes of five letters too (EPIPE); those of PostgreSQL have a digit in them, and Prisma's begin with P.
const isSqlState = (code: unknown): code is string =>
  typeof code === 'string' &&
  SQL_STATE.test(code) &&
  /\d/.test(code) &&
  own(PRISMA_CODES, code) === undefined &&
  !/^P[1-6]\d{3}$/.test(code);

const kindOfSqlState = (code: string | undefined): FailureKind | undefined =>
  code === undefined ? undefined : SQL_STATES.find(([prefix]) => code.startsWith(prefix))?.[1];

const own = (table: Readonly<Record<string, FailureKind>>, name: unknown): FailureKind | undefined =>
  typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;

function first(all: readonly Told[], kindOf: (one: Told) => FailureKind | undefined): FailureKind | undefined {
  for (const one of all) {
    const kind = kindOf(one);
    if (kind !== undefined) return kind;
  }
  return undefined;
}
