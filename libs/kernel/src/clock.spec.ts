import { systemClock } from './clock.js';

describe('systemClock', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('tells wall time, monotonic time and chance', () => {
    const [wall, monotonic] = [systemClock.now(), systemClock.monotonic()];
    jest.advanceTimersByTime(1_500);
    expect(systemClock.now() - wall).toBe(1_500);
    expect(systemClock.monotonic() - monotonic).toBeCloseTo(1_500);
    const random = systemClock.random();
    expect(random >= 0 && random < 1).toBe(true);
  });

  it('cannot be changed by those who share it', () => {
    expect(Object.isFrozen(systemClock)).toBe(true);
  });

  it('runs a scheduled function once, after its delay', () => {
    const fn = jest.fn();
    systemClock.schedule(fn, 100);
    jest.advanceTimersByTime(99);
    expect(fn).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1_000);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it('does not run a cancelled function, and cancelling twice or late is harmless', () => {
    const fn = jest.fn();
    const timer = systemClock.schedule(fn, 100);
    timer.cancel();
    timer.cancel();
    jest.advanceTimersByTime(1_000);
    expect(fn).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('lets the process end during schedule, but not during sleep', () => {
    const setTimeoutSpy = jest.spyOn(globalThis, 'setTimeout');
    systemClock.schedule(() => undefined, 100);
    void systemClock.sleep(100);
    const [scheduled, slept] = setTimeoutSpy.mock.results.map((result) => result.value as NodeJS.Timeout);
    expect(scheduled!.hasRef()).toBe(false);
    expect(slept!.hasRef()).toBe(true);
  });

  it('honours a delay that setTimeout alone would turn into 1 ms', () => {
    const fn = jest.fn();
    const thirtyDays = 30 * 86_400_000;
    const timer = systemClock.schedule(fn, thirtyDays);
    jest.advanceTimersByTime(thirtyDays - 1);
    expect(fn).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(fn).toHaveBeenCalledTimes(1);
    timer.cancel();
  });

  it('cancels a long delay in its second stretch', () => {
    const fn = jest.fn();
    const timer = systemClock.schedule(fn, 30 * 86_400_000);
    jest.advanceTimersByTime(28 * 86_400_000);
    timer.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sleeps', async () => {
    const woke = jest.fn();
    const nap = systemClock.sleep(100).then(woke);
    await jest.advanceTimersByTimeAsync(99);
    expect(woke).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    await nap;
    expect(woke).toHaveBeenCalledTimes(1);
  });

  it('wakes early and without an error when the signal aborts, leaving no timer', async () => {
    const controller = new AbortController();
    const nap = systemClock.sleep(100, controller.signal);
    controller.abort(new Error('enough'));
    await expect(nap).resolves.toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not sleep at all when the signal has aborted already', async () => {
    await expect(systemClock.sleep(100, AbortSignal.abort())).resolves.toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no listener on a signal that lives longer than the sleep', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    const nap = systemClock.sleep(5, signal);
    await jest.advanceTimersByTimeAsync(5);
    await nap;
    expect(removed.mock.calls[0]!.slice(0, 2)).toEqual(added.mock.calls[0]!.slice(0, 2));
  });
});
