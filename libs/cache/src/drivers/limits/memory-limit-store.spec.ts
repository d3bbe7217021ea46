import { FakeClock } from '@mobius1/kernel';
import { describeLimitStore } from '../../testing/describe-limit-store.js';
import { MemoryLimitStore } from './memory-limit-store.js';

describeLimitStore('memory', () => {
  const clock = new FakeClock();
  const store = new MemoryLimitStore({ clock, maxKeys: 100 });
  return Promise.resolve({ store, advance: (ms) => clock.advance(ms) });
});
