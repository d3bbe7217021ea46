import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { OptionCheck } from '@mobius1/kernel';
import { decode, encode } from '../../core/codec/codec.js';

/** Keys with which answers are encrypted at rest. */
export interface ModelEncryption {
  /** 32 bytes each, as base64 or bytes, by an id of 1 to 32 letters, digits, hyphens or underscores. */
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
  /** The id of the key that new answers are encrypted with; the others still read. */
  readonly current: string;
}

/** An answer that only those read who have its key. */
export interface Sealed {
  /** Which key. */
  readonly keyId: string;
  /** Nonce, tag and text, one behind the other. */
  readonly bytes: Uint8Array;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
/** What NIST SP 800-38D recommends; random ones do not meet within the 2^32 answers that a key is good for. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Shorter text hardly gets shorter. */
const COMPRESSED_FROM = 1_024;
/** More than this is no answer: whoever can write to Redis must not make this process unpack without end. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A shorter tag is easier to guess, and no tag of ours. */
const TAG = { authTagLength: TAG_BYTES };
const PLAIN = 0;
const DEFLATED = 1;

/** Encrypts answers, and reads what it has encrypted for the same place. */
export interface Seal {
  seal(value: unknown, place: string): Sealed;
  /** `undefined` when the key is missing, a byte is not what it was, or it was sealed for another place. */
  open(sealed: Sealed, place: string): unknown;
}

/**
 * AES-256-GCM. Key of the entry and proof of the question are authenticated with the text (additional data): an entry that was copied
 * under another key, or into another workspace, does not open.
 */
export class AesSeal implements Seal {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #current: string;

  constructor({ keys, current }: ModelEncryption) {
    this.#keys = new Map(Object.entries(keys).map(([id, key]) => [id, bytesOf(key)]));
    this.#current = current;
  }

  seal(value: unknown, place: string): Sealed {
    const { codec, bytes } = encode(value);
    const deflated = bytes.length >= COMPRESSED_FROM;
    const body = deflated ? deflateRawSync(bytes) : bytes;
    const text = Buffer.concat([Buffer.from([codec.charCodeAt(0), deflated ? DEFLATED : PLAIN]), body]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keys.get(this.#current) ?? Buffer.alloc(0), nonce, TAG);
    cipher.setAAD(Buffer.from(place));
    const hidden = Buffer.concat([cipher.update(text), cipher.final()]);
    return { keyId: this.#current, bytes: Buffer.concat([nonce, cipher.getAuthTag(), hidden]) };
  }

  open({ keyId, bytes }: Sealed, place: string): unknown {
    const key = this.#keys.get(keyId);
    if (key === undefined) return undefined;
    try {
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), TAG);
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      const body = text.subarray(2);
      const whole = text[1] === DEFLATED ? inflateRawSync(body, { maxOutputLength: MOST_BYTES }) : body;
      return decode({ codec: text[0] === 'J'.charCodeAt(0) ? 'J' : 'B', bytes: whole });
    } catch {
      return undefined;
    }
  }
}

const bytesOf = (key: string | Uint8Array): Buffer =>
  typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.from(key);

/** Records what is wrong with keys, without showing them. */
export function checkEncryption(check: OptionCheck, encryption: ModelEncryption | null | undefined): void {
  if (encryption === undefined) return;
  check.unknownKeys('encryption', encryption, ['keys', 'current']);
  const { keys, current }: Partial<ModelEncryption> = encryption ?? {};
  check.unknownKeys('encryption.keys', keys, Object.keys(keys ?? {}));
  for (const [id, key] of Object.entries<unknown>(keys ?? {})) {
    if (!/^[\w-]{1,32}$/.test(id)) check.problem('encryption.keys', 'ids of 1 to 32 letters, digits, - or _', id);
    const bytes = typeof key === 'string' || key instanceof Uint8Array ? bytesOf(key).length : 'no';
    if (bytes !== KEY_BYTES)
      check.problem(`encryption.keys.${id}`, `${KEY_BYTES} bytes, as base64 or bytes`, `${bytes} bytes`);
  }
  if (current === undefined || !Object.hasOwn(keys ?? {}, current))
    check.problem('encryption.current', 'the id of one of the keys', current);
}
