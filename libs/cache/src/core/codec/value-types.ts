import { OptionCheck } from '@mobius1/kernel';

/** How instances of a class are written and made again. */
export interface ValueType<T, P> {
  /** Stands in every stored value; keep it when the class is renamed. */
  readonly name: string;
  /** True for the instances this type is for. Asked about objects of classes the cache does not know. */
  readonly test: (value: object) => boolean;
  /** Returns all that makes the value, as anything that can be cached. */
  readonly encode: (value: T) => P;
  /** Makes the value again. What it throws turns the entry into a miss. */
  readonly decode: (plain: P) => T;
}

/** A value type as the codec uses it: what `test` accepted goes to `encode`, what `encode` returned to `decode`. */
export interface AnyValueType {
  readonly name: string;
  readonly test: (value: object) => boolean;
  readonly encode: (value: object) => unknown;
  readonly decode: (plain: unknown) => unknown;
}

/** Decimals of decimal.js and Prisma, known by their looks: the core depends on neither. */
const DECIMAL = 'Decimal';

interface Registration {
  readonly type: AnyValueType;
  /** As they were given, to know the same registration again. */
  readonly given: readonly unknown[];
}

const registered = new Map<string, Registration>();
let seenDecimal: AnyValueType | undefined;

/**
 * Teaches the cache a class, for the whole process: its instances then come back as instances. Register at start-up, in
 * every process that shares the cache; a process that does not know the name treats such entries as misses.
 *
 * Decimals of decimal.js and Prisma need no registration, but a process can only read them back once it has cached one
 * itself; until then they are misses. When it uses several Decimal classes, all come back as the first one seen. Register
 * a type named `Decimal` to decide both.
 *
 * @throws InvalidOptionsError when the name is taken, or something is missing
 * @example
 * registerValueType({
 *   name: 'Money',
 *   test: (value) => value instanceof Money,
 *   encode: (money: Money) => [money.cents, money.currency] as const,
 *   decode: ([cents, currency]) => new Money(cents, currency),
 * });
 */
export function registerValueType<T, P>(type: ValueType<T, P>): void {
  const { name, test, encode, decode } = type;
  const check = new OptionCheck('registerValueType');
  check.string('name', name, { max: 100 });
  check.required('name', name, 'a name');
  for (const [path, given] of Object.entries({ test, encode, decode })) {
    if (typeof given !== 'function') check.problem(path, 'a function', given);
  }
  const given = [test, encode, decode];
  const other = registered.get(name);
  if (other?.given.every((one, i) => one === given[i])) return;
  if (other !== undefined)
    check.problem('name', 'a name that is not registered yet', name, 'each type needs a name of its own');
  check.throwIfAny();
  // What `test` has accepted is a `T`, and what `encode` has returned is a `P`.
  const used: AnyValueType = {
    name,
    test,
    encode: (value) => encode(value as T),
    decode: (plain) => decode(plain as P),
  };
  registered.set(name, { type: used, given });
}

/** The type of an object of a class, when there is one. */
export function valueTypeOf(value: object): AnyValueType | undefined {
  for (const { type } of registered.values()) if (type.test(value)) return type;
  return decimalType(value);
}

/** The type of that name, when this process knows it. */
export function valueTypeNamed(name: unknown): AnyValueType | undefined {
  return registered.get(name as string)?.type ?? (name === DECIMAL ? seenDecimal : undefined);
}

/** Whether it came from `registerValueType`. */
export const isRegistered = (type: AnyValueType): boolean => registered.get(type.name)?.type === type;

function decimalType(value: object): AnyValueType | undefined {
  const { constructor } = value as { constructor?: unknown };
  if (typeof constructor !== 'function' || !isDecimal(value, constructor)) return undefined;
  const Decimal = constructor as new (text: unknown) => object;
  seenDecimal ??= {
    name: DECIMAL,
    test: () => false,
    encode: (decimal) => decimal.valueOf(), // all digits, and the sign of -0, which toString() drops
    decode: (text) => new Decimal(text),
  };
  return registered.get(DECIMAL)?.type ?? seenDecimal;
}

function isDecimal(value: object, constructor: object): boolean {
  const { isDecimal: test } = constructor as { isDecimal?: unknown };
  return typeof test === 'function' && test.call(constructor, value) === true && typeof value.valueOf() === 'string';
}
