import { Entry, type HeldEntry } from '../../core/entry.js';
import type { Stamp } from '../../core/generation.js';
import { SharedValue } from '../../core/shared-value.js';

/** What many entries of a tier have in common: one object for all that have the same. */
export class Terms {
  readonly stamps: readonly Stamp[];
  /** How long after its TTL the entry is kept for those who allow stale values, in milliseconds. */
  readonly staleMs: number;
  readonly costMs: number;
  /** Times of the entries count from here; any time not long ago will do. */
  readonly epoch: number;
  /** The state of the generations at which the stamps were last found to stand. */
  checked = -1;

  constructor({ stamps, staleMs, costMs }: TermsOf, epoch: number) {
    this.stamps = stamps;
    this.staleMs = staleMs;
    this.costMs = costMs;
    this.epoch = epoch;
  }
}

export type TermsOf = Pick<Terms, 'stamps' | 'staleMs' | 'costMs'>;

/** The cost of a load only decides how early a refresh begins, by chance: an eighth more or less changes nothing. */
export function termsOf({ stamps, freshUntil, goneUntil, costMs }: Entry): TermsOf {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, costMs))) - 2);
  return { stamps, staleMs: Math.floor(goneUntil - freshUntil), costMs: Math.round(costMs / step) * step };
}

/** Equal for equal terms. */
export const keyOf = ({ stamps, staleMs, costMs }: TermsOf): string =>
  stamps.reduce((text, { name, generation }) => `${text}\n${name}\n${generation}`, `${staleMs} ${costMs}`);

/**
 * An entry as the tier holds it: decoded, without what only Redis needs. There are thousands of them, so each field counts:
 * a value that everybody may have stands for itself, and the end of the TTL is a small integer, which V8 keeps in the field
 * (when the process is older than 24 days it is a number like others, 16 bytes more). The bytes are let go once they are
 * decoded: they are a part of what came from the socket, and would hold all of it.
 */
export class NearEntry implements HeldEntry {
  readonly terms: Terms;
  readonly #fresh: number;
  /** The entry until its value is asked for; then the value, or what makes one for each caller. */
  #held: unknown;

  constructor(entry: Entry, terms: Terms) {
    this.terms = terms;
    this.#fresh = Math.floor(entry.freshUntil - terms.epoch);
    this.#held = entry;
  }

  get freshUntil(): number {
    return this.terms.epoch + this.#fresh;
  }

  get goneUntil(): number {
    return this.freshUntil + this.terms.staleMs;
  }

  get costMs(): number {
    return this.terms.costMs;
  }

  value(): unknown {
    const held = this.#held;
    if (held instanceof Entry) return this.#unpack(held);
    return held instanceof SharedValue ? held.take() : held;
  }

  #unpack(entry: Entry): unknown {
    const shared = entry.shared();
    this.#held = shared.plain ? shared.take() : shared;
    return shared.take();
  }
}

/** One that is held for a limited time, on the monotonic clock. */
export class TimedNearEntry extends NearEntry {
  readonly until: number;

  constructor(entry: Entry, terms: Terms, until: number) {
    super(entry, terms);
    this.until = until;
  }
}
