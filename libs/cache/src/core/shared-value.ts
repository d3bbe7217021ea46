import { MAX_DEPTH } from './codec/depth.js';
import { DamagedValueError } from './errors.js';

/**
 * One decoded value for many callers, none of whom can change what another sees (G8). It picks the cheapest way that is
 * safe, by what the value holds:
 *
 * - plain data only (objects, arrays, primitives): deep-frozen once, then handed out to everybody;
 * - plain data with Dates, the usual database row: `Object.freeze` does not stop `setTime`, so each caller gets Dates of
 *   their own, in a frozen copy of the objects that lead to them; all the rest is frozen once and shared. Not when objects
 *   refer to each other in more than one way, which such copies would tear apart;
 * - anything else (Map, Set, Buffer, views, URL, Error, RegExp, registered types): decoded again for each caller. What
 *   they get is theirs alone, and not frozen.
 *
 * For 100 rows of ten columns: freezing costs 40 % of their one parse, then a hit is free; with two Dates each, a copy
 * costs a fifth of decoding them again.
 */
export class SharedValue {
  readonly #value: unknown;
  /** Absent when everybody may have the value itself. */
  readonly #copy: (() => unknown) | undefined;

  private constructor(value: unknown, copy?: () => unknown) {
    this.#value = value;
    this.#copy = copy;
  }

  /**
   * @param value freshly decoded, and nobody else's
   * @param redecode makes another such value
   * @throws DamagedValueError when the value nests deeper than any encoder of ours writes
   */
  static of(value: unknown, redecode: () => unknown): SharedValue {
    const freezing = new Freezing();
    const holds = freezing.freeze(value, 0);
    if (holds === 'plain') return new SharedValue(value);
    if (holds === 'dates' && !freezing.tangled) return new SharedValue(undefined, () => freezing.copy(value));
    return new SharedValue(undefined, redecode);
  }

  /** Whether everybody is handed the value itself. */
  get plain(): boolean {
    return this.#copy === undefined;
  }

  /** The value, safe to hand out. */
  take(): unknown {
    return this.#copy === undefined ? this.#value : this.#copy();
  }
}

type Holds = 'plain' | 'dates' | 'other';

/** Stand-ins of the codec may add one level. */
const DEEPEST = MAX_DEPTH + 1;

class Freezing {
  /** Whether some object was met twice. */
  tangled = false;
  /** Objects that lead to Dates, with the properties that do. */
  readonly #spine = new Map<object, string[]>();

  /** Freezes on the way in: what is frozen already has been visited, because decoding freezes nothing. */
  freeze(value: unknown, depth: number): Holds {
    if (typeof value !== 'object' || value === null) return 'plain';
    if (depth > DEEPEST) throw new DamagedValueError('A stored value cannot be used: it is nested too deeply.');
    if (value instanceof Date) return this.#freezeDate(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return 'other';
    if (Object.isFrozen(value)) {
      this.tangled = true;
      return 'plain';
    }
    Object.freeze(value);
    return this.#freezeMembers(value as Record<string, unknown>, depth + 1);
  }

  /** Each caller's own copy of a value with Dates. */
  copy(value: unknown): unknown {
    if (value instanceof Date) return new Date(value);
    const names = this.#spine.get(value as object);
    if (names === undefined) return value;
    const copy = (Array.isArray(value) ? value.slice() : { ...(value as object) }) as Record<string, unknown>;
    for (const name of names) copy[name] = this.copy(copy[name]);
    return Object.freeze(copy);
  }

  #freezeDate(date: Date): Holds {
    if (Object.isFrozen(date)) this.tangled = true;
    Object.freeze(date);
    return 'dates';
  }

  #freezeMembers(value: Record<string, unknown>, depth: number): Holds {
    const dated: string[] = [];
    const dense = Array.isArray(value) && Object.keys(value).length === value.length;
    if (dense) {
      for (let i = 0; i < value.length; i++) {
        const holds = this.freeze(value[i], depth);
        if (holds === 'other') return 'other';
        if (holds === 'dates') dated.push(String(i));
      }
    } else {
      for (const name in value) {
        const holds = this.freeze(value[name], depth);
        if (holds === 'other') return 'other';
        if (holds === 'dates') dated.push(name);
      }
    }
    if (dated.length === 0) return 'plain';
    // Slice, spread and assignment would not copy these as they are.
    const odd = Array.isArray(value) ? !dense : Object.getPrototypeOf(value) === null || dated.includes('__proto__');
    if (odd) return 'other';
    this.#spine.set(value, dated);
    return 'dates';
  }
}
