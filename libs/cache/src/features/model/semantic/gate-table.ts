/**
 * What the gate knows of a language. Words are written in lower case; one that ends with `*` stands for all that begin with it.
 */
export interface GateTable {
  /** Words that deny or restrict; the word behind them counts with them. */
  readonly negations: readonly string[];
  /** Words for one end and for the other: `['before'], ['after']`. Those of one end mean the same: the gate does not tell them apart. */
  readonly opposites: readonly (readonly [one: readonly string[], other: readonly string[]])[];
  /** Words that stand before the start and before the end of something: `['from'], ['to', 'until']`. */
  readonly routes: readonly (readonly [start: readonly string[], end: readonly string[]])[];
  /** Words of one unit, by its name. */
  readonly units: Readonly<Record<string, readonly string[]>>;
  /** Words of numbers, of parts of dates, of what is asked for (where, when), by what they mean. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** Words for one end and for the other, each as one text: in a table of many they stand in one line. */
export const ends = (one: string, other: string): GateTable['opposites'][number] => [one.split(' '), other.split(' ')];
