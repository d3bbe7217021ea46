import { OptionCheck } from './option-check.js';
import { InvalidOptionsError } from './option-errors.js';

/** What `use` records, one line a problem, and what it returns. */
function run<T>(use: (check: OptionCheck) => T): { returned: T; problems: string[] } {
  const check = new OptionCheck('scope');
  const returned = use(check);
  try {
    check.throwIfAny();
    return { returned, problems: [] };
  } catch (error) {
    return {
      returned,
      problems: (error as Error).message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    };
  }
}

const checkers: Record<string, (check: OptionCheck, value: unknown) => unknown> = {
  positiveInteger: (check, value) => check.positiveInteger('p', value),
  integerBetween: (check, value) => check.integerBetween('p', value, 0, 10),
  durationInSeconds: (check, value) => check.durationMs('p', value, 's'),
  durationInMs: (check, value) => check.durationMs('p', value, 'ms'),
  boolean: (check, value) => check.boolean('p', value),
  string: (check, value) => check.string('p', value),
  shortString: (check, value) => check.string('p', value, { max: 3, empty: true }),
  oneOf: (check, value) => check.oneOf('p', value, ['a', 'b', 3, false]),
  function: (check, value) => check.function('p', value),
};

describe('OptionCheck', () => {
  it.each(Object.entries(checkers))('%s accepts an absent option', (_, checker) => {
    expect(run((check) => checker(check, undefined))).toEqual({ returned: undefined, problems: [] });
  });

  it.each(Object.entries(checkers))('%s does not take null for absent', (_, checker) => {
    const { returned, problems } = run((check) => checker(check, null));
    expect(returned).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^p: expected .+, got null$/);
  });

  it.each<[string, unknown, unknown]>([
    ['positiveInteger', 1, 1],
    ['integerBetween', 0, 0],
    ['integerBetween', 10, 10],
    ['durationInSeconds', 5, 5_000],
    ['durationInSeconds', '5m', 300_000],
    ['durationInMs', 5, 5],
    ['boolean', false, false],
    ['string', 'a', 'a'],
    ['shortString', '', ''],
    ['shortString', 'abc', 'abc'],
    ['oneOf', 'b', 'b'],
    ['oneOf', false, false],
    ['function', Math.max, Math.max],
  ])('%s accepts %p', (name, value, expected) => {
    expect(run((check) => checkers[name]!(check, value))).toEqual({ returned: expected, problems: [] });
  });

  it.each<[string, unknown, string]>([
    ['positiveInteger', 0, 'expected a positive whole number, got 0'],
    ['positiveInteger', 1.5, 'expected a positive whole number, got 1.5'],
    ['positiveInteger', '1', 'expected a positive whole number, got "1"'],
    ['positiveInteger', Infinity, 'expected a positive whole number, got Infinity'],
    ['integerBetween', -1, 'expected a whole number from 0 to 10, got -1'],
    ['integerBetween', 11, 'expected a whole number from 0 to 10, got 11'],
    ['integerBetween', NaN, 'expected a whole number from 0 to 10, got NaN'],
    ['durationInSeconds', -1, "expected a positive number of seconds or a string like '5m', got -1"],
    ['durationInMs', 'soon', `expected a positive number of milliseconds or a string like '5m', got "soon"`],
    ['boolean', 1, 'expected true or false, got 1'],
    ['string', '', 'expected a non-empty string, got ""'],
    ['string', 5, 'expected a non-empty string, got 5'],
    ['shortString', 'abcd', 'expected a string of at most 3 characters, got "abcd"'],
    ['oneOf', 'c', `expected one of 'a', 'b', 3, false, got "c"`],
    ['function', {}, 'expected a function, got an object'],
  ])('%s refuses %p', (name, value, message) => {
    expect(run((check) => checkers[name]!(check, value))).toEqual({ returned: undefined, problems: [`p: ${message}`] });
  });

  it('hands a function back with the type it came with', () => {
    const options: { keyOf?: (id: number) => string } = { keyOf: (id) => `user:${id}` };
    const keyOf: ((id: number) => string) | undefined = new OptionCheck('scope').function('keyOf', options.keyOf);
    expect(keyOf?.(1)).toBe('user:1');
  });

  it('narrows oneOf to the allowed values', () => {
    const mode: 'fast' | 'safe' | undefined = new OptionCheck('scope').oneOf('mode', 'fast', ['fast', 'safe']);
    expect(mode).toBe('fast');
  });

  it('reports a required option that is absent, and accepts any other value', () => {
    expect(run((check) => check.required('base', undefined, 'a duration')).problems).toEqual([
      'base: expected a duration, got undefined (this option is required)',
    ]);
    expect(run((check) => check.required('base', 0, 'a duration')).problems).toEqual([]);
  });

  it('reports everything at once, in order, under its scope', () => {
    const check = new OptionCheck('CacheModule.forRoot');
    check.positiveInteger('size', 0);
    check.boolean('on', 'yes');
    check.problem('x', 'y', 1, 'do z');
    expect(() => check.throwIfAny()).toThrow(InvalidOptionsError);
    expect(() => check.throwIfAny()).toThrow(
      /^CacheModule\.forRoot: 3 invalid options\n {2}size: .*\n {2}on: .*\n {2}x: expected y, got 1 \(do z\)$/,
    );
  });

  it('does not throw when there is nothing to report', () => {
    expect(() => new OptionCheck('scope').throwIfAny()).not.toThrow();
  });

  describe('unknownKeys', () => {
    const known = ['ttl', 'tags', 'password'];
    const problemsOf = (object: unknown, path = ''): string[] =>
      run((check) => check.unknownKeys(path, object, known)).problems;

    it('accepts known keys, an empty object and none at all', () => {
      expect(problemsOf({ ttl: 1, tags: [] })).toEqual([]);
      expect(problemsOf({})).toEqual([]);
      expect(problemsOf(undefined)).toEqual([]);
    });

    it('guesses what was meant', () => {
      expect(problemsOf({ tll: 1 }, 'cache')).toEqual([
        `cache.tll: expected a known option, got "tll" (did you mean 'ttl'?)`,
      ]);
    });

    it('lists what there is when it cannot guess', () => {
      expect(problemsOf({ compression: 1 })).toEqual([
        'compression: expected a known option, got "compression" (known options: ttl, tags, password)',
      ]);
    });

    it('reports a misspelt option that is undefined, for it will not stay so', () => {
      expect(problemsOf({ tll: undefined })).toHaveLength(1);
    });

    it('never shows what is behind a misspelt name', () => {
      expect(problemsOf({ pasword: 'hunter2', passwordd: 'hunter2' }).join()).not.toContain('hunter2');
    });

    it('ignores inherited keys', () => {
      expect(problemsOf(Object.create({ inherited: 1 }))).toEqual([]);
    });

    it.each([[null], [5], ['text'], [[1]], [() => 1]])('wants an object, not %p', (value) => {
      expect(problemsOf(value, 'redis')[0]).toMatch(/^redis: expected an object, got /);
      expect(problemsOf(value)[0]).toMatch(/^options: expected an object, got /);
    });
  });
});
