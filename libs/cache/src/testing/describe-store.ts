import {
  deepStrictEqual as same,
  notStrictEqual as differs,
  ok,
  rejects,
  strictEqual as equal,
} from 'node:assert/strict';
import { encode } from '../core/codec/codec.js';
import { Entry } from '../core/entry.js';
import { provenSince, ROOT, type Stamp } from '../core/generation.js';
import { entryId } from '../core/key.js';
import type { Found, Store } from '../core/store.js';
import { newToken, type Token } from '../core/token.js';
import { describeContract } from './contract.js';

/** A store under test. */
export interface StoreUnderTest {
  /** The empty store. */
  readonly store: Store;
  /** Lets at least this many milliseconds pass on the store's clock. */
  readonly advance: (ms: number) => Promise<void>;
  /** Called after the test. @default nothing is closed */
  readonly close?: () => Promise<void>;
}

const LEASE_MS = 30_000;
const SHORT_MS = 60;

/**
 * The contract of the `Store` port, for every driver: call it in a test file of Jest, Vitest or any runner with global
 * `describe` and `it`. `make` gives an empty store for each test.
 */
export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  const parts = { make, toolsFor: ({ store }: StoreUnderTest) => toolsFor(store) };
  describeContract(`store contract: ${name}`, parts, (test, describe) => {
    describe('lease and fill', () => {
      test('an unknown key is absent', async ({ find }) => same(await find('k'), { kind: 'absent' }));

      test('a lease is seen by readers and held by one', async ({ find, lease, store }) => {
        const token = await lease('k');
        same(await find('k'), { kind: 'lease', holder: token, afterFailure: false });
        equal(await store.acquire('k', { token: newToken(), leaseMs: LEASE_MS, seen: undefined, keep: false }), false);
        equal(await store.renew('k', token, LEASE_MS), true);
      });

      test('the holder fills, and the fill ends the lease', async ({ lease, fill, value, find }) => {
        equal(await fill('k', await lease('k'), { a: 1 }), true);
        same(await value('k'), { a: 1 });
        const found = await find('k');
        equal(found.kind === 'entry' && found.holder, undefined);
      });

      test('nobody else fills (G1)', async ({ lease, fill, find }) => {
        await lease('k');
        equal(await fill('k', newToken(), 'other'), false);
        equal(await fill('unleased', newToken(), 'other'), false);
        same(await find('unleased'), { kind: 'absent' });
      });

      test('a token fills once', async ({ lease, fill, value }) => {
        const token = await lease('k');
        await fill('k', token, 'first');
        equal(await fill('k', token, 'second'), false);
        equal(await value('k'), 'first');
      });

      test('a delete ends the lease: the fill is refused (G1)', async ({ store, lease, fill, find }) => {
        const token = await lease('k');
        equal(await store.delete(['k']), 1);
        equal(await fill('k', token, 'old'), false);
        same(await find('k'), { kind: 'absent' });
      });

      test('a lease that was lost and taken by another is not filled by the first', async ({
        store,
        lease,
        fill,
        value,
      }) => {
        const first = await lease('k');
        await store.delete(['k']);
        const second = await lease('k');
        equal(await fill('k', first, 'old'), false);
        equal(await fill('k', second, 'new'), true);
        equal(await value('k'), 'new');
      });

      test('force takes the lease and drops the value (rule 3)', async ({ store, stored, lease, fill, find }) => {
        await stored('k', 'old');
        const mine = newToken();
        await store.force('k', mine, LEASE_MS);
        same(await find('k'), { kind: 'lease', holder: mine, afterFailure: false });
        const other = await lease('other');
        await store.force('other', mine, LEASE_MS);
        equal(await fill('other', other, 'old'), false);
        equal(await fill('k', mine, 'new'), true);
      });

      test('release frees the lease of its holder only', async ({ store, lease, find }) => {
        const token = await lease('k');
        equal(await store.release('k', newToken()), false);
        equal(await store.release('k', token), true);
        equal(await store.release('k', token), false);
        same(await find('k'), { kind: 'absent' });
      });

      test('a load that ended without a value gives its lease back', async ({ store, lease, fill }) => {
        const token = await lease('k');
        equal(await store.fail('k', newToken()), false);
        equal(await store.fail('k', token), true);
        equal(await fill('k', token, 'late'), false);
        equal((await store.usage()).keys, 0);
        equal(await fill('k', await lease('k'), 'value'), true);
      });

      test('a refresh that ended without a value leaves the old one', async ({ store, stored, find, value }) => {
        const seen = await stored('k', 'stale');
        const token = newToken();
        await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: true });
        equal(await store.fail('k', token), true);
        equal(await value('k'), 'stale');
        const found = await find('k');
        equal(found.kind === 'entry' && found.holder, undefined);
      });

      test('a lease ends by itself, and its holder cannot fill any more (rule 14)', async ({
        store,
        advance,
        fill,
        find,
      }) => {
        const token = newToken();
        await store.acquire('k', { token, leaseMs: SHORT_MS, seen: undefined, keep: false });
        await advance(SHORT_MS);
        same(await find('k'), { kind: 'absent' });
        equal(await fill('k', token, 'late'), false);
        equal(await store.renew('k', token, LEASE_MS), false);
      });

      test('a renewed lease lasts longer', async ({ store, advance, fill }) => {
        const token = newToken();
        await store.acquire('k', { token, leaseMs: SHORT_MS, seen: undefined, keep: false });
        await store.renew('k', token, LEASE_MS);
        await advance(SHORT_MS * 2);
        equal(await fill('k', token, 'slow'), true);
      });
    });

    describe('acquiring a key that holds a value (rule 4)', () => {
      test('the value that was seen is replaced', async ({ store, stored, find }) => {
        const seen = await stored('k', 'old');
        const token = newToken();
        equal(await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: false }), true);
        same(await find('k'), { kind: 'lease', holder: token, afterFailure: false });
      });

      test('another value than was seen refuses the lease', async ({ store, stored, value }) => {
        await stored('k', 'new');
        const attempt = { token: newToken(), leaseMs: LEASE_MS, keep: false };
        equal(await store.acquire('k', { ...attempt, seen: undefined }), false);
        equal(await store.acquire('k', { ...attempt, seen: newToken() }), false);
        equal(await value('k'), 'new');
      });

      test('a value that is kept stays readable beside the lease', async ({ store, stored, find, value, fill }) => {
        const seen = await stored('k', 'stale');
        const token = newToken();
        equal(await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: true }), true);
        const found = await find('k');
        equal(found.kind === 'entry' && found.holder, token);
        equal(await value('k'), 'stale');
        equal(await store.acquire('k', { token: newToken(), leaseMs: LEASE_MS, seen, keep: true }), false);
        equal(await fill('k', token, 'new'), true);
        equal(await value('k'), 'new');
      });

      test('giving the lease back leaves the kept value', async ({ store, stored, find }) => {
        const seen = await stored('k', 'stale');
        const token = newToken();
        await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: true });
        equal(await store.release('k', token), true);
        const found = await find('k');
        equal(found.kind === 'entry' && found.holder, undefined);
      });

      test('the lease beside a value ends and can be taken over', async ({ store, stored, advance, find, fill }) => {
        const seen = await stored('k', 'stale');
        const dead = newToken();
        await store.acquire('k', { token: dead, leaseMs: SHORT_MS, seen, keep: true });
        await advance(SHORT_MS * 1.5);
        const found = await find('k');
        equal(found.kind === 'entry' && found.holder, undefined);
        const token = newToken();
        equal(await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: true }), true);
        equal(await fill('k', dead, 'dead'), false);
        equal(await fill('k', token, 'new'), true);
      });

      test('a delete removes value and lease together', async ({ store, stored, fill, find }) => {
        const seen = await stored('k', 'stale');
        const token = newToken();
        await store.acquire('k', { token, leaseMs: LEASE_MS, seen, keep: true });
        await store.delete(['k']);
        equal(await fill('k', token, 'old'), false);
        same(await find('k'), { kind: 'absent' });
      });
    });

    describe('entries', () => {
      test('come back with all that judges them', async ({ store, stored, find }) => {
        const { generations } = await store.draw([ROOT, 't:año|ü'], 'missing');
        const stamps = [ROOT, 't:año|ü'].map((text, i) => ({ name: text, generation: generations[i] ?? '' }));
        const version = await stored('k', { ñ: [1, null] }, { stamps, costMs: 42 });
        const found = await find('k');
        ok(found.kind === 'entry');
        const { entry } = found;
        equal(entry.version, version);
        equal(entry.costMs, 42);
        same(entry.stamps, stamps);
        same(entry.value(), { ñ: [1, null] });
        ok(entry.createdAt <= entry.freshUntil && entry.freshUntil <= entry.goneUntil);
      });

      test('keep values that JSON cannot carry', async ({ stored, value }) => {
        const rich = { at: new Date(0), map: new Map([[1n, -0]]), bytes: Buffer.from([0, 255]), gone: undefined };
        await stored('k', rich);
        same(await value('k'), rich);
      });

      test('are gone when their time is over', async ({ stored, advance, find }) => {
        await stored('k', 'brief', { ttlMs: SHORT_MS });
        await advance(SHORT_MS);
        same(await find('k'), { kind: 'absent' });
      });

      test('are removed by delete, which tells how many there were', async ({ store, stored, find }) => {
        await stored('a', 1);
        await stored('b', 2);
        equal(await store.delete(['a', 'b', 'c']), 2);
        equal(await store.delete([]), 0);
        same(await find('a'), { kind: 'absent' });
      });
    });

    describe('generations (rules 5 and 6)', () => {
      test('are unique, and missing ones are not invented by reading', async ({ store }) => {
        const { generations } = await store.read({ id: 'k', names: ['t:x'] });
        same(generations, [undefined]);
        const first = (await store.draw(['t:x'], 'missing')).generations[0];
        const again = (await store.draw(['t:x'], 'missing')).generations[0];
        const next = (await store.draw(['t:x'], 'all')).generations[0];
        equal(again, first);
        differs(next, first);
        same((await store.read({ id: 'k', names: ['t:x', 't:y', 't:x'] })).generations, [next, undefined, next]);
      });

      test('tell where the sequence stood before them, so that nobody else draws unnoticed', async ({ store }) => {
        const first = await store.draw(['t:x', 't:y'], 'missing');
        const nothing = await store.draw(['t:x'], 'missing');
        same([nothing.previous, nothing.sequence], [first.sequence, first.sequence]);
        const next = await store.draw(['t:x'], 'all');
        same(next.previous, first.sequence);
        differs(next.sequence.number, first.sequence.number);
        same((await store.draw(['t:z'], 'missing')).previous, next.sequence);
      });

      test('tell whether they were drawn after a moment', async ({ store }) => {
        await store.draw(['t:old'], 'missing');
        const { sequence } = await store.read({ id: 'k', names: [], sequence: true });
        const [old = '', late = ''] = (await store.draw(['t:old', 't:late'], 'missing')).generations;
        equal(provenSince(old, sequence), true);
        equal(provenSince(late, sequence), false);
        const [renewed = ''] = (await store.draw(['t:old'], 'all')).generations;
        equal(provenSince(renewed, sequence), false);
      });
    });

    describe('counters', () => {
      test('add up, also downwards, and are read as numbers', async ({ store, find }) => {
        equal(await store.increment('n', 1, undefined), 1);
        equal(await store.increment('n', 5, undefined), 6);
        equal(await store.increment('n', -10, undefined), -4);
        same(await find('n'), { kind: 'counter', count: -4 });
      });

      test('are exact when many add at once', async ({ store }) => {
        const sums = await Promise.all(Array.from({ length: 100 }, () => store.increment('n', 1, 60_000)));
        same(
          [...sums].sort((a, b) => a - b),
          Array.from({ length: 100 }, (_, i) => i + 1),
        );
      });

      test('end with the ttl of the first increment, which later ones do not extend', async ({ store, advance }) => {
        const lifeMs = SHORT_MS * 20; // on a busy machine the second increment may come late
        await store.increment('n', 1, lifeMs);
        await advance(SHORT_MS);
        equal(await store.increment('n', 1, 60_000), 2);
        await advance(lifeMs);
        equal(await store.increment('n', 1, 60_000), 1);
      });

      test('refuse a key that holds a value, and take one that holds a lease only', async ({
        store,
        stored,
        lease,
        fill,
      }) => {
        await stored('k', 7);
        await rejects(store.increment('k', 1, undefined), { code: 'CACHE_COUNTER_CONFLICT' });
        const token = await lease('loading');
        equal(await store.increment('loading', 1, undefined), 1);
        equal(await fill('loading', token, 'old'), false);
      });

      test('refuse a sum that a number cannot hold', async ({ store }) => {
        await store.increment('n', Number.MAX_SAFE_INTEGER, undefined);
        await rejects(store.increment('n', 1, undefined), { code: 'CACHE_COUNTER_CONFLICT' });
      });
    });

    describe('sweeping', () => {
      test('removes what matches in its namespace, leases included', async ({
        store,
        stored,
        lease,
        fill,
        value,
        find,
      }) => {
        await stored('user:1', 1);
        await stored('users', 2);
        await stored(entryId('user:1', 'ns'), 3);
        const token = await lease('user:2');
        await store.sweep({ namespace: undefined, pattern: 'user:*' });
        same(await find('user:1'), { kind: 'absent' });
        equal(await fill('user:2', token, 'old'), false);
        equal(await value('users'), 2);
        equal(await value(entryId('user:1', 'ns')), 3);
        await store.sweep({ namespace: 'ns', pattern: '*' });
        same(await find(entryId('user:1', 'ns')), { kind: 'absent' });
      });

      test('takes glob characters of stored keys as they are (G9)', async ({ store, stored, value }) => {
        const keys = ['a*b', 'aXb', 'a?b', 'a[1]b', 'a1b'];
        for (const key of keys) await stored(entryId(key), key);
        await store.sweep({ namespace: undefined, pattern: 'a\\*b' });
        await store.sweep({ namespace: undefined, pattern: 'a\\[1\\]b' });
        equal(await value(entryId('aXb')), 'aXb');
        equal(await value(entryId('a1b')), 'a1b');
        equal(await value(entryId('a?b')), 'a?b');
        equal(await store.sweep({ namespace: undefined, pattern: 'a*b' }), 3);
      });

      test('of everything leaves nothing', async ({ store, stored, find }) => {
        await stored('k', 1);
        await stored(entryId('k', 'ns'), 1);
        await store.increment('n', 1, undefined);
        equal(await store.sweep({ namespace: undefined, pattern: '*', everything: true }), 3);
        same(await find('n'), { kind: 'absent' });
        equal((await store.usage()).keys, 0);
      });
    });

    describe('fence and lift (rule 15)', () => {
      test('a fence voids what it covers, and ends its loads', async ({ store, stored, lease, fill, find }) => {
        const before = await store.draw(['t:x'], 'missing');
        await stored('k', 1);
        const token = await lease('loading');
        await store.fence({ ids: ['k', 'loading'], names: ['t:x'] }, 10_000);
        const { kind } = await find('k');
        ok(kind !== 'entry', `the fence left an ${kind}`);
        equal(await fill('loading', token, 'old'), false);
        const { generations } = await store.read({ id: 'other', names: ['t:x'] });
        differs(generations[0], before.generations[0]);
      });

      test('a lift voids as well, and lets loads in again', async ({ store, stored, lease, fill, value }) => {
        const covered = { ids: ['k'], names: ['t:x'] };
        await store.fence(covered, 10_000);
        const during = await store.draw(['t:x'], 'missing');
        await store.lift(covered);
        const after = await store.draw(['t:x'], 'missing');
        differs(after.generations[0], during.generations[0]);
        equal(await fill('k', await lease('k'), 'new'), true);
        equal(await value('k'), 'new');
        await stored('j', 1);
        await store.lift({ ids: ['j'], names: [] });
        equal((await store.usage()).keys, 1);
      });
    });

    test('usage counts values and counters, not leases and bookkeeping', async ({ store, stored, lease }) => {
      equal((await store.usage()).keys, 0);
      await stored('a', 1);
      await stored(entryId('b', 'ns'), 1);
      await store.increment('n', 1, undefined);
      await lease('loading');
      await store.draw([ROOT, 't:x'], 'missing');
      const { keys, memory } = await store.usage();
      equal(keys, 3);
      ok(memory > 0);
    });
  });
}

