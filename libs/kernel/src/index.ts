// Time
export { type Clock, systemClock, type Timer } from './clock.js';
export { FakeClock } from './fake-clock.js';
export { type Duration, durationMs, formatDuration } from './duration.js';

// Errors and options
export { CodedError } from './coded-error.js';
export { InvalidOptionsError, type OptionProblem } from './option-errors.js';
export { OptionCheck } from './option-check.js';
export { EnvironmentCheck } from './environment-check.js';
export { atBoot } from './at-boot.js';

// Waiting for what may fail
export { type Backoff, exponentialBackoff, type ExponentialBackoffOptions } from './backoff.js';
export { Deadline, withDeadline } from './deadline.js';
export { type BreakerState, CircuitBreaker, type CircuitBreakerOptions } from './breaker.js';
export { retry, type RetryEvent, type RetryOptions } from './retry.js';

// Meeting points
export { type CommitOutcome, noUnitOfWork, UNIT_OF_WORK, type UnitOfWork } from './unit-of-work.js';
export { Channel, type Listener, type ListenerErrorHandler } from './channel.js';
