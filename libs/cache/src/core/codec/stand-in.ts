/** What a stand-in stands for, in the order of their numbers in stored values: only ever append. */
export const STAND_IN_KINDS = [
  'view',
  'null-object',
  'error',
  'url',
  'search-params',
  'regexp',
  'registered',
  'open',
] as const;

export type StandInKind = (typeof STAND_IN_KINDS)[number];

/**
 * Takes the place of an object V8 cannot write, in a copy of the value.
 *
 * A view over bytes, because views are the one kind of object that V8's serializer hands to its host wherever it meets
 * one: so a stand-in can never be mistaken for anything in a user's value.
 */
export class StandIn extends Uint8Array {
  readonly kind: StandInKind;
  /** What the reader needs to make the object again; filled in after construction when it may lead back to itself. */
  content: unknown;
  /** Its place among the objects that may contain themselves, once it is being written. */
  place = -1;

  constructor(kind: StandInKind, content?: unknown) {
    super(0);
    this.kind = kind;
    this.content = content;
  }
}
