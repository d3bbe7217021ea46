import { types } from 'node:util';
import { DamagedValueError, InvalidValueError } from '../errors.js';
import { readBinary, writeBinary } from './binary.js';
import { damaged } from './damaged.js';
import { parseJson } from './json.js';
import { Replacement } from './replace.js';
import { scan } from './scan.js';

/** A value as it is stored. */
export interface Payload {
  /** `J`: plain JSON, readable in `redis-cli`. `B`: V8's format, after a checksum. */
  readonly codec: 'J' | 'B';
  readonly bytes: Buffer;
  /** The text of `bytes`, where it is at hand: the client of Redis makes bytes of it in the one place they go to. */
  readonly text?: string;
}

class JsonPayload implements Payload {
  readonly codec = 'J';
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get bytes(): Buffer {
    return Buffer.from(this.text);
  }
}

/** Bytes of a payload. */
export const sizeOf = (payload: Payload): number =>
  payload.text === undefined ? payload.bytes.length : Buffer.byteLength(payload.text);

/**
 * Encodes a value so that what comes out is what went in (G7): as JSON when JSON loses nothing, else in V8's format.
 *
 * Errors of own classes come back as the class of the language they extend, with name, message, stack, cause and fields.
 * Views of a part of an ArrayBuffer come back with bytes of their own. Frozen objects come back unfrozen.
 *
 * @throws InvalidValueError for `undefined`, functions, symbols, promises, getters, instances of classes without a
 * registered value type, and values nested deeper than 1 000 levels (or 100 errors and the like in each other)
 */
export function encode(value: unknown): Payload {
  if (value === undefined) {
    throw new InvalidValueError('undefined cannot be cached: it means "not there". Use null for "nothing".');
  }
  try {
    const verdict = scan(value);
    if (verdict === 'json') return new JsonPayload(JSON.stringify(value));
    return { codec: 'B', bytes: (verdict === 'native' ? writeNative(value) : undefined) ?? writeReplaced(value) };
  } catch (error) {
    if (error instanceof InvalidValueError) throw error;
    throw unreadable(error);
  }
}

/**
 * Decodes a payload into a value of the caller's own.
 *
 * The checksum of `B` catches every damage that matters. `J` has none: damaged text that is still JSON is for whoever
 * stores the payload to notice.
 *
 * @throws DamagedValueError and nothing else
 */
export function decode(payload: Payload): unknown {
  try {
    return payload.codec === 'J' ? parseJson(payload.text ?? payload.bytes.toString()) : readBinary(payload.bytes);
  } catch (error) {
    if (error instanceof DamagedValueError) throw error;
    throw damaged('it cannot be read'); // without a cause: messages of V8 and Node quote what they cannot read
  }
}

/** Undefined when V8 refuses the value after all (a proxy, a detached buffer): `replace` knows what to do or to say. */
function writeNative(value: unknown): Buffer | undefined {
  try {
    return writeBinary(value);
  } catch {
    return undefined;
  }
}

function writeReplaced(value: unknown): Buffer {
  const replacement = new Replacement();
  const bytes = writeBinary(replacement.copy(value));
  if (replacement.holdsRegistered) proveReadable(bytes);
  return bytes;
}

/** A value type that cannot decode what it has encoded is to fail here, where somebody can tell why, and not every hit. */
function proveReadable(bytes: Buffer): void {
  try {
    readBinary(bytes);
  } catch (cause) {
    const why = 'one of its value types cannot decode what it has encoded (see cause)';
    throw new InvalidValueError(`The value cannot be cached: ${why}.`, { cause });
  }
}

function unreadable(cause: unknown): InvalidValueError {
  const tooDeep = types.isNativeError(cause) && cause.message.startsWith('Maximum call stack');
  if (tooDeep) return new InvalidValueError('The value is nested too deeply; it cannot be cached.');
  return new InvalidValueError(
    'The value cannot be cached: reading it failed (a proxy, a value type or a detached buffer; see cause).',
    { cause },
  );
}
