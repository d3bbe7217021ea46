import type { Clock } from '@mobius1/kernel';

/** Why Redis refuses what it is asked, in a word. */
export type RefusalKind =
  | 'read-only'
  | 'loading'
  | 'full'
  | 'unauthenticated'
  | 'forbidden'
  | 'unknown-command'
  | 'cross-slot'
  | 'wrong-type'
  | 'not-persisting'
  | 'unavailable'
  | 'other';

export interface Refusal {
  readonly kind: RefusalKind;
  /** What Redis said, without keys and values. */
  readonly message: string;
}

/** What each kind means for the cache, and what to do. */
export const REFUSALS: Readonly<Record<RefusalKind, string>> = {
  'read-only':
    'it is a replica, nothing is stored or invalidated there; point the cache at the master, or at its Sentinels',
  loading: 'it is not ready yet; wait',
  full: 'its memory is full, nothing more is stored; give it more, or a maxmemory-policy that evicts entries',
  unauthenticated:
    'it wants another user or password; correct REDIS_PASSWORD or REDIS_URL, or redis.username and redis.password in the options',
  forbidden: 'the user may not do what the cache needs; grant what the message names',
  'unknown-command':
    'it does not know a command that the cache needs, or it was renamed; undo rename-command, or take another service',
  'cross-slot':
    'it is a Cluster, and the client does not know it; name its nodes in redis.cluster, in place of host or url',
  'wrong-type': "something else than a cached value stands under a key; find out who else uses the cache's keyPrefix",
  'not-persisting': 'it takes no writes because it cannot save them; look at its disk',
  unavailable: 'no master serves the keys at the moment; wait, then look at the Cluster',
  other: 'for a reason of its own',
};

/** By the first word of the reply; whole texts differ between servers. */
const KINDS: Readonly<Record<string, RefusalKind>> = {
  READONLY: 'read-only',
  LOADING: 'loading',
  BUSY: 'loading',
  OOM: 'full',
  NOAUTH: 'unauthenticated',
  WRONGPASS: 'unauthenticated',
  NOPERM: 'forbidden',
  CROSSSLOT: 'cross-slot',
  MOVED: 'cross-slot',
  ASK: 'cross-slot',
  WRONGTYPE: 'wrong-type',
  MISCONF: 'not-persisting',
  MASTERDOWN: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  TRYAGAIN: 'unavailable',
  NOREPLICAS: 'unavailable',
};

// What is refused now is refused again by the next command of its kind; a refusal older than this is history.
const LATELY_MS = 10_000;
const LONGEST_MESSAGE = 160;

/**
 * What Redis has refused lately: it answers, so neither ping nor breaker tell of it, and yet the cache helps less or not at
 * all. One refusal of each kind is kept.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #byKind = new Map<RefusalKind, { readonly refusal: Refusal; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes an error if it is an answer of the server; the kind when it is the first of its kind lately. */
  note(error: unknown): Refusal | undefined {
    const { name, message } = error as Partial<Error>;
    if (name !== 'ReplyError' || message === undefined) return undefined;
    const refusal = { kind: kindOf(message), message: withoutArguments(message) };
    const known = this.#recent(refusal.kind);
    this.#byKind.set(refusal.kind, { refusal, at: this.#clock.monotonic() });
    return known ? undefined : refusal;
  }

  /** What was refused lately, one of each kind. */
  get lately(): readonly Refusal[] {
    return [...this.#byKind.values()].filter(({ refusal }) => this.#recent(refusal.kind)).map(({ refusal }) => refusal);
  }

  #recent(kind: RefusalKind): boolean {
    const noted = this.#byKind.get(kind);
    return noted !== undefined && this.#clock.monotonic() - noted.at < LATELY_MS;
  }
}

function kindOf(message: string): RefusalKind {
  if (/^ERR unknown (sub)?command/i.test(message)) return 'unknown-command';
  if (message.startsWith('ERR The user executing the script')) return 'forbidden'; // older servers: no code
  // An error inside a script comes with the script's words around it.
  const word = /\b([A-Z]{3,})\b/.exec(message)?.[1] ?? '';
  const inside = Object.keys(KINDS).find((code) => new RegExp(`\\b${code}\\b`).test(message));
  return KINDS[word] ?? (inside === undefined ? 'other' : (KINDS[inside] ?? 'other'));
}

/** The server does not let us use the command, now or ever. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Error && ['forbidden', 'unknown-command'].includes(kindOf(error.message));

/** Replies to unknown commands quote their arguments, which are keys and values (G9). */
export function withoutArguments(message: string): string {
  const said = message.replace(/,? ?with args beginning with.*/s, '').replace(/\.$/, '');
  return said.length > LONGEST_MESSAGE ? `${said.slice(0, LONGEST_MESSAGE)}…` : said;
}

/** An error that may be logged: those of ioredis carry their command, with its keys and values (G9). */
export function withoutCommand(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(withoutArguments(String(error)));
  const { name, message } = error;
  if (!('command' in error) && withoutArguments(message) === message) return error;
  return Object.assign(new Error(withoutArguments(message)), { name });
}
