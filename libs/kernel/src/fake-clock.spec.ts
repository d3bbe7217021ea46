import { FakeClock } from './fake-clock.js';

describe('FakeClock', () => {
  it('starts where it is told and moves only when told', async () => {
    const clock = new FakeClock(1_000);
    expect(clock.now()).toBe(1_000);
    expect(clock.monotonic()).toBe(0);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
    expect(clock.monotonic()).toBe(250);
  });

  it('runs due timers in order of time, then of their start, at their own time', async () => {
    const clock = new FakeClock();
    const ran: [string, number][] = [];
    const note = (name: string) => () => void ran.push([name, clock.monotonic()]);
    clock.schedule(note('late'), 30);
    clock.schedule(note('first'), 10);
    clock.schedule(note('second'), 10);
    clock.schedule(note('not due'), 31);
    await clock.advance(30);
    expect(ran).toEqual([
      ['first', 10],
      ['second', 10],
      ['late', 30],
    ]);
    expect(clock.pendingTimers).toBe(1);
  });

  it('runs timers that other timers and promises start on the way', async () => {
    const clock = new FakeClock();
    const naps: number[] = [];
    const sleeper = (async () => {
      for (let nap = 0; nap < 3; nap++) {
        await clock.sleep(10);
        naps.push(clock.monotonic());
      }
    })();
    await clock.advance(30);
    await sleeper;
    expect(naps).toEqual([10, 20, 30]);
  });

  it('lets code that has just started set its timers before time moves', async () => {
    const clock = new FakeClock();
    const woke = jest.fn();
    void Promise.resolve()
      .then(() => clock.sleep(10))
      .then(woke);
    await clock.advance(10);
    expect(woke).toHaveBeenCalledTimes(1);
  });

  it('waits for an immediate that a settled promise has started', async () => {
    const clock = new FakeClock();
    const done = jest.fn();
    void clock.sleep(1).then(() => setImmediate(done));
    await clock.advance(1);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('runs a timer of zero, or less, only when it is advanced', async () => {
    const clock = new FakeClock();
    const fn = jest.fn();
    clock.schedule(fn, 0);
    clock.schedule(fn, -5);
    expect(fn).not.toHaveBeenCalled();
    await clock.advance(0);
    expect(fn).toHaveBeenCalledTimes(2);
    expect(clock.monotonic()).toBe(0);
  });

  it('forgets a cancelled timer, also when another timer of the same instant cancels it', async () => {
    const clock = new FakeClock();
    const fn = jest.fn();
    clock.schedule(() => second.cancel(), 10);
    const second = clock.schedule(fn, 10);
    clock.schedule(fn, 5).cancel();
    await clock.advance(10);
    expect(fn).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('wakes a sleeper whose signal aborts, leaving no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const nap = clock.sleep(1_000, controller.signal);
    controller.abort();
    await nap;
    expect(clock.pendingTimers).toBe(0);
    expect(clock.monotonic()).toBe(0);
  });

  it('lets the wall clock jump in both directions without touching monotonic time and timers', async () => {
    const clock = new FakeClock(10_000);
    const fn = jest.fn();
    clock.schedule(fn, 100);
    await clock.advance(50);
    clock.setWall(5);
    expect(clock.now()).toBe(5);
    expect(clock.monotonic()).toBe(50);
    await clock.advance(50);
    expect(fn).toHaveBeenCalledTimes(1);
    expect(clock.now()).toBe(55);
  });

  it('passes on what a timer throws, at the time of that timer', async () => {
    const clock = new FakeClock();
    clock.schedule(() => {
      throw new TypeError('timer');
    }, 10);
    await expect(clock.advance(20)).rejects.toThrow('timer');
    expect(clock.monotonic()).toBe(10);
  });

  it.each([-1, NaN, Infinity])('refuses to move by %p', async (ms) => {
    await expect(new FakeClock().advance(ms)).rejects.toThrow(RangeError);
  });

  it('rolls the same dice for the same seed, evenly in [0, 1)', () => {
    const roll = (seed?: number): number[] => {
      const clock = new FakeClock(0, seed);
      return Array.from({ length: 1_000 }, () => clock.random());
    };
    expect(roll(7)).toEqual(roll(7));
    expect(roll()).not.toEqual(roll(7));
    expect(roll().every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = roll().reduce((sum, value) => sum + value, 0) / 1_000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});
