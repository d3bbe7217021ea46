import { FakeClock } from '@mobius1/kernel';
import { encode } from '../core/codec/codec.js';
import { Entry } from '../core/entry.js';
import { newToken } from '../core/token.js';
import { describeStore } from '../testing/describe-store.js';
import { MemoryStore } from './memory-store.js';

describeStore('memory', async () => {
  const clock = new FakeClock();
  return { store: new MemoryStore({ clock }), advance: (ms) => clock.advance(ms) };
});

describe('MemoryStore', () => {
  const fill = async (store: MemoryStore, id: string, value: unknown): Promise<void> => {
    const token = newToken();
    await store.force(id, token, 1_000);
    const times = { createdAt: 0, freshUntil: 9e15, goneUntil: 9e15 };
    await store.fill(id, token, new Entry({ version: token, costMs: 0, stamps: [], payload: encode(value), ...times }));
  };

  it('keeps at most maxEntries, the least recently used go first (G12)', async () => {
    const store = new MemoryStore({ maxEntries: 3 });
    for (const id of ['a', 'b', 'c']) await fill(store, id, id);
    store.peek('a');
    await fill(store, 'd', 'd');
    expect(['a', 'b', 'c', 'd'].map((id) => store.peek(id)?.value())).toEqual(['a', undefined, 'c', 'd']);
  });

  it('keeps at most maxBytes (G12)', async () => {
    const store = new MemoryStore({ maxBytes: 100_000 });
    for (let i = 0; i < 50; i++) await fill(store, `k${i}`, 'x'.repeat(10_000));
    const { keys, memory } = await store.usage();
    expect(keys).toBeLessThan(10);
    expect(memory).toBeLessThanOrEqual(100_000);
    expect(store.peek('k49')?.value()).toHaveLength(10_000);
  });

  it('bounds its generations too; an evicted one makes its entries a miss, never a hit (G3)', async () => {
    const store = new MemoryStore({ maxEntries: 2 });
    const [generation = ''] = (await store.draw(['t:first'], 'missing')).generations;
    const token = newToken();
    await store.force('k', token, 1_000);
    const stamps = [{ name: 't:first', generation }];
    const times = { createdAt: 0, freshUntil: 9e15, goneUntil: 9e15 };
    await store.fill('k', token, new Entry({ version: token, costMs: 0, stamps, payload: encode(1), ...times }));
    expect(store.peek('k')?.value()).toBe(1);
    for (let i = 0; i < 20; i++) await store.draw([`t:${i}`], 'missing');
    expect(store.peek('k')).toBeUndefined();
  });
});
