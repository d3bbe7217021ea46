import { OptionCheck } from '@mobius1/kernel';
import { decode, encode, type Payload, sizeOf } from './codec/codec.js';
import { Entry } from './entry.js';
import { InvalidValueError } from './errors.js';
import { type Lifetime, lifetimeFrom } from './freshness.js';
import { provenSince, type Sequence, type Stamp, tagNames } from './generation.js';
import { checkTags, ttlMs } from './options.js';
import { fitsRecord } from './record.js';
import type { CacheRequest } from './request.js';
import { SharedValue } from './shared-value.js';
import type { Store } from './store.js';
import type { Token } from './token.js';

/** A value on its way into the store. */
export interface Draft {
  readonly request: CacheRequest;
  readonly value: unknown;
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
  const size = sizeOf(payload);
  if (size > maxBytes) {
    throw new InvalidValueError(
      `The value takes ${size} bytes, more than the limit of ${maxBytes} (option maxValueBytes).`,
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
async function lateStamps(
  draft: Draft,
  tags: (value: never) => readonly string[],
  store: Store,
): Promise<readonly Stamp[] | undefined> {
  const named = tags(draft.value as never);
  const { call, namespace } = draft.request;
  const check = new OptionCheck(call);
  checkTags(check, named);
  check.throwIfAny();
  const names = tagNames(named, namespace).filter((name) => !draft.stamps.some((stamp) => stamp.name === name));
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
export function makeEntry(draft: Draft, context: DraftContext): Drafted | Promise<Drafted> {
  const { value } = draft;
  const { call, options, plan } = draft.request;
  try {
    const payload = encodeValue(value, context.maxValueBytes);
    const { ttl, tags, unless } = options ?? {};
    const lifetime = {
      ttlMs: typeof ttl === 'function' ? ttlMs(call, ttl(value as never)) : plan.ttlMs,
      jitter: plan.jitter,
      staleMs: Math.max(plan.staleWhileRevalidateMs, plan.staleIfErrorMs),
    };
    if (unless?.(value as never) === true) return { refusal: 'refused by unless', take: sharer(value) };
    const stamped = (stamps: readonly Stamp[]): Drafted => stamp(draft, { payload, lifetime, stamps }, context);
    if (typeof tags !== 'function') return stamped(draft.stamps);
    return lateStamps(draft, tags, context.store)
      .then((late) => {
        if (late !== undefined) return stamped([...draft.stamps, ...late]);
        return { refusal: 'its tags were new; they are known now', take: sharer(value) };
      })
      .catch((error: unknown) => refused(value, error));
  } catch (error) {
    return refused(value, error);
  }
}

interface Stamping {
  readonly payload: Payload;
  readonly lifetime: Lifetime;
  readonly stamps: readonly Stamp[];
}

function stamp({ version, costMs }: Draft, { payload, lifetime, stamps }: Stamping, context: DraftContext): Drafted {
  const times = lifetimeFrom(context.store.now(), lifetime, context.random);
  const entry = new Entry({ version, costMs, payload, ...times, stamps });
  const take = (): unknown => entry.value();
  return fitsRecord(entry) ? { entry, take } : { refusal: 'it has too many tags', take };
}

function refused(value: unknown, error: unknown): Drafted {
  return { refusal: error instanceof Error ? error.message : String(error), take: sharer(value) };
}
