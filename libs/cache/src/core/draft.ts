import { OptionCheck } from '@mobius1/kernel';
import { decode, encode, type Payload, sizeOf } from './codec/codec.js';
import { Entry } from './entry.js';
import { InvalidValueError } from './errors.js';
import { type Lifetime, lifetimeFrom } from './freshness.js';
import { provenSince, type Sequence, type Stamp, standsStill, tagNames } from './generation.js';
import { checkTags, ttlMs } from './options.js';
import { fitsRecord } from './record.js';
import type { CacheRequest } from './request.js';
import { SharedValue } from './shared-value.js';
import type { Store } from './store.js';
import { isFence, type Token } from './token.js';

/** A value on its way into the store. */
export interface Draft {
  readonly request: CacheRequest;
  readonly value: unknown;
  /** The value, where it is encoded already. */
  readonly payload?: Payload | undefined;
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
  readonly take?: (() => unknown) | undefined;
  /** Everything the value depends on; absent when that is not known, or was perhaps invalidated during the load. */
  readonly stamps?: readonly Stamp[] | undefined;
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

/** All stamps of a value that alone knows its tags, or `undefined` when they may have been invalidated during the load. */
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
  if (names.length === 0) return draft.stamps;
  const { generations, previous } = await store.draw(names, 'missing');
  if (generations.some(isFence)) return undefined;
  const untouched = (generation: string): boolean => provenSince(generation, draft.sequence);
  if (!standsStill(draft.sequence, previous) && !generations.every(untouched)) return undefined;
  return [...draft.stamps, ...names.map((name, i) => ({ name, generation: generations[i] ?? '' }))];
}

/**
 * Makes the entry for a loaded value. Never fails: whatever keeps the value from being stored (its kind or size, `unless`,
 * a `ttl` or `tags` function that throws, tags that were not known before the load) is a refusal with its reason, because
 * a value that was loaded must reach its caller.
 */
export function makeEntry(draft: Draft, context: DraftContext): Drafted | Promise<Drafted> {
  const tags = draft.request.options?.tags;
  const prepared = prepare(draft, context);
  if (typeof tags !== 'function') return finish(draft, prepared, draft.stamps, context);
  return lateStamps(draft, tags, context.store).then(
    (stamps) => finish(draft, prepared, stamps, context),
    (error: unknown) => ({ refusal: reasonOf(error), take: sharer(draft.value) }),
  );
}

interface Prepared {
  readonly payload: Payload;
  readonly lifetime: Lifetime;
}

/** What the entry is made of, or why there is to be none. */
function prepare({ value, request, payload: encoded }: Draft, { maxValueBytes }: DraftContext): Prepared | string {
  const { call, options, plan } = request;
  const { ttl, unless } = options ?? {};
  try {
    const payload = encoded ?? encodeValue(value, maxValueBytes);
    const lifetime = {
      ttlMs: typeof ttl === 'function' ? ttlMs(call, ttl(value as never)) : plan.ttlMs,
      jitter: plan.jitter,
      staleMs: Math.max(plan.staleWhileRevalidateMs, plan.staleIfErrorMs),
    };
    return unless?.(value as never) === true ? 'refused by unless' : { payload, lifetime };
  } catch (error) {
    return reasonOf(error);
  }
}

function finish(
  { value, version, costMs }: Draft,
  prepared: Prepared | string,
  stamps: readonly Stamp[] | undefined,
  { store, random }: DraftContext,
): Drafted {
  if (typeof prepared === 'string') return { refusal: prepared, take: sharer(value), stamps };
  if (stamps === undefined) return { refusal: 'its tags were new; they are known now', take: sharer(value) };
  const { payload, lifetime } = prepared;
  const entry = new Entry({ version, costMs, payload, ...lifetimeFrom(store.now(), lifetime, random), stamps });
  const take = (): unknown => entry.value();
  return fitsRecord(entry) ? { entry, take, stamps } : { refusal: 'it has too many tags', take, stamps };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
