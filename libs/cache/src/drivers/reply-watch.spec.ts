import { FakeClock, systemClock } from '@mobius1/kernel';
import { ReplyWatch } from './reply-watch.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ReplyWatch', () => {
  const late: string[] = [];
  let clock: FakeClock;
  let watch: ReplyWatch;
  const begin = (name: string) => watch.begin(() => late.push(name));

  beforeEach(() => {
    late.length = 0;
    clock = new FakeClock();
    watch = new ReplyWatch(50, clock);
  });

  async function pass(ms: number): Promise<void> {
    await clock.advance(ms);
    await nextTurn();
  }

  it('gives up who is not answered in time, each at its own time', async () => {
    begin('first');
    await pass(30);
    begin('second');
    await pass(20);
    expect(late).toEqual(['first']);
    await pass(29);
    expect(late).toEqual(['first']);
    await pass(1);
    expect(late).toEqual(['first', 'second']);
  });

  it('gives up all at once when their connection is lost, and says why', async () => {
    const why: string[] = [];
    const [open, answered] = [watch.begin((reason) => why.push(reason)), begin('answered')];
    watch.answered(answered);
    watch.abandon();
    expect(why).toEqual(['closed']);
    expect(watch.answered(open)).toBe(false);
    await pass(50);
    expect([...why, ...late]).toEqual(['closed']);
  });

  it('leaves who is answered, and tells an answer that comes too late', async () => {
    const [answered, silent] = [begin('answered'), begin('silent')];
    expect(watch.answered(answered)).toBe(true);
    await pass(50);
    expect(late).toEqual(['silent']);
    expect(watch.answered(silent)).toBe(false);
  });

  it('counts an answer that was read right after the timer', async () => {
    let ring: () => void = () => undefined;
    let now = 0;
    const schedule = (fn: () => void) => {
      ring = fn;
      return { cancel: () => undefined };
    };
    watch = new ReplyWatch(50, { ...systemClock, monotonic: () => now, schedule });
    const watched = begin('slow reader');
    now = 50;
    ring();
    const inTime = watch.answered(watched);
    await nextTurn();
    expect({ inTime, late }).toEqual({ inTime: true, late: [] });
  });

  it('goes on after everybody was answered, and through thousands', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => begin(String(i)));
    for (const watched of many.reverse()) watch.answered(watched);
    await pass(50);
    expect(late).toEqual([]);
    begin('after');
    await pass(50);
    expect(late).toEqual(['after']);
  });
});
