import { decode, type Payload } from './codec/codec.js';
import { UnreadableValueError } from './errors.js';
import { SharedValue } from './shared-value.js';
import type { Stamp } from './generation.js';
import type { Token } from './token.js';

/** What an entry is made of. Times are milliseconds on the clock of the store, never on that of a client. */
export interface EntryFields {
  /** Token of the fill that wrote the value. */
  readonly version: Token;
  readonly createdAt: number;
  /** Until then a read is a hit. */
  readonly freshUntil: number;
  /** Until then the value may be served stale, to those who allow it. */
  readonly goneUntil: number;
  /** What the load cost, in milliseconds: how early a refresh should start. */
  readonly costMs: number;
  /** The generations the value depends on, as they were before its load. */
  readonly stamps: readonly Stamp[];
  readonly payload: Payload;
}

/** An entry as those need it who answer from it; a tier of this process may hold it in a form of its own. */
export interface HeldEntry extends Pick<EntryFields, 'freshUntil' | 'goneUntil' | 'costMs'> {
  /** Absent where only its age and value are held. */
  readonly version?: Token;
  /** The value, safe to hand out (G8). @throws DamagedValueError */
  value(): unknown;
}

/** A cached value with all that is needed to judge it. Immutable; decodes its value once, when first asked. */
export class Entry implements EntryFields, HeldEntry {
  readonly version: Token;
  readonly createdAt: number;
  readonly freshUntil: number;
  readonly goneUntil: number;
  readonly costMs: number;
  readonly stamps: readonly Stamp[];
  readonly payload: Payload;
  #shared: SharedValue | undefined;

  constructor(fields: EntryFields) {
    this.version = fields.version;
    this.createdAt = fields.createdAt;
    this.freshUntil = fields.freshUntil;
    this.goneUntil = fields.goneUntil;
    this.costMs = fields.costMs;
    this.stamps = fields.stamps;
    this.payload = fields.payload;
  }

  /** What hands out the value; decodes it if nobody asked for it yet. @throws DamagedValueError as `value` does */
  shared(): SharedValue {
    return (this.#shared ??= SharedValue.of(decode(this.payload), () => decode(this.payload)));
  }

  /** Whether this process can make a value of the bytes. What it merely does not know is for others, and for the next fill (G7). */
  get condition(): 'readable' | 'unreadable' | 'damaged' {
    try {
      this.shared();
      return 'readable';
    } catch (error) {
      return error instanceof UnreadableValueError ? 'unreadable' : 'damaged'; // nothing else comes out of the codec
    }
  }

  /**
   * The value, safe to hand out: frozen where it can be frozen, a copy of its own where it cannot (G8).
   *
   * @throws DamagedValueError when the bytes are not what an encoder of ours wrote.
   */
  value(): unknown {
    return this.shared().take();
  }
}
