import type { Clock, OptionCheck } from '@mobius1/kernel';
import type { Recorded } from './recording.js';

/** How fast a recorded answer is given: at once, as it came, or at a rate. */
export type ReplayPace = 'none' | 'recorded' | { readonly partsPerSecond: number };

/** Records what is wrong with a pace. */
export function checkPace(check: OptionCheck, path: string, pace: unknown): void {
  const rate = typeof pace === 'object' ? (pace as { partsPerSecond?: unknown } | null)?.partsPerSecond : undefined;
  const usable = pace === 'none' || pace === 'recorded' || (typeof rate === 'number' && rate > 0);
  if (pace !== undefined && !usable)
    check.problem(path, "'none', 'recorded', or { partsPerSecond } with a number above 0", pace);
}

interface ReplayOptions {
  readonly pace: ReplayPace;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/** What is replayed. */
type Parts<Part> = Pick<Recorded<Part>, 'parts' | 'at'>;

/**
 * The parts of a recorded answer, again. Paces count from the first call: who reads slowly is not held up further. `next` throws the
 * reason of the signal once it is aborted; `return` ends a wait at once.
 */
export function replay<Part>(recorded: Parts<Part>, options: ReplayOptions): AsyncIterator<Part, undefined> {
  const ends = new AbortController();
  const parts = paced(recorded, { ...options, ends });
  return {
    next: () => parts.next(),
    return: () => {
      ends.abort();
      return parts.return(undefined);
    },
  };
}

async function* paced<Part>(
  { parts, at }: Parts<Part>,
  { pace, signal, clock, ends }: ReplayOptions & { readonly ends: AbortController },
): AsyncGenerator<Part, undefined> {
  signal?.throwIfAborted();
  const aborted = (): void => ends.abort();
  signal?.addEventListener('abort', aborted, { once: true });
  const start = clock.monotonic();
  try {
    for (const [i, part] of parts.entries()) {
      const wait = start + dueAfter(pace, i, at) - clock.monotonic();
      if (wait > 0) await clock.sleep(wait, ends.signal);
      signal?.throwIfAborted();
      if (ends.signal.aborted) return;
      yield part;
    }
  } finally {
    signal?.removeEventListener('abort', aborted);
  }
}

function dueAfter(pace: ReplayPace, i: number, at: readonly number[]): number {
  if (pace === 'none') return 0;
  return pace === 'recorded' ? (at[i] ?? 0) : (i * 1_000) / pace.partsPerSecond;
}
