import { randomInt } from 'node:crypto';

/** Above 32000 Linux takes ports for outgoing connections, below 20000 live the well-known servers. */
const RANGE = { from: 20_000, to: 32_000 };

/** A port that is probably free: whoever binds it tries another one on EADDRINUSE. */
export function randomPort(): number {
  return randomInt(RANGE.from, RANGE.to);
}
