import { Deadline, withDeadline } from './deadline.js';
import { FakeClock } from './fake-clock.js';

describe('Deadline', () => {
  it('counts down to zero and stays there', async () => {
    const clock = new FakeClock();
    const deadline = Deadline.after(100, clock);
    expect(deadline.remaining()).toBe(100);
    expect(deadline.expired).toBe(false);
    await clock.advance(99);
    expect(deadline.remaining()).toBe(1);
    expect(deadline.expired).toBe(false);
    await clock.advance(1);
    expect(deadline.remaining()).toBe(0);
    expect(deadline.expired).toBe(true);
    await clock.advance(50);
    expect(deadline.remaining()).toBe(0);
  });

  it('does not notice jumps of the wall clock', () => {
    const clock = new FakeClock();
    const deadline = Deadline.after(100, clock);
    clock.setWall(0);
    expect(deadline.remaining()).toBe(100);
  });

  it.each([0, -5])('has passed at once when it is %p ms away', (ms) => {
    expect(Deadline.after(ms, new FakeClock()).expired).toBe(true);
  });

  it('can never come', () => {
    expect(Deadline.never().remaining()).toBe(Infinity);
    expect(Deadline.never().expired).toBe(false);
    expect(Deadline.after(Infinity, new FakeClock()).expired).toBe(false);
  });
});

describe('withDeadline', () => {
  const tooLate = (): Error => new RangeError('too late');

  it('passes on the value and leaves no timer', async () => {
    const clock = new FakeClock();
    await expect(withDeadline(Promise.resolve(5), 100, tooLate, clock)).resolves.toBe(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('passes on the rejection and leaves no timer', async () => {
    const clock = new FakeClock();
    const failed = Promise.reject(new TypeError('failed'));
    await expect(withDeadline(failed, 100, tooLate, clock)).rejects.toThrow('failed');
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects with the error of onTimeout when time is up, not before', async () => {
    const clock = new FakeClock();
    const onTimeout = jest.fn(tooLate);
    const outcome = withDeadline(new Promise<never>(() => undefined), 100, onTimeout, clock);
    const caught = outcome.catch((error: unknown) => error);
    await clock.advance(99);
    expect(onTimeout).not.toHaveBeenCalled();
    await clock.advance(1);
    await expect(caught).resolves.toEqual(new RangeError('too late'));
  });

  it('lets a reply win that is read between the timer and the end of the turn', async () => {
    // A timer that the test fires by hand: what follows in the same turn is the reading of the sockets.
    let fire: () => void = () => undefined;
    const clock = Object.assign(new FakeClock(), {
      schedule: (fn: () => void) => {
        fire = fn;
        return { cancel: () => undefined };
      },
    });
    const onTimeout = jest.fn(tooLate);
    let reply: (value: string) => void = () => undefined;
    const outcome = withDeadline(new Promise<string>((resolve) => (reply = resolve)), 100, onTimeout, clock);
    fire();
    reply('in time');
    await expect(outcome).resolves.toBe('in time');
    await new Promise((resolve) => setImmediate(resolve));
    expect(onTimeout).not.toHaveBeenCalled();
  });

  it('does not report a rejection that comes after the time-out as unhandled', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const clock = new FakeClock();
      const late = clock.sleep(200).then(() => Promise.reject(new TypeError('late')));
      const outcome = withDeadline(late, 100, tooLate, clock);
      const caught = outcome.catch((error: unknown) => error);
      await clock.advance(300);
      await expect(caught).resolves.toBeInstanceOf(RangeError);
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('rejects with what onTimeout throws', async () => {
    const clock = new FakeClock();
    const throwing = (): Error => {
      throw new TypeError('broken');
    };
    const caught = withDeadline(new Promise(() => undefined), 1, throwing, clock).catch((error: unknown) => error);
    await clock.advance(1);
    await expect(caught).resolves.toEqual(new TypeError('broken'));
  });

  it('lets a settled promise win even when no time is given', async () => {
    const clock = new FakeClock();
    const outcome = withDeadline(Promise.resolve('cached'), 0, tooLate, clock);
    await clock.advance(0);
    await expect(outcome).resolves.toBe('cached');
  });
});
