import fc from 'fast-check';
import { type BreakerState, CircuitBreaker, type CircuitBreakerOptions } from './breaker.js';
import { FakeClock } from './fake-clock.js';
import { InvalidOptionsError } from './option-errors.js';

function setUp(options: Partial<CircuitBreakerOptions> & { random?: number } = {}) {
  const { random = 0, ...rest } = options;
  const clock = new FakeClock();
  clock.random = () => random;
  const transitions: string[] = [];
  const breaker = new CircuitBreaker({
    clock,
    onTransition: (from, to) => void transitions.push(`${from} > ${to}`),
    ...rest,
  });
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) breaker.failure();
  };
  return { clock, breaker, transitions, fail };
}

/** The half of an open time that equal jitter leaves standing when `random` is 0. */
const FIRST_OPEN_MS = 500;

describe('CircuitBreaker', () => {
  it('lets everything pass while closed', () => {
    const { breaker, fail } = setUp();
    fail(4);
    expect(breaker.state).toBe('closed');
    expect(breaker.tryAcquire()).toBe(true);
  });

  it('opens at the threshold and refuses', () => {
    const { breaker, fail, transitions } = setUp({ failureThreshold: 3 });
    fail(3);
    expect(breaker.state).toBe('open');
    expect(breaker.tryAcquire()).toBe(false);
    expect(transitions).toEqual(['closed > open']);
  });

  it('counts failures in a row only', () => {
    const { breaker, fail } = setUp();
    fail(4);
    breaker.success();
    fail(4);
    expect(breaker.state).toBe('closed');
    fail(1);
    expect(breaker.state).toBe('open');
  });

  it('lets exactly one probe through when its time is over', async () => {
    const { breaker, clock, fail } = setUp();
    fail(5);
    await clock.advance(FIRST_OPEN_MS - 1);
    expect(breaker.tryAcquire()).toBe(false);
    await clock.advance(1);
    expect(breaker.state).toBe('open');
    expect([breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([true, false, false]);
    expect(breaker.state).toBe('half-open');
  });

  it('closes when the probe succeeds, and starts over', async () => {
    const { breaker, clock, fail, transitions } = setUp();
    fail(5);
    await clock.advance(FIRST_OPEN_MS);
    breaker.tryAcquire();
    breaker.success();
    expect(breaker.tryAcquire()).toBe(true);
    expect(transitions).toEqual(['closed > open', 'open > half-open', 'half-open > closed']);
    fail(4);
    expect(breaker.state).toBe('closed');
    fail(1);
    await clock.advance(FIRST_OPEN_MS);
    expect(breaker.tryAcquire()).toBe(true);
  });

  it('stays open twice as long after each failed probe, up to the most', async () => {
    const { breaker, clock, fail } = setUp({ openMs: 1_000, maxOpenMs: 5_000 });
    fail(5);
    for (const openMs of [500, 1_000, 2_000, 2_500, 2_500]) {
      await clock.advance(openMs - 1);
      expect(breaker.tryAcquire()).toBe(false);
      await clock.advance(1);
      expect(breaker.tryAcquire()).toBe(true);
      breaker.failure();
      expect(breaker.state).toBe('open');
    }
  });

  it('leaves half of the open time to chance', async () => {
    const { breaker, clock, fail } = setUp({ random: 0.5 });
    fail(5);
    await clock.advance(749);
    expect(breaker.tryAcquire()).toBe(false);
    await clock.advance(1);
    expect(breaker.tryAcquire()).toBe(true);
  });

  it('ignores results of calls that began before it opened', async () => {
    const { breaker, clock, fail } = setUp();
    fail(5);
    await clock.advance(FIRST_OPEN_MS - 1);
    fail(20);
    breaker.success();
    expect(breaker.state).toBe('open');
    await clock.advance(1);
    expect(breaker.tryAcquire()).toBe(true);
  });

  it('gives up a probe that never reports back, and allows another', async () => {
    const { breaker, clock, fail, transitions } = setUp();
    fail(5);
    await clock.advance(FIRST_OPEN_MS);
    expect(breaker.tryAcquire()).toBe(true);
    await clock.advance(FIRST_OPEN_MS - 1);
    expect(breaker.tryAcquire()).toBe(false);
    await clock.advance(1);
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([true, false]);
    expect(transitions).toEqual(['closed > open', 'open > half-open']);
  });

  it('can be reset in every state', async () => {
    const { breaker, clock, fail, transitions } = setUp();
    breaker.reset();
    expect(transitions).toEqual([]);
    fail(5);
    breaker.reset();
    expect(breaker.state).toBe('closed');
    fail(5);
    await clock.advance(FIRST_OPEN_MS);
    breaker.tryAcquire();
    breaker.reset();
    fail(4);
    expect(breaker.state).toBe('closed');
  });

  it('does not notice jumps of the wall clock', () => {
    const { breaker, clock, fail } = setUp();
    fail(5);
    clock.setWall(clock.now() + 1e9);
    expect(breaker.tryAcquire()).toBe(false);
  });

  it('has changed its state when it tells of it', () => {
    const seen: BreakerState[] = [];
    const { breaker } = setUp({ failureThreshold: 1, onTransition: () => void seen.push(breaker.state) });
    breaker.failure();
    expect(seen).toEqual(['open']);
  });

  it('keeps no timer', () => {
    const { clock, fail } = setUp();
    fail(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is never wedged: whatever has happened, a call passes after the longest open time', async () => {
    const steps = fc.array(fc.constantFrom('acquire', 'success', 'failure', 'wait'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (plan, seed) => {
        const clock = new FakeClock(0, seed);
        const breaker = new CircuitBreaker({ clock, failureThreshold: 2, openMs: 100, maxOpenMs: 400 });
        for (const step of plan) {
          if (step === 'acquire') breaker.tryAcquire();
          else if (step === 'wait') await clock.advance(90);
          else breaker[step]();
        }
        await clock.advance(400);
        expect(breaker.tryAcquire()).toBe(true);
      }),
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ failureThreshold: 0 }, 'failureThreshold: expected a positive whole number'],
    [{ openMs: -1 }, 'openMs: expected'],
    [{ openMs: 20_000 }, 'maxOpenMs: expected at least openMs (20000), got 10000'],
    [{ clock: undefined }, 'clock: expected a Clock'],
    [{ onTransition: 5 }, 'onTransition: expected a function'],
    [{ treshold: 5 }, 'treshold: expected a known option'],
  ])('refuses %p', (options, message) => {
    const make = (): unknown => new CircuitBreaker({ clock: new FakeClock(), ...options });
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(message);
  });
});
