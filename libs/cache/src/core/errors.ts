import { CodedError } from '@mobius1/kernel';

/** The store (Redis) cannot be used now. Reads never throw it: they go on to their load. */
export class StoreUnavailableError extends CodedError {
  readonly code = 'CACHE_STORE_UNAVAILABLE';
  /** Where the store is, without credentials. */
  readonly place: string;

  constructor(place: string, reason: string, options?: { cause?: unknown }) {
    super(`${place} cannot be used now: ${reason}. The cache goes on without it and comes back by itself.`, options);
    this.place = place;
  }
}

/** A load asked, directly or through another load, for the key it is loading. */
export class RecursiveLoadError extends CodedError {
  readonly code = 'CACHE_RECURSIVE_LOAD';

  constructor(key: string) {
    super(
      `The load of "${key}" waits for itself: it, or a load it waits for, reads the same key through the cache. ` +
        'Read the source directly inside the load, or use another key.',
    );
  }
}

/** A load took longer than `hardTimeout` allows; it goes on behind and fills the cache when it ends. */
export class LoadTimeoutError extends CodedError {
  readonly code = 'CACHE_LOAD_TIMEOUT';

  constructor(key: string, ms: number) {
    super(`The load of "${key}" took longer than ${ms} ms (hardTimeout).`);
  }
}

/** The load of a batch returned something that cannot be assigned to its keys. */
export class BatchLoadError extends CodedError {
  readonly code = 'CACHE_BATCH_LOAD';

  constructor(returned: string) {
    super(
      `The load of getOrSetMany() returned ${returned}. Return a Map by key, or an array with one value for each key it was given, in their order.`,
    );
  }
}

/** A key that holds something else was used as a counter. */
export class CounterConflictError extends CodedError {
  readonly code = 'CACHE_COUNTER_CONFLICT';

  constructor(key: string, reason = 'it holds something else than a counter, or the sum is out of range') {
    super(`"${key}" cannot be incremented: ${reason}. Delete it first, or use another key.`);
  }
}

/** Something needs Redis, and none is configured. */
export class RedisNotConfiguredError extends CodedError {
  readonly code = 'CACHE_REDIS_NOT_CONFIGURED';
}

/** A decorator of the cache stands where it cannot work; the message names class and method. */
export class CacheDecoratorError extends CodedError {
  readonly code = 'CACHE_DECORATOR';
}

/**
 * A value cannot be cached: something in it would not come back as it went in. The message says where, as a path inside
 * the value (`user.callback is a function`), and never shows the value.
 */
export class InvalidValueError extends CodedError {
  readonly code = 'CACHE_INVALID_VALUE';
}

/** A key, a namespace or the argument of a cached method cannot be used; the message never shows its text. */
export class InvalidKeyError extends CodedError {
  readonly code = 'CACHE_INVALID_KEY';
}

/** Stored bytes are not what an encoder wrote, or hold a type this process does not know. For readers it is a miss. */
export class DamagedValueError extends CodedError {
  readonly code = 'CACHE_DAMAGED_VALUE';
}

/** The bytes are whole; it is this process that cannot make a value of them. Another one may, so they are left to it. */
export class UnreadableValueError extends DamagedValueError {}
