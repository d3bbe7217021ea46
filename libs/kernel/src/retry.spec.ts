import { Deadline } from './deadline.js';
import { FakeClock } from './fake-clock.js';
import { InvalidOptionsError } from './option-errors.js';
import { retry, type RetryEvent, type RetryOptions } from './retry.js';

class Transient extends Error {}

function setUp(overrides: Partial<RetryOptions> = {}) {
  const clock = new FakeClock();
  const events: RetryEvent[] = [];
  const options: RetryOptions = {
    attempts: 3,
    backoff: (attempt) => attempt * 100,
    retryable: (error) => error instanceof Transient,
    clock,
    onRetry: (event) => void events.push(event),
    ...overrides,
  };
  /** Fails as often as there are errors, then succeeds with the number of the attempt. */
  const failing = (...errors: Error[]) =>
    jest.fn(async (attempt: number) => {
      const error = errors[attempt - 1];
      if (error) throw error;
      return attempt;
    });
  /** Runs to the end without waiting and tells when that was. */
  const run = async (fn: (attempt: number, signal?: AbortSignal) => Promise<number>) => {
    const outcome = retry(fn, options).then(
      (value) => ({ value, at: clock.monotonic() }),
      (error: unknown) => ({ error, at: clock.monotonic() }),
    );
    await clock.advance(10_000);
    return outcome;
  };
  return { clock, events, options, failing, run };
}

describe('retry', () => {
  it('returns the first success without waiting', async () => {
    const { failing, run, events } = setUp();
    const fn = failing();
    expect(await run(fn)).toEqual({ value: 1, at: 0 });
    expect(fn).toHaveBeenCalledTimes(1);
    expect(events).toEqual([]);
  });

  it('waits as the backoff says and tells of it', async () => {
    const { failing, run, events } = setUp();
    const [one, two] = [new Transient('one'), new Transient('two')];
    expect(await run(failing(one, two))).toEqual({ value: 3, at: 300 });
    expect(events).toEqual([
      { attempt: 1, error: one, delayMs: 100 },
      { attempt: 2, error: two, delayMs: 200 },
    ]);
  });

  it('throws the last original error when the attempts are used up', async () => {
    const { failing, run } = setUp();
    const last = new Transient('three');
    const fn = failing(new Transient('one'), new Transient('two'), last);
    const outcome = await run(fn);
    expect(outcome).toEqual({ error: last, at: 300 });
    expect((outcome as { error: unknown }).error).toBe(last);
    expect(fn).toHaveBeenCalledTimes(3);
  });

  it('throws at once what is not retryable', async () => {
    const { failing, run } = setUp();
    const fatal = new TypeError('fatal');
    expect(await run(failing(new Transient('one'), fatal))).toEqual({ error: fatal, at: 100 });
  });

  it('retries a function that throws instead of rejecting', async () => {
    const { run } = setUp();
    const outcome = await run((attempt) => {
      if (attempt === 1) throw new Transient('sync');
      return Promise.resolve(attempt);
    });
    expect(outcome).toEqual({ value: 2, at: 100 });
  });

  it('hands the dice of the clock to the backoff', async () => {
    const backoff = jest.fn(() => 1);
    const { failing, run, clock } = setUp({ backoff });
    clock.random = () => 0.25;
    await run(failing(new Transient('one')));
    expect(backoff).toHaveBeenCalledWith(1, 0.25);
  });

  it('makes a single attempt when told so', async () => {
    const { failing, run } = setUp({ attempts: 1 });
    const error = new Transient('only');
    expect(await run(failing(error))).toEqual({ error, at: 0 });
  });

  it('goes on without end when told so', async () => {
    const { failing, run } = setUp({ attempts: Infinity, backoff: () => 1 });
    const errors = Array.from({ length: 50 }, (_, i) => new Transient(String(i)));
    expect(await run(failing(...errors))).toEqual({ value: 51, at: 50 });
  });

  it.each([0, -1, NaN])('refuses %p attempts', async (attempts) => {
    const { options, failing } = setUp({ attempts });
    const fn = failing();
    await expect(retry(fn, options)).rejects.toThrow(InvalidOptionsError);
    expect(fn).not.toHaveBeenCalled();
  });

  describe('with a deadline', () => {
    it.each([
      [99, 1, 0],
      [100, 1, 0],
      [101, 2, 100],
      [301, 3, 300],
    ])('of %p ms makes %p attempts and throws after %p ms', async (ms, calls, at) => {
      const clock = new FakeClock();
      const { options, failing } = setUp({ clock, deadline: Deadline.after(ms, clock) });
      const errors = [new Transient('1'), new Transient('2'), new Transient('3')];
      const fn = failing(...errors);
      const outcome = retry(fn, options).catch((error: unknown) => ({ error, at: clock.monotonic() }));
      await clock.advance(1_000);
      expect(await outcome).toEqual({ error: errors[calls - 1], at });
      expect(fn).toHaveBeenCalledTimes(calls);
    });

    it('starts no attempt when the sleep took longer than it should', async () => {
      const clock = new FakeClock();
      const sleep = async (ms: number): Promise<void> => {
        await FakeClock.prototype.sleep.call(clock, ms + 500);
      };
      const { options, failing } = setUp({
        clock: { sleep, random: () => 0 },
        deadline: Deadline.after(400, clock),
      });
      const error = new Transient('one');
      const fn = failing(error);
      const outcome = retry(fn, options).catch((caught: unknown) => caught);
      await clock.advance(1_000);
      expect(await outcome).toBe(error);
      expect(fn).toHaveBeenCalledTimes(1);
    });
  });

  describe('with a signal', () => {
    it('hands it to every attempt', async () => {
      const { signal } = new AbortController();
      const { run } = setUp({ signal });
      const seen: unknown[] = [];
      await run(async (attempt, given) => {
        seen.push(given);
        if (attempt === 1) throw new Transient('one');
        return attempt;
      });
      expect(seen).toEqual([signal, signal]);
    });

    it('makes no attempt when it has aborted already', async () => {
      const reason = new TypeError('stop');
      const { options, failing } = setUp({ signal: AbortSignal.abort(reason) });
      const fn = failing();
      await expect(retry(fn, options)).rejects.toBe(reason);
      expect(fn).not.toHaveBeenCalled();
    });

    it('stops waiting when it aborts, and throws the error of the attempt', async () => {
      const controller = new AbortController();
      const { options, failing, clock } = setUp({ signal: controller.signal });
      const error = new Transient('one');
      const fn = failing(error);
      const outcome = retry(fn, options).catch((caught: unknown) => caught);
      await clock.advance(50);
      controller.abort();
      expect(await outcome).toBe(error);
      expect(clock.monotonic()).toBe(50);
      expect(clock.pendingTimers).toBe(0);
      expect(fn).toHaveBeenCalledTimes(1);
    });

    it('does not wait when it aborts during an attempt', async () => {
      const controller = new AbortController();
      const { run, events } = setUp({ signal: controller.signal });
      const error = new Transient('one');
      const outcome = await run(async () => {
        controller.abort();
        throw error;
      });
      expect(outcome).toEqual({ error, at: 0 });
      expect(events).toEqual([]);
    });
  });
});
