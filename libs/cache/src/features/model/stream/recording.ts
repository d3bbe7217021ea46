import type { Clock } from '@mobius1/kernel';
import { NotKeptError, StreamAbandonedError, StreamOverrunError, UnsharablePartError } from './errors.js';
import { PartReader } from './part-reader.js';
import { type RecordedPart, recordPart } from './recorded-part.js';
import { pumpOf, type PartPump, type StreamSource } from './source.js';

/** All parts of an answer, and when they came. */
export interface Recorded<Part> {
  readonly parts: readonly Part[];
  /** Milliseconds from the question to each part. */
  readonly at: readonly number[];
  /** Milliseconds from the question to the end. */
  readonly ms: number;
}

export interface RecordingOptions<Part> {
  readonly start: (signal: AbortSignal) => StreamSource<Part> | Promise<StreamSource<Part>>;
  /** Characters or bytes of all parts together; an answer that is longer is read along, and neither kept nor joined. 0: none is kept. */
  readonly maxLength: number;
  /** Whether somebody may still come who wants to read, although nobody does now. */
  readonly expected: () => boolean;
  readonly clock: Clock;
}

/**
 * One answer of a model, given in parts, and everybody who reads it (G6, G12).
 *
 * The model is listened to as fast as it talks: all of the answer is kept until its end anyway, so that it can be stored and those who
 * come late read it from the beginning. So a reader who is slow holds up nobody, neither the model nor other readers. When the last reader
 * has left, and nobody is expected, the model is told to stop.
 *
 * An answer that grows beyond `maxLength`, or has a part that is no data, is not kept any more: `whole` fails (`NotKeptError`), what all have
 * read is dropped, and the model is listened to as fast as the fastest reader reads. Who falls behind by more than `maxLength` then is told
 * so (`StreamOverrunError`).
 */
export class Recording<Part> {
  /** Settles with the first part, or the end, or what went wrong before. */
  readonly first: Promise<void>;
  /** All parts, copied for whoever keeps them; fails with what goes wrong, and with NotKeptError. */
  readonly whole: Promise<Recorded<Part>>;
  /** Milliseconds from the question to the end, of an answer that is not kept as well; fails with what goes wrong. */
  readonly ended: Promise<number>;
  readonly #options: RecordingOptions<Part>;
  readonly #readers = new Set<PartReader<Part>>();
  readonly #abort = new AbortController();
  readonly #began: number;
  readonly #at: number[] = [];
  #slots: RecordedPart<Part>[] = [];
  /** Parts that are gone from the beginning. */
  #dropped = 0;
  #length = 0;
  #pump: PartPump<Part> | undefined;
  #state: 'running' | 'ended' | 'failed' = 'running';
  #error: unknown;
  #goesOn = false;
  #notKept: NotKeptError | undefined;
  #wanted: (() => void) | undefined;
  #settleFirst!: { resolve: () => void; reject: (error: unknown) => void };
  #settleWhole!: { resolve: (recorded: Recorded<Part>) => void; reject: (error: unknown) => void };
  #settleEnded!: { resolve: (ms: number) => void; reject: (error: unknown) => void };

