import { createHash, createHmac } from 'node:crypto';
import { OptionCheck } from '@mobius1/kernel';
import { LRUCache } from 'lru-cache';
import { canonicalArguments } from './canonical-arguments.js';

/** Options of {@link ArgumentKeys}. */
export interface ArgumentKeysOptions {
  /** Keys the digest, so that nobody can try out arguments (e-mail addresses, ids) against keys they see. @default none */
  readonly secret?: string;
  /** How many argument lists are remembered with their keys. @default 10 000, about 6 MB when full */
  readonly memo?: number;
}

/** A key that was made, in a list of those with the same arguments. */
interface Made {
  readonly owner: string;
  readonly key: string;
  readonly next: Made | undefined;
}

/** 144 bits: a collision among a billion keys has a chance of 1 in 10^26; and base64 without padding. */
const DIGEST_BYTES = 18;

/** Longer arguments are hashed every time, so that the memo stays small. */
const LONGEST_REMEMBERED = 256;

/** Methods that are commonly called with the same argument; the rest is hashed every time. */
const REMEMBERED_OWNERS = 16;

const DEFAULT_MEMO = 10_000;

/**
 * Makes keys from the arguments of methods: `UsersService.find:<digest>`. The digest of owner and arguments (SHA-256, or
 * HMAC with the secret) shows nothing of them.
 */
export class ArgumentKeys {
  readonly #secret: string | undefined;
  /** By the one argument, itself; text of several arguments cannot be mistaken for it, because it has a map of its own. */
  readonly #bySingle: LRUCache<string | number, Made>;
  readonly #byText: LRUCache<string, Made>;

  /** @throws InvalidOptionsError for an empty secret, or a memo that is no positive whole number */
  constructor(options: ArgumentKeysOptions = {}) {
    const check = new OptionCheck('ArgumentKeys');
    this.#secret = check.string('secret', options.secret);
    const max = check.positiveInteger('memo', options.memo) ?? DEFAULT_MEMO;
    check.throwIfAny();
    this.#bySingle = new LRUCache({ max });
    this.#byText = new LRUCache({ max });
  }

  /**
   * The key of a call.
   *
   * @param owner whose arguments they are, such as `UsersService.find`
   * @throws InvalidKeyError for arguments no key can be made of
   */
  keyOf(owner: string, args: readonly unknown[]): string {
    if (args.length === 0) return `${owner}()`;
    const single = args.length === 1 ? args[0] : undefined;
    if (typeof single === 'string' ? single.length <= LONGEST_REMEMBERED : typeof single === 'number') {
      // A Map takes -0 for 0.
      if (!Object.is(single, -0)) return this.#remembered(this.#bySingle, single as string | number, owner, args);
    }
    const text = canonicalArguments(args);
    if (text === '') return `${owner}()`;
    if (text.length > LONGEST_REMEMBERED) return this.#make(owner, text);
    return this.#remembered(this.#byText, text, owner, args);
  }

  #remembered<K extends string | number>(
    memo: LRUCache<K, Made>,
    by: K,
    owner: string,
    args: readonly unknown[],
  ): string {
    const first = memo.get(by);
    let count = 0;
    for (let made = first; made !== undefined; made = made.next, count++) if (made.owner === owner) return made.key;
    const key = this.#make(owner, canonicalArguments(args));
    memo.set(by, { owner, key, next: count < REMEMBERED_OWNERS ? first : undefined });
    return key;
  }

  #make(owner: string, text: string): string {
    const hash = this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
    const digest = hash.update(`${owner.length}:${owner}${text}`).digest();
    return `${owner}:${digest.toString('base64url', 0, DIGEST_BYTES)}`;
  }
}
