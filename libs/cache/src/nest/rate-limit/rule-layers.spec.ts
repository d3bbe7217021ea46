import 'reflect-metadata';
import { declaredRules, RateLimit, type PartialRateLimitRule, SkipRateLimit } from './rate-limit.decorator.js';
import { rulesOf } from './rule-layers.js';

const PER_IP: PartialRateLimitRule = { name: 'ip', limit: 1_000, window: '1m' };

/** The rules of `call` of a class. */
function rules(
  type: { readonly name: string; readonly prototype: object },
  ofModule = [PER_IP],
): PartialRateLimitRule[] {
  const handler = (type.prototype as { call: object }).call;
  return rulesOf({
    ofModule,
    ofClass: declaredRules(type),
    ofMethod: declaredRules(handler),
    owner: `${type.name}.call`,
  });
}

describe('the rules of a handler', () => {
  it('are those of the module where nothing else is said', () => {
    class Plain {
      call(): void {}
    }
    expect(rules(Plain)).toEqual([PER_IP]);
    expect(rules(Plain, [])).toEqual([]);
  });

  it('are named by class and method', () => {
    class Named {
      @RateLimit({ limit: 10, window: '1s' })
      @RateLimit({ limit: 1_000, window: '1h' }, { name: 'daily', limit: 5_000, algorithm: 'calendar' })
      call(): void {}
    }
    expect(rules(Named)).toEqual([
      PER_IP,
      { name: 'Named.call', limit: 10, window: '1s' },
      { name: 'Named.call.2', limit: 1_000, window: '1h' },
      { name: 'daily', limit: 5_000, algorithm: 'calendar' },
    ]);
  });

  it('are those of the class for each method, under its own name', () => {
    @RateLimit({ limit: 100, window: '1m', by: 'user' })
    class Each {
      call(): void {}
    }
    expect(rules(Each, [])).toEqual([{ name: 'Each.call', limit: 100, window: '1m', by: 'user' }]);
  });

  it('of the method stand for those of the class, which says what they leave open', () => {
    @RateLimit({ limit: 100, window: '1m', by: 'user' })
    class Nearer {
      @RateLimit({ limit: 5 })
      call(): void {}
    }
    expect(rules(Nearer, [])).toEqual([{ name: 'Nearer.call', limit: 5, window: '1m', by: 'user' }]);
  });

  it('take from their class what has no limit of its own', () => {
    @RateLimit({ by: 'workspace', onMissing: 'deny' })
    class Defaults {
      @RateLimit({ limit: 5, window: '1s' }, { name: 'hourly', limit: 50, window: '1h', by: 'user' })
      call(): void {}
    }
    expect(rules(Defaults)).toEqual([
      PER_IP,
      { name: 'Defaults.call', limit: 5, window: '1s', by: 'workspace', onMissing: 'deny' },
      { name: 'hourly', limit: 50, window: '1h', by: 'user', onMissing: 'deny' },
    ]);
    class Without extends Defaults {
      override call(): void {}
    }
    expect(rules(Without)).toEqual([PER_IP]);
  });

  it('of one name are one rule, and the nearer says more', () => {
    @RateLimit({ name: 'ip', limit: 100 }, { name: 'writes', limit: 10, window: '1s', by: 'user' })
    class Overriding {
      @RateLimit({ name: 'ip', shadow: true }, { name: 'writes', limit: 1 })
      call(): void {}
    }
    expect(rules(Overriding)).toEqual([
      { name: 'ip', limit: 100, window: '1m', shadow: true },
      { name: 'writes', limit: 1, window: '1s', by: 'user' },
    ]);
  });

  it('without a name do not mix when the class has several', () => {
    @RateLimit({ limit: 10, window: '1s' }, { limit: 100, window: '1m' })
    class Several {
      @RateLimit({ limit: 3, window: '5s' })
      call(): void {}
    }
    expect(rules(Several, [])).toEqual([{ name: 'Several.call', limit: 3, window: '5s' }]);
  });

  it('are inherited, until the subclass says something itself', () => {
    @RateLimit({ limit: 100, window: '1m' })
    class Base {
      @RateLimit({ limit: 7 })
      call(): void {}
    }
    class Same extends Base {}
    @RateLimit({ limit: 1, window: '1h' })
    class Other extends Base {}
    expect(rules(Same, [])).toEqual([{ name: 'Same.call', limit: 7, window: '1m' }]);
    expect(rules(Other, [])).toEqual([{ name: 'Other.call', limit: 7, window: '1h' }]);
  });
});

describe('@SkipRateLimit', () => {
  it('takes everything off that is declared further out', () => {
    @RateLimit({ limit: 100, window: '1m' })
    class Skipping {
      @SkipRateLimit()
      call(): void {}
    }
    expect(rules(Skipping)).toEqual([]);
  });

  it('takes off what it names', () => {
    @RateLimit({ name: 'writes', limit: 10, window: '1s' }, { name: 'burst', limit: 3, window: 1 })
    class Some {
      @SkipRateLimit('writes', ['ip'])
      call(): void {}
    }
    expect(rules(Some)).toEqual([{ name: 'burst', limit: 3, window: 1 }]);
    class None {
      @SkipRateLimit([])
      call(): void {}
    }
    expect(rules(None)).toEqual([PER_IP]);
  });

  it('of a class takes off what the module declares; what a method declares holds', () => {
    @SkipRateLimit()
    class Health {
      call(): void {}
    }
    @SkipRateLimit()
    class But {
      @RateLimit({ limit: 1, window: 1 })
      call(): void {}
    }
    expect(rules(Health)).toEqual([]);
    expect(rules(But)).toEqual([{ name: 'But.call', limit: 1, window: 1 }]);
  });

  it('adds up', () => {
    class Adding {
      @SkipRateLimit('a')
      @SkipRateLimit('b')
      call(): void {}
    }
    const module = ['a', 'b', 'c'].map((name) => ({ ...PER_IP, name }));
    expect(rules(Adding, module).map(({ name }) => name)).toEqual(['c']);
  });
});

describe('@RateLimit', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown option', { limit: 1, ttl: 60 }, /ttl: expected a known option/],
    ['an unknown part', { limit: 1, by: 'session' }, /by: expected one of 'ip', 'user', 'workspace', 'apiKey'/],
    ['no part', { limit: 1, by: [] }, /by: expected one of ip/],
    ['an unknown onMissing', { onMissing: 'allow' }, /onMissing: expected one of 'ip', 'deny', 'skip'/],
    ['half a unit', { cost: 0.5 }, /cost: expected a whole number/],
    ['a negative cost', { cost: -1 }, /cost: expected a whole number/],
    ['a network that is none', { allow: ['10.0.0.0/33'] }, /allow\[0\]: expected a network/],
    ['no rule', null, /expected an object/],
    ['a number', 10, /expected an object/],
  ])('refuses %s at class definition', (_, rule, message) => {
    expect(() => RateLimit(rule as PartialRateLimitRule)).toThrow(message);
  });

  it('lists all that is wrong at once', () => {
    const wrong = (): unknown => RateLimit({ by: 'nobody' } as never, { cost: NaN });
    expect(wrong).toThrow(/\[0\]\.by/);
    expect(wrong).toThrow(/\[1\]\.cost/);
    expect(() => RateLimit()).toThrow(/one rule or more/);
  });
});