  constructor(options: RecordingOptions<Part>) {
    this.#options = options;
    this.#began = options.clock.monotonic();
    this.first = new Promise((resolve, reject) => (this.#settleFirst = { resolve, reject }));
    this.whole = new Promise((resolve, reject) => (this.#settleWhole = { resolve, reject }));
    this.ended = new Promise((resolve, reject) => (this.#settleEnded = { resolve, reject }));
    // What goes wrong is told to every reader, and to whoever waits for one of these.
    for (const promise of [this.first, this.whole, this.ended]) promise.catch(() => undefined);
    void this.#run();
  }

  /** How many parts there are so far, those that are gone included. */
  get count(): number {
    return this.#dropped + this.#slots.length;
  }

  /** Why it is not kept; `undefined` as long as it is. */
  get notKept(): NotKeptError | undefined {
    return this.#notKept;
  }

  get #running(): boolean {
    return this.#state === 'running';
  }

  /** A reader from the beginning; `undefined` when the beginning is gone, or nobody reads it any more. */
  attach(reader: { readonly owner: boolean; readonly signal?: AbortSignal | undefined }): PartReader<Part> | undefined {
    if (this.#dropped > 0 || this.#notKept !== undefined || this.#error instanceof StreamAbandonedError)
      return undefined;
    const attached = new PartReader<Part>(this, reader);
    this.#readers.add(attached);
    if (!this.#running) attached.over();
    return attached;
  }

  /** Goes on to the end although nobody reads: it is to be kept. */
  goOn(): void {
    this.#goesOn = true;
  }

  /** For readers: the part at a position; `undefined` when it is not there yet. @throws what went wrong */
  read(position: number, { owner }: { readonly owner: boolean }): IteratorResult<Part, undefined> | undefined {
    if (position < this.#dropped) throw new StreamOverrunError(this.#options.maxLength);
    const slot = this.#slots[position - this.#dropped];
    if (slot !== undefined) return { done: false, value: owner ? slot.part : this.#copyOf(slot) };
    if (this.#state === 'failed') throw this.#error;
    if (this.#state === 'ended') return { done: true, value: undefined };
    this.#wanted?.();
    return undefined;
  }

  /** For readers: this one reads no more. */
  detach(reader: PartReader<Part>): void {
    if (!this.#readers.delete(reader)) return;
    if (this.#notKept === undefined) this.leaveIfAlone();
    else this.#trim();
  }

  /** For readers: this one has read on. */
  advanced(): void {
    if (this.#notKept !== undefined) this.#trim();
  }

  /** Tells the model to stop when nobody reads, and nobody is expected to. */
  leaveIfAlone(): void {
    if (!this.#running || this.#readers.size > 0 || this.#goesOn || this.#options.expected()) return;
    this.#fail(new StreamAbandonedError());
  }

  async #run(): Promise<void> {
    try {
      const source = await this.#options.start(this.#abort.signal);
      this.#pump = pumpOf(source);
      if (!this.#running) this.#pump.stop(this.#error);
      while (this.#running) {
        const { done, value } = await this.#pump.next();
        if (done) this.#end();
        else this.#push(value);
        if (this.#notKept !== undefined) await this.#demand();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #push(part: Part): void {
    if (!this.#running) return; // it was stopped meanwhile
    const recorded = recordPart(part);
    this.#slots.push(recorded);
    this.#length += recorded.length;
    if (this.#notKept === undefined) this.#at.push(this.#now());
    if (this.#length > this.#options.maxLength) this.#tooLong();
    else if (recorded.copy === undefined) this.#stopKeeping('unkeyable');
    for (const reader of this.#readers) reader.wake();
    if (this.count > 1) return;
    this.#settleFirst.resolve();
    // Who waited for the first part comes to read it within this turn.
    setImmediate(() => this.leaveIfAlone());
  }

  #end(): void {
    if (!this.#running) return;
    this.#state = 'ended';
    const ms = this.#now();
    if (this.#notKept === undefined) {
      const parts = this.#slots.map((slot) => this.#copyOf(slot));
      this.#settleWhole.resolve({ parts, at: this.#at, ms });
    }
    this.#settleEnded.resolve(ms);
    this.#settleFirst.resolve();
    this.#over();
  }

  #fail(error: unknown): void {
    if (!this.#running) return;
    this.#state = 'failed';
    this.#error = error;
    for (const { reject } of [this.#settleFirst, this.#settleWhole, this.#settleEnded]) reject(error);
    this.#abort.abort(error);
    this.#pump?.stop(error);
    this.#wanted?.();
    this.#over();
  }

  /** The answer is too long to be kept. What is there stays for those who read, until the fastest of them wants more. */
  #tooLong(): void {
    if (this.#notKept === undefined) this.#stopKeeping('output-too-large');
    // A part that is long by itself is no fault of those who read.
    else while (this.#length > this.#options.maxLength && this.#slots.length > 1) this.#drop();
  }

  #stopKeeping(reason: NotKeptError['reason']): void {
    if (this.#notKept !== undefined) return;
    this.#notKept = new NotKeptError(reason);
    this.#settleWhole.reject(this.#notKept);
    this.#trim();
  }

  /** Drops what all have read. */
  #trim(): void {
    if (this.#readers.size === 0) {
      if (this.#running) this.#fail(new StreamAbandonedError());
      return;
    }
    const slowest = Math.min(...[...this.#readers].map(({ position }) => position));
    while (this.#dropped < slowest) this.#drop();
  }

  #drop(): void {
    this.#length -= this.#slots.shift()?.length ?? 0;
    this.#dropped++;
  }

  /** Waits until somebody wants the next part. */
  async #demand(): Promise<void> {
    if (!this.#running || [...this.#readers].some((reader) => reader.waits)) return;
    await new Promise<void>((resolve) => (this.#wanted = resolve));
    this.#wanted = undefined;
  }

  #copyOf({ copy }: RecordedPart<Part>): Part {
    if (copy === undefined) throw new UnsharablePartError();
    return copy();
  }

  /** Milliseconds since the question. */
  #now(): number {
    return Math.round(this.#options.clock.monotonic() - this.#began);
  }

  #over(): void {
    for (const reader of this.#readers) reader.over();
  }
}
