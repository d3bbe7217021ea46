import { FakeClock } from '@mobius1/kernel';
import { encode } from '../../core/codec/codec.js';
import { Entry } from '../../core/entry.js';
import type { Reading, ReadQuery } from '../../core/store.js';
import { newToken } from '../../core/token.js';
import { MemoryStore } from '../memory-store.js';
import { NearCache } from './near-cache.js';
import { TieredStore } from './tiered-store.js';

/** A store whose replies can be held on their way; keys are ids, names begin with `t:`. */
class HeldStore extends MemoryStore {
  #held: Promise<void> | undefined;

  /** Replies of reads from now on arrive when the returned function is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#held = new Promise((resolve) => (release = resolve));
    return () => {
      this.#held = undefined;
      release();
    };
  }

  override async read(query: ReadQuery): Promise<Reading> {
    const held = this.#held;
    const reading = await super.read(query);
    await held;
    return reading;
  }
}

describe('TieredStore', () => {
  const names = ['t:a'];
  let clock: FakeClock;
  let origin: HeldStore;
  let near: NearCache;
  let store: TieredStore;

  function tier(ttlMs?: number): void {
    clock = new FakeClock();
    origin = new HeldStore({ clock });
    near = new NearCache({ maxEntries: 100, ttlMs }, clock);
    store = new TieredStore(origin, near, { clock, boundedMs: 1_000 });
    store.hear('coherent');
  }

  async function stored(value: unknown, through = store): Promise<void> {
    const token = newToken();
    const { generations } = await origin.draw(names, 'missing');
    const stamps = names.map((name, i) => ({ name, generation: generations[i] ?? '' }));
    const times = { createdAt: clock.now(), freshUntil: clock.now() + 60_000, goneUntil: clock.now() + 60_000 };
    await through.force('k', token, 1_000);
    await through.fill('k', token, new Entry({ version: token, ...times, costMs: 0, stamps, payload: encode(value) }));
  }

  const read = (): Promise<Reading> => store.read({ id: 'k', names });
  const held = (): unknown => store.peek('k')?.value();

  beforeEach(() => tier());

  it('answers from this process what it has read, and what it has stored', async () => {
    await stored('v');
    expect(held()).toBeUndefined(); // the generation is not held yet
    await read();
    expect(held()).toBe('v');
    expect(store.audible).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ['news of the key', () => store.changed({ ids: ['k'] })],
    ['news of its generation', () => store.changed({ names: ['t:a'] })],
    ['news that all is flushed', () => store.changed('everything')],
    ['a delete', () => store.delete(['k'])],
    ['a forced lease', () => store.force('k', newToken(), 1_000)],
    ['a new generation', () => store.draw(names, 'all')],
    ['a sweep', () => store.sweep({ namespace: undefined, pattern: 'k*' })],
    ['the loss of the channel', () => store.hear('deaf')],
    [
      'the loss of the channel and its return',
      () => {
        store.hear('deaf');
        store.hear('coherent');
      },
    ],
  ])('forgets at once on %s, and keeps no reply that was on its way', async (_what, happen) => {
    await stored('v');
    await read();
    expect(held()).toBe('v');
    const release = origin.hold();
    const late = read();
    void happen();
    expect(held()).toBeUndefined();
    release();
    await late;
    expect(held()).toBeUndefined();
  });

  it('forgets once more when the command is done: a reply that came meanwhile is older than it', async () => {
    await stored('v');
    await read();
    const { found } = await store.read({ id: 'k', names: [] });
    const deletion = store.delete(['k']);
    if (found.kind === 'entry') near.keep('k', found.entry);
    expect(held()).toBe('v');
    await deletion;
    expect(held()).toBeUndefined();
  });

  it('keeps nothing and answers nothing while it may not hear everything', async () => {
    store.hear('deaf');
    await stored('v');
    await read();
    expect([held(), near.entries]).toEqual([undefined, 0]);
    expect(store.audible).toBe(false);
  });

  it('does not keep what it stored when news of the key came before the reply', async () => {
    await read(); // the generation
    const fill = stored('v');
    store.changed({ ids: ['k'] });
    await fill;
    await stored('w');
    store.changed({ ids: ['k'] });
    expect(held()).toBeUndefined();
  });

  it('lets go of entries after the longest time they may be held', async () => {
    tier(5_000);
    await stored('v');
    await read();
    await clock.advance(4_999);
    expect(held()).toBe('v');
    await clock.advance(1);
    expect(held()).toBeUndefined();
  });

  it('leaves no mark behind when a read fails', async () => {
    jest.spyOn(origin, 'read').mockRejectedValueOnce(new Error('lost'));
    await expect(read()).rejects.toThrow('lost');
    await stored('v');
    await read();
    expect(held()).toBe('v');
  });

  it('tells what it heard, and wakes who waits for the key', async () => {
    const told: unknown[] = [];
    store.listen((heard) => told.push(heard));
    const watch = store.watch('k');
    await watch.next(60_000); // what was seen before the watch may have changed
    let woken = false;
    const waiting = watch.next(60_000).then(() => (woken = true));
    store.changed({ ids: ['other'] });
    await clock.advance(0);
    expect(woken).toBe(false);
    store.changed({ ids: ['k'] });
    await waiting;
    store.hear('deaf');
    watch.end();
    expect(told).toEqual([{ ids: ['other'] }, { ids: ['k'] }, 'everything']);
  });

  it('wakes who waits after a while even if no news comes', async () => {
    const watch = store.watch('k');
    await watch.next(60_000);
    let woken = false;
    const waiting = watch.next(60_000).then(() => (woken = true));
    await clock.advance(600);
    await waiting;
    expect(woken).toBe(true);
    watch.end();
  });

  describe('bounded', () => {
    const told: unknown[] = [];
    beforeEach(() => {
      told.length = 0;
      store.hear('bounded', (heard) => told.push(heard));
    });

    it('answers from this process, for a short time only, and lets no flight be joined unasked', async () => {
      await stored('v');
      await read();
      expect([held(), store.audible]).toEqual(['v', false]);
      await clock.advance(1_000);
      expect(held()).toBeUndefined();
    });

    it('tells others what this process changes, when it is done', async () => {
      const deletion = store.delete(['k']);
      expect(told).toEqual([]);
      await deletion;
      await store.draw(names, 'all');
      await store.draw(['t:new'], 'missing');
      await store.force('k', newToken(), 1_000);
      await store.sweep({ namespace: undefined, pattern: 'k*' });
      expect(told).toEqual([{ ids: ['k'] }, { names }, { ids: ['k'] }, 'everything']);
    });

    it('takes the generation that was read for the better one: of a change it may not have been told', async () => {
      await stored('v');
      await read();
      await origin.draw(names, 'all');
      await stored('w', origin as never);
      await clock.advance(1_000);
      await read();
      expect(held()).toBe('w');
    });

    it('tells nobody any more when every change is heard', async () => {
      store.hear('coherent', (heard) => told.push(heard));
      await store.delete(['k']);
      expect(told).toEqual([]);
    });
  });
});
