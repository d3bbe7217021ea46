import { CodedError } from '@mobius1/kernel';

/** An answer in parts cannot be read on; the message says why. */
export class ModelStreamError extends CodedError {
  readonly code = 'CACHE_MODEL_STREAM';
}

/** Nobody reads the answer any more: the reason with which the model is told to stop. */
export class StreamAbandonedError extends ModelStreamError {
  constructor() {
    super('Nobody reads the answer any more.');
  }
}

/** Told to a reader who fell behind an answer that is too long to be kept. */
export class StreamOverrunError extends ModelStreamError {
  constructor(maxLength: number) {
    super(
      `The answer has grown beyond ${maxLength} characters (maxOutputLength), and this reader fell behind by more than that. Read faster, or raise maxOutputLength.`,
    );
  }
}

/** Why an answer is not kept any more. Readers do not see it: they read on. */
export class NotKeptError extends ModelStreamError {
  readonly reason: 'output-too-large' | 'unkeyable';

  constructor(reason: NotKeptError['reason']) {
    super(`The answer is not kept (${reason}), so nobody can join it any more.`);
    this.reason = reason;
  }
}

/** Told to whoever joined an answer whose parts cannot be copied for them. */
export class UnsharablePartError extends ModelStreamError {
  constructor() {
    super(
      'A part of the answer is no data (it holds a function, a symbol or an instance of a class), so that only the caller who asked first can have it. Stream plain data, or use noStore.',
    );
  }
}
