import { OptionCheck } from '@mobius1/kernel';
import { decode, encode, type Payload } from './codec/codec.js';
import { Entry } from './entry.js';
import { InvalidValueError } from './errors.js';
import { lifetimeFrom } from './freshness.js';
import { provenSince, type Sequence, type Stamp, tagNames } from './generation.js';
import { checkTags, type LoadOptions, type Plan, ttlMs } from './options.js';
import { fitsRecord } from './record.js';
import { SharedValue } from './shared-value.js';
import type { Store } from './store.js';
import type { Token } from './token.js';

/** A value on its way into the store. */
export interface Draft {
  readonly call: string;
  readonly value: unknown;
  readonly namespace: string | undefined;
  readonly options: LoadOptions<never> | undefined;
  readonly plan: Plan;
  readonly version: Token;
  readonly costMs: number;
  /** Generations that were read before the load. */
  readonly stamps: readonly Stamp[];
  /** Where the sequence stood before the load; needed for tags known only from the value. */
  readonly sequence: Sequence | undefined;
}

/** A loaded value, made ready for the store and for other callers. */
export interface Drafted {
  /** What to store; absent when the value is not to be stored. */
  readonly entry?: Entry;
  /** Why there is no entry. */
  readonly refusal?: string;
  /** Hands out the value to others (G8); absent when it cannot be copied. */
  readonly take?: () => unknown;
}

export interface DraftContext {
  readonly store: Store;
  readonly random: number;
  readonly maxValueBytes: number;
}

/**
 * Encodes a value for the store.
 *
 * @throws InvalidValueError when it is undefined, of a kind that does not survive encoding, or too large
 */
export function encodeValue(value: unknown, maxBytes: number): Payload {
  if (value === undefined) {
    throw new InvalidValueError('undefined cannot be cached: it means "not there". Use null for "nothing".');
  }
  const payload = encode(value);
  if (payload.bytes.length > maxBytes) {
    throw new InvalidValueError(
      `The value takes ${payload.bytes.length} bytes, more than the limit of ${maxBytes} (option maxValueBytes).`,
    );
  }
  return payload;
}

/** Makes copies of a value for callers beside the one who loaded it; `undefined` when it cannot be copied. */
export function sharer(value: unknown): (() => unknown) | undefined {
  if (value === undefined) return () => undefined;
  try {
    const payload = encode(value);
    const shared = SharedValue.of(decode(payload), () => decode(payload));
    return () => shared.take();
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined;
    throw error;
  }
}

/** Stamps for tags that only the value knows, or `undefined` when they may have been invalidated during the load. */
async function lateStamps(draft: Draft, store: Store): Promise<readonly Stamp[] | undefined> {
  const tags = draft.options?.tags;
  if (typeof tags !== 'function') return [];
  const named = tags(draft.value as never);
  const check = new OptionCheck(draft.call);
  checkTags(check, named);
  check.throwIfAny();
  const names = tagNames(named, draft.namespace).filter((name) => !draft.stamps.some((stamp) => stamp.name === name));
  if (names.length === 0) return [];
  const { generations } = await store.draw(names, 'missing');
  if (!generations.every((generation) => provenSince(generation, draft.sequence))) return undefined;
  return names.map((name, i) => ({ name, generation: generations[i] ?? '' }));
}

/**
 * Makes the entry for a loaded value. Never fails: whatever keeps the value from being stored (its kind or size, `unless`,
 * a `ttl` or `tags` function that throws, tags that were not known before the load) is a refusal with its reason, because
 * a value that was loaded must reach its caller.
 */
export async function makeEntry(draft: Draft, { store, random, maxValueBytes }: DraftContext): Promise<Drafted> {
  const { options, plan, value, version, costMs } = draft;
  try {
    const payload = encodeValue(value, maxValueBytes);
    const { ttl, unless } = options ?? {};
    const staleMs = Math.max(plan.staleWhileRevalidateMs, plan.staleIfErrorMs);
    const lifetime = {
      ttlMs: typeof ttl === 'function' ? ttlMs(draft.call, ttl(value as never)) : plan.ttlMs,
      jitter: plan.jitter,
      staleMs,
    };
    if (unless?.(value as never) === true) return { refusal: 'refused by unless', take: sharer(value) };
    const late = await lateStamps(draft, store);
    if (late === undefined) return { refusal: 'its tags were new; they are known now', take: sharer(value) };
    const times = lifetimeFrom(store.now(), lifetime, random);
    const entry = new Entry({ version, costMs, payload, ...times, stamps: [...draft.stamps, ...late] });
    const take = (): unknown => entry.value();
    return fitsRecord(entry) ? { entry, take } : { refusal: 'it has too many tags', take };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { refusal: reason, take: sharer(value) };
  }
}
