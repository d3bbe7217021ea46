import { sizeOf } from './codec/codec.js';
import { Entry } from './entry.js';
import type { Stamp } from './generation.js';
import type { Found } from './store.js';
import { NO_TOKEN, type Token } from './token.js';

/**
 * How value and lease stand in one Redis string, so that any DEL by anyone kills both (G1, protocol rule 1).
 *
 * A header of fixed width in ASCII, so that the scripts address its fields by offset and people can read it:
 *
 *     0 magic and format version   2 kind: V value, L lease only, F failed load   3 codec   4 version: token of the fill
 *    20 lease: token of its holder  36 end of the lease            49 created   62 fresh until   75 gone until
 *    88 cost of the load in ms      95 length of the stamps       100 length of the payload      109 stamps, payload
 *
 * Times are decimal milliseconds on the server's clock. A record with only a lease has neither stamps nor payload, and
 * its key expires with the lease; in the place of a version it says whether the load before it failed. The lengths tell a
 * value that was cut or patched from a whole one.
 */
export const MAGIC = 'M1';
export const AT = {
  kind: 2,
  codec: 3,
  version: 4,
  lease: 20,
  leaseEnd: 36,
  created: 49,
  fresh: 62,
  gone: 75,
  cost: 88,
  stampBytes: 95,
  payloadBytes: 100,
  end: 109,
} as const;

const MAX_STAMP_BYTES = 99_999; // 5 digits
const ABSENT: Found = { kind: 'absent' };
const FAILED: Found = { kind: 'failed' };
const FOREIGN: Found = { kind: 'foreign' };
const NO_TIME = '0'.repeat(13);
/** Stands in a lease for the version: the load before it ended without a value. */
export const AFTER_FAILURE: Token = '!'.repeat(16);
const COUNTER = /^-?\d{1,20}$/;

/** What is too large for its field is the largest number: a time in the year 2286, a cost of almost three hours. */
const digits = (value: number, width: number): string =>
  String(Math.min(Math.round(value), 10 ** width - 1)).padStart(width, '0');

const timeDigits = (ms: number): string => digits(ms, AT.created - AT.leaseEnd);

const NO_VALUE = `${NO_TIME.repeat(3)}${digits(0, 7)}${digits(0, 5)}${digits(0, 9)}`;

/** A record that holds nothing but a lease. */
export const leaseRecord = (token: Token, leaseEnd: number): string =>
  `${MAGIC}L-${NO_TOKEN}${token}${timeDigits(leaseEnd)}${NO_VALUE}`;

/** A record that says that a load ended without a value. */
export const FAILURE_RECORD = `${MAGIC}F-${NO_TOKEN}${NO_TOKEN}${NO_TIME}${NO_VALUE}`;

const writeStamps = (stamps: readonly Stamp[]): string =>
  stamps.map(({ name, generation }) => `${name}\n${generation}`).join('\n'); // names are encoded: no control characters

function readStamps(text: string): Stamp[] | undefined {
  if (text === '') return [];
  const parts = text.split('\n');
  if (parts.length % 2 !== 0) return undefined;
  const stamps: Stamp[] = [];
  for (let i = 0; i < parts.length; i += 2) stamps.push({ name: parts[i] ?? '', generation: parts[i + 1] ?? '' });
  return stamps;
}

/** True when the entry's tags fit into a record; more than a thousand tags do not. */
export const fitsRecord = (entry: Entry): boolean => Buffer.byteLength(writeStamps(entry.stamps)) <= MAX_STAMP_BYTES;

/** The bytes of a value without a lease, or the text of them. */
export function entryRecord(entry: Entry): Buffer | string {
  const { payload } = entry;
  const stamps = writeStamps(entry.stamps);
  const head =
    `${MAGIC}V${payload.codec}${entry.version}${NO_TOKEN}${NO_TIME}` +
    timeDigits(entry.createdAt) +
    timeDigits(entry.freshUntil) +
    timeDigits(entry.goneUntil) +
    digits(entry.costMs, 7) +
    digits(Buffer.byteLength(stamps), 5) +
    digits(sizeOf(payload), 9) +
    stamps;
  return payload.text === undefined ? Buffer.concat([Buffer.from(head), payload.bytes]) : head + payload.text;
}

/** Reads what stands under a key at `now` on the server's clock. Never throws: whatever is not ours is `foreign`. */
export function parseRecord(bytes: Buffer | null, now: number): Found {
  if (bytes === null) return ABSENT;
  if (bytes.length < AT.end || bytes[0] !== 0x4d || bytes[1] !== 0x31) return counterOrForeign(bytes);
  const header = bytes.toString('latin1', 0, AT.end);
  if (header[AT.kind] === 'F') return FAILED;
  if (header[AT.kind] === 'L') {
    const afterFailure = header.slice(AT.version, AT.lease) === AFTER_FAILURE;
    return { kind: 'lease', holder: header.slice(AT.lease, AT.leaseEnd), afterFailure };
  }
  const codec = header[AT.codec];
  if (header[AT.kind] !== 'V' || (codec !== 'J' && codec !== 'B')) return FOREIGN;
  const stampsEnd = AT.end + Number(header.slice(AT.stampBytes, AT.payloadBytes));
  const end = stampsEnd + Number(header.slice(AT.payloadBytes, AT.end));
  const createdAt = Number(header.slice(AT.created, AT.fresh));
  const freshUntil = Number(header.slice(AT.fresh, AT.gone));
  const goneUntil = Number(header.slice(AT.gone, AT.cost));
  const costMs = Number(header.slice(AT.cost, AT.stampBytes));
  const stamps = end === bytes.length ? readStamps(bytes.toString('utf8', AT.end, stampsEnd)) : undefined;
  if (stamps === undefined || Number.isNaN(createdAt + freshUntil + goneUntil + costMs)) return FOREIGN;
  return {
    kind: 'entry',
    holder: now < Number(header.slice(AT.leaseEnd, AT.created)) ? header.slice(AT.lease, AT.leaseEnd) : undefined,
    entry: new Entry({
      version: header.slice(AT.version, AT.lease),
      createdAt,
      freshUntil,
      goneUntil,
      costMs,
      stamps,
      payload: { codec, bytes: payloadOf(codec, bytes, stampsEnd) },
    }),
  };
}

/**
 * JSON is decoded once and let go. V8's format is decoded again for each caller, and may be held for long: a copy of its own,
 * because a part of what came from the socket would hold all of it.
 */
function payloadOf(codec: 'J' | 'B', bytes: Buffer, from: number): Buffer {
  return codec === 'J' ? bytes.subarray(from) : Buffer.from(bytes.subarray(from));
}

function counterOrForeign(bytes: Buffer): Found {
  const text = bytes.length <= 21 ? bytes.toString('latin1') : '';
  return COUNTER.test(text) && Number.isSafeInteger(Number(text)) ? { kind: 'counter', count: Number(text) } : FOREIGN;
}
