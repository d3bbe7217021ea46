/** How the units of a limit are counted. */
export type MeterKind = 'sliding' | 'bucket' | 'fixed' | 'calendar' | 'slots';

/** A window of the calendar, in milliseconds since 1970. */
export interface CalendarWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** A block after a denial: the n-th in a row lasts `ms * factor ** (n - 1)`, at most `maxMs`, for which it is remembered, too. */
export interface BlockRule {
  readonly ms: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** A limit, resolved. Two rules with one id are the same limit; its number may have been changed. */
export interface LimitRule {
  readonly id: string;
  readonly kind: MeterKind;
  readonly limit: number;
  /** Of slots: how long one is kept that nobody renews. Of the calendar: 0. */
  readonly windowMs: number;
  /** Units at once: those of the bucket, else the limit. */
  readonly capacity: number;
  /** Units that a settlement may charge beyond the capacity. */
  readonly debt: number;
  readonly calendar: (nowMs: number) => CalendarWindow;
  readonly block: BlockRule | undefined;
  /** Decides, and denies nothing. */
  readonly shadow: boolean;
}

/** Units of one limit for one identity. */
export interface Charge {
  /** Whom it concerns, encoded: no braces, bounded. What lies under one identity lies in one slot of a Cluster. */
  readonly identity: string;
  readonly rule: LimitRule;
  readonly cost: number;
  /** Whether a settlement may change what was charged. */
  readonly settles: boolean;
}

/** What holds slots or a reservation. */
export interface Claim {
  readonly token: string;
  /** How long a reservation may be settled. */
  readonly ms: number;
}

/** What a limit says of a charge. */
export interface Verdict {
  readonly allowed: boolean;
  readonly blocked: boolean;
  /** Units left, after the charge if it was made. */
  readonly remaining: number;
  /** Until all units are there again. */
  readonly resetMs: number;
  /** Until the charge fits; `undefined`: it does, or nobody can know. */
  readonly retryMs: number | undefined;
}

export interface Ruling {
  /** Whether everything was charged. */
  readonly allowed: boolean;
  readonly verdicts: readonly Verdict[];
}

/**
 * The port of rate limits. Every call is one atomic step on the store's own time; a ruling that denies has charged nothing of any limit
 * (G14). What the store cannot do now it rejects with `StoreUnavailableError`.
 */
export interface LimitStore {
  readonly kind: 'memory' | 'redis';
  /** Charges everything, or nothing; with a claim, slots are taken and the reservation is noted under its token. */
  charge(charges: readonly Charge[], claim?: Claim): Promise<Ruling>;
  /** What `charge` would say. */
  peek(charges: readonly Charge[]): Promise<Ruling>;
  /** Keeps the slots of a token; one that was lost is taken again: what is held counts. */
  renew(charges: readonly Charge[], token: string): Promise<void>;
  /** Gives the slots of a token back. */
  release(charges: readonly Charge[], token: string): Promise<void>;
  /** Charges `actual` in place of what was reserved; false when the reservation is not known, any more. */
  settle(charges: readonly Charge[], token: string, actual: number): Promise<boolean>;
  /** Forgets what was used, and blocks that followed. */
  reset(charges: readonly Pick<Charge, 'identity' | 'rule'>[]): Promise<void>;
  /** Denies everything to an identity for a time. */
  block(identity: string, ms: number): Promise<void>;
  /** Ends every block of an identity. */
  unblock(identity: string): Promise<void>;
}

/**
 * Up to this limit a sliding window knows the time of each unit and is exact: 8 bytes a unit, 16 KB. Above it counts by segment, and never
 * admits more either.
 */
export const EXACT_UNITS = 2_000;
/** Limits change while they are used, and debts come on top: a log that would need more than this is counted by segment from then on. */
export const LONGEST_LOG = 2 * EXACT_UNITS;
/** Segments of a window; the oldest counts in full, so at most a 60th of the throughput is lost. */
export const SEGMENTS = 60;
