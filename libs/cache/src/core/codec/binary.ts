import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { crc32 } from 'node:zlib';
import { damaged, unreadable } from './damaged.js';
import { define, emptyError, type ErrorFields, fillError } from './error-fields.js';
import { classNameOf, VIEW_NAMES } from './kinds.js';
import { localise } from './realm.js';
import { STAND_IN_KINDS, StandIn } from './stand-in.js';
import { valueTypeNamed } from './value-types.js';

/**
 * Writes values with V8's serializer, after a CRC-32 of all that follows: V8 reads 46 % of damaged bytes without an
 * error. V8 asks its host about views only, so views and stand-ins are written here, each after the number of its kind.
 *
 * A view over a whole ArrayBuffer is written with it, so that both stay one. Any other view is written as its own bytes:
 * most Buffers lie in a pool shared with unrelated data, which must not get into the store.
 */
class Writer extends DefaultSerializer {
  #places = 0;

  _writeHostObject(view: ArrayBufferView): void {
    if (view instanceof StandIn) this.#writeStandIn(view);
    else this.#writeView(view);
  }

  #writeView(view: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = view;
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    this.writeUint32(STAND_IN_KINDS.indexOf('view'));
    this.writeUint32(VIEW_NAMES.indexOf(classNameOf(view) as 'Buffer'));
    this.writeUint32(whole ? 1 : 0);
    if (whole) {
      this.writeValue(buffer);
    } else {
      this.writeUint32(byteLength);
      this.writeRawBytes(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }

  #writeStandIn(standIn: StandIn): void {
    const { kind, content } = standIn;
    this.writeUint32(STAND_IN_KINDS.indexOf(kind));
    if (kind === 'open') {
      this.writeUint32((content as StandIn).place);
      return;
    }
    if (kind === 'error' || kind === 'null-object') standIn.place = this.#places++;
    if (kind === 'error') this.writeUint32((content as [number])[0]);
    this.writeValue(kind === 'error' ? (content as unknown[]).slice(1) : content);
  }
}

/** Reads what {@link Writer} wrote. Whatever it returns owns its memory: nothing refers to the bytes it was read from. */
class Reader extends DefaultDeserializer {
  /** Objects that may contain themselves, in the order in which they began. */
  readonly #begun: object[] = [];

  _readHostObject(): unknown {
    const kind = STAND_IN_KINDS[this.readUint32()];
    switch (kind) {
      case 'view':
        return this.#readView();
      case 'null-object':
        return this.#readNullObject();
      case 'error':
        return this.#readError();
      case 'url':
        return new URL(this.readValue() as string);
      case 'search-params':
        return new URLSearchParams(this.readValue() as string);
      case 'regexp': {
        const [source, flags, lastIndex] = this.readValue() as [string, string, number];
        return Object.assign(new RegExp(source, flags), { lastIndex });
      }
      case 'registered':
        return this.#readRegistered();
      case 'open': {
        const target = this.#begun[this.readUint32()];
        if (target === undefined) throw damaged('it refers to an object it does not contain');
        return target;
      }
      default:
        throw damaged('it holds a kind of value this version does not know');
    }
  }

  #readView(): ArrayBufferView {
    const name = VIEW_NAMES[this.readUint32()];
    const View = (globalThis as Record<string, unknown>)[name ?? ''] as
      (new (buffer: ArrayBuffer) => ArrayBufferView) | undefined;
    if (View === undefined) throw damaged('it holds a kind of view this version does not know');
    const bytes = this.readUint32() === 1 ? (this.readValue() as ArrayBuffer) : this.#readBytes();
    return name === 'Buffer' ? Buffer.from(bytes) : new View(bytes);
  }

  #readBytes(): ArrayBuffer {
    return new Uint8Array(this.readRawBytes(this.readUint32())).buffer;
  }

  #readNullObject(): object {
    const object = Object.create(null) as object;
    this.#begun.push(object);
    const content = this.#readLocal() as Record<string, unknown>;
    for (const name of Object.keys(content)) define(object, name, content[name]);
    return object;
  }

  #readError(): Error {
    const error = emptyError(this.readUint32());
    this.#begun.push(error);
    const [shown, hidden] = this.#readLocal() as [ErrorFields['shown'], ErrorFields['hidden']];
    fillError(error, { shown, hidden });
    return error;
  }

  #readRegistered(): unknown {
    const [name, plain] = this.#readLocal() as [unknown, unknown];
    const type = valueTypeNamed(name);
    if (type === undefined) {
      throw damaged(`it holds a "${String(name)}", a type this process does not know; see registerValueType()`);
    }
    try {
      return type.decode(plain);
    } catch (cause) {
      throw damaged(`the value type "${type.name}" could not decode it`, { cause });
    }
  }

  #readLocal(): unknown {
    return localise(this.readValue());
  }
}

const CHECKSUM_BYTES = 4;

/** Writes what `scan` calls native, or a copy that `Replacement` made. @throws what V8 throws when it cannot */
export function writeBinary(value: unknown): Buffer {
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(value);
  const body = writer.releaseBuffer();
  const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + body.length);
  bytes.writeUInt32LE(crc32(body));
  bytes.set(body, CHECKSUM_BYTES);
  return bytes;
}

/**
 * Reads what {@link writeBinary} wrote.
 *
 * @throws DamagedValueError saying what is wrong with the bytes, never showing them; UnreadableValueError when they are whole
 */
export function readBinary(bytes: Buffer): unknown {
  const body = bytes.subarray(CHECKSUM_BYTES);
  if (body.length === 0 || bytes.readUInt32LE() !== crc32(body)) throw damaged('its checksum does not match');
  const reader = new Reader(body);
  try {
    reader.readHeader();
    return localise(reader.readValue());
  } catch (error) {
    throw unreadable(error);
  }
}