interface StoredOptions {
  readonly ttlMs?: number;
  readonly stamps?: readonly Stamp[];
  readonly costMs?: number;
}

interface Tools {
  find(id: string): Promise<Found>;
  value(id: string): Promise<unknown>;
  lease(id: string): Promise<Token>;
  fill(id: string, token: Token, value: unknown, options?: StoredOptions): Promise<boolean>;
  stored(id: string, value: unknown, options?: StoredOptions): Promise<Token>;
}

function toolsFor(store: Store): Tools {
  const find = async (id: string): Promise<Found> => (await store.read({ id, names: [] })).found;
  const fill = (id: string, token: Token, value: unknown, options: StoredOptions = {}): Promise<boolean> => {
    const { ttlMs = 60_000, stamps = [], costMs = 0 } = options;
    const now = store.now();
    const times = { createdAt: now, freshUntil: now + ttlMs, goneUntil: now + ttlMs };
    return store.fill(id, token, new Entry({ version: token, costMs, stamps, payload: encode(value), ...times }));
  };
  const lease = async (id: string): Promise<Token> => {
    const token = newToken();
    equal(await store.acquire(id, { token, leaseMs: LEASE_MS, seen: undefined, keep: false }), true);
    return token;
  };
  const stored = async (id: string, value: unknown, options?: StoredOptions): Promise<Token> => {
    const token = newToken();
    await store.force(id, token, LEASE_MS);
    equal(await fill(id, token, value, options), true);
    return token;
  };
  const value = async (id: string): Promise<unknown> => {
    const found = await find(id);
    ok(found.kind === 'entry', `expected an entry under ${id}, found ${found.kind}`);
    return found.entry.value();
  };
  return { find, fill, lease, stored, value };
}
