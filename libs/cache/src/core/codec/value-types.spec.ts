import { InvalidOptionsError } from '@mobius1/kernel';
import { DamagedValueError, InvalidValueError } from '../errors.js';
import * as codec from './codec.js';
import { decode, encode, type Payload } from './codec.js';
import { registerValueType } from './value-types.js';

class Money {
  constructor(
    readonly cents: number,
    readonly paidAt: Date,
    readonly owner?: unknown,
  ) {}
}

/** As decimal.js makes them. */
class Decimal2 {
  static isDecimal(value: unknown): boolean {
    return value instanceof Decimal2;
  }
  readonly #text: string;
  constructor(text: string) {
    if (!/^-?\d/.test(text)) throw new Error(`[DecimalError] Invalid argument: ${text}`);
    this.#text = text;
  }
  valueOf(): string {
    return this.#text;
  }
}

const money = {
  name: 'Money',
  test: (value: object) => value instanceof Money,
  encode: (value: Money) => [value.cents, value.paidAt, value.owner] as const,
  decode: ([cents, paidAt, owner]: readonly [number, Date, unknown]) => new Money(cents, paidAt, owner),
};

const through = <T>(value: T): T => decode(encode(value)) as T;

type Codec = Pick<typeof codec, 'decode' | 'encode'>;

/** A fresh copy of the module, as in another process. */
function otherProcess(): Codec {
  let copy: Codec = codec;
  jest.isolateModules(() => {
    copy = jest.requireActual<Codec>('./codec.js');
  });
  return copy;
}

function problemOf(payload: Payload, reader: Codec): { code?: string; message?: string } {
  try {
    reader.decode(payload);
  } catch (error) {
    return error as Error;
  }
  return {};
}

describe('registerValueType', () => {
  beforeAll(() => registerValueType(money));

  it('brings instances back as instances, with all they hold', () => {
    const paid = new Money(5, new Date(7), new Map([[1, new URL('a:b')]]));
    const copy = through({ paid, again: [paid] });
    expect(copy.paid).toBeInstanceOf(Money);
    expect(copy.paid).toEqual(paid);
    expect(copy.paid.paidAt).toBeInstanceOf(Date);
    expect(copy.again[0]).toBe(copy.paid);
  });

  it('brings back instances inside instances', () => {
    expect(through(new Money(1, new Date(1), new Money(2, new Date(2)))).owner).toBeInstanceOf(Money);
  });

  it('refuses an instance that contains itself', () => {
    const owner: unknown[] = [];
    owner.push(new Money(1, new Date(1), owner));
    expect(() => encode(owner[0])).toThrow(InvalidValueError);
  });

  it('takes the same registration twice, but no other under one name', () => {
    expect(() => registerValueType(money)).not.toThrow();
    expect(() => registerValueType({ ...money, test: () => false })).toThrow(InvalidOptionsError);
  });

  it('reports all that is wrong at once', () => {
    const wrong = { name: '', test: 1, encode: undefined, decode: () => 1 } as never;
    expect(() => registerValueType(wrong)).toThrow(/name.*\n.*test.*\n.*encode/);
  });

  it('makes an unknown name a damaged value, with advice', () => {
    const error = problemOf(encode(new Money(1, new Date(1))), otherProcess());
    expect(error.code).toBe('CACHE_DAMAGED_VALUE');
    expect(error.message).toContain('"Money", a type this process does not know; see registerValueType()');
  });

  describe('with functions that throw', () => {
    class Odd {
      at = 1;
    }
    const fails = { encode: false, decode: false };
    const unless = <T>(failing: boolean, value: T): T => {
      if (failing) throw new DamagedValueError('boom');
      return value;
    };
    beforeAll(() =>
      registerValueType({
        name: 'Odd',
        test: (value) => value instanceof Odd,
        encode: () => unless(fails.encode, 1),
        decode: () => unless(fails.decode, new Odd()),
      }),
    );
    afterEach(() => Object.assign(fails, { encode: false, decode: false }));

    it('takes what cannot be encoded for an invalid value, whatever is thrown', () => {
      fails.encode = true;
      expect(() => encode(new Odd())).toThrow(InvalidValueError);
    });

    it('takes what this process cannot decode for an invalid value: no hit could answer with it', () => {
      fails.decode = true;
      expect(() => encode({ odd: new Odd() })).toThrow(InvalidValueError);
      expect(() => encode({ odd: new Odd() })).toThrow('one of its value types cannot decode what it has encoded');
    });

    it('takes what another process has encoded and this one cannot decode for a damaged value', () => {
      const payload = encode(new Odd());
      fails.decode = true;
      expect(() => decode(payload)).toThrow(DamagedValueError);
    });
  });
});

describe('a Decimal', () => {
  it.each(['1.10', '-0', '123456789012345678901234567890.000000001'])(
    '%s comes back with its class and digits',
    (text) => {
      const copy = through({ price: new Decimal2(text), at: new Date(1) });
      expect(copy.price).toBeInstanceOf(Decimal2);
      expect(copy.price.valueOf()).toBe(text);
    },
  );

  it('is a damaged value for a process that has not seen one yet', () => {
    const payload = encode(new Decimal2('1'));
    const other = otherProcess();
    expect(problemOf(payload, other).message).toContain('"Decimal"');
    other.encode(new Decimal2('2'));
    expect(other.decode(payload)).toBeInstanceOf(Decimal2);
  });

  it('is made by a registered type of that name, when there is one', () => {
    class Own {
      constructor(readonly text: string) {}
    }
    registerValueType({
      name: 'Decimal',
      test: (value) => value instanceof Decimal2,
      encode: (value: Decimal2 | Own) => ({ text: value instanceof Own ? value.text : value.valueOf() }),
      decode: ({ text }) => new Own(text),
    });
    expect(through(new Decimal2('5'))).toBeInstanceOf(Own);
  });
});
