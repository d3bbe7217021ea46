// Tools for testing code that uses the cache, and stores of your own.
export { FakeClock } from '@mobius1/kernel';
export { describeStore, type StoreUnderTest } from './describe-store.js';
export { describeLimitStore, type LimitStoreUnderTest } from './describe-limit-store.js';
