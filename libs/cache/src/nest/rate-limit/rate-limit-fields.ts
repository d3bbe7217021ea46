import { type Item, serializeList } from 'structured-headers';

/** How one policy stands after a request. */
export interface PolicyStanding {
  readonly name: string;
  readonly limit: number;
  /** Milliseconds; 0 for slots, which have no window. */
  readonly windowMs: number;
  readonly remaining: number;
  /** Milliseconds until the whole quota is there again. */
  readonly resetMs: number;
  /** Whether this policy denied the request. */
  readonly violated: boolean;
  /** Milliseconds until the denied request would be admitted; `undefined` when waiting does not help. */
  readonly retryAfterMs: number | undefined;
}

export type Fields = Readonly<Record<string, string>>;

/** Whole seconds, rounded up, so that nobody comes back too early; never 0. */
const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** Structured fields hold at most 15 digits. */
const LARGEST_INTEGER = 999_999_999_999_999;
const integer = (value: number): number => Math.min(LARGEST_INTEGER, Math.max(0, Math.floor(value)));

const item = (name: string, parameters: readonly (readonly [string, string | number | undefined])[]): Item => [
  // Strings of structured fields are printable ASCII.
  name.replace(/[^\x20-\x7e]/g, '?'),
  new Map(parameters.filter((entry): entry is [string, string | number] => entry[1] !== undefined)),
];

/** `RateLimit-Policy: "p";q=5;w=1` */
function policyItem({ name, limit, windowMs }: PolicyStanding): Item {
  const slots = windowMs === 0;
  return item(name, [
    ['q', integer(limit)],
    ['qu', slots ? 'concurrent-requests' : undefined],
    ['w', slots ? undefined : seconds(windowMs)],
  ]);
}

/** `RateLimit: "p";r=0;t=1` */
function standingItem({ name, remaining, resetMs, violated, retryAfterMs }: PolicyStanding): Item {
  const until = violated ? retryAfterMs : resetMs;
  return item(name, [
    ['r', integer(remaining)],
    ['t', until === undefined ? undefined : violated ? seconds(until) : Math.ceil(until / 1_000)],
  ]);
}

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10: what holds, and what is left of it.
 */
export function rateLimitFields(standings: readonly PolicyStanding[]): Fields {
  if (standings.length === 0) return {};
  return {
    'RateLimit-Policy': serializeList(standings.map(policyItem)),
    RateLimit: serializeList(standings.map(standingItem)),
  };
}

/** `X-RateLimit-*`, which know one policy only: that which has the least left. */
export function legacyFields(standings: readonly PolicyStanding[]): Fields {
  const share = ({ violated, remaining, limit }: PolicyStanding): number =>
    violated ? -1 : remaining / Math.max(1, limit);
  const [tightest] = [...standings].sort((a, b) => share(a) - share(b));
  if (tightest === undefined) return {};
  const { limit, remaining, resetMs, violated, retryAfterMs } = tightest;
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(integer(remaining)),
    'X-RateLimit-Reset': String(
      violated && retryAfterMs !== undefined ? seconds(retryAfterMs) : Math.ceil(resetMs / 1_000),
    ),
  };
}

/**
 * Seconds after which all the policies that denied a request would admit it: never 0, never before the largest `t` of one of them.
 * `undefined` when waiting does not help.
 */
export function retryAfter(standings: readonly PolicyStanding[]): number | undefined {
  const waits = standings.filter(({ violated }) => violated).map(({ retryAfterMs }) => retryAfterMs);
  if (waits.length === 0 || waits.includes(undefined)) return undefined;
  return Math.max(...waits.map((ms) => seconds(ms ?? 0)));
}
