import { inspect } from 'node:util';
import { CodedError } from './coded-error.js';
import { InvalidOptionsError } from './option-errors.js';

const got = (given: unknown, path = 'size'): string =>
  new InvalidOptionsError('scope', [{ path, expected: 'a size', given }]).message.split(', got ')[1]!;

describe('InvalidOptionsError', () => {
  it('says every problem on a line of its own', () => {
    const error = new InvalidOptionsError('CacheModule.forRoot', [
      { path: 'ttl', expected: 'a positive number', given: -1 },
      { path: 'redis.port', expected: 'a port', given: 'x', hint: 'write a number' },
    ]);
    expect(error.message).toBe(
      [
        'CacheModule.forRoot: 2 invalid options',
        '  ttl: expected a positive number, got -1',
        '  redis.port: expected a port, got "x" (write a number)',
      ].join('\n'),
    );
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ name: 'InvalidOptionsError', code: 'INVALID_OPTIONS' });
    expect(error.problems.map(({ path }) => path)).toEqual(['ttl', 'redis.port']);
  });

  it('speaks of one option in the singular', () => {
    expect(new InvalidOptionsError('x', [{ path: 'a', expected: 'b', given: 1 }]).message).toMatch(
      /^x: 1 invalid option\n/,
    );
  });

  it('keeps problems that nobody can change', () => {
    const problems = [{ path: 'a', expected: 'b', given: 1 }];
    const error = new InvalidOptionsError('x', problems);
    problems.pop();
    expect(error.problems).toHaveLength(1);
    expect(Object.isFrozen(error.problems) && Object.isFrozen(error.problems[0])).toBe(true);
  });

  it.each([
    [-1, '-1'],
    [NaN, 'NaN'],
    [5n, '5n'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
    [[1], 'an array'],
    [{ a: 1 }, 'an object'],
    [Object.create(null), 'an object'],
    [() => 1, 'a function'],
    [Map, 'a function'],
    ['', '""'],
    ['a\nb"', '"a\\nb\\""'],
    ['a'.repeat(60), `"${'a'.repeat(60)}"`],
    ['a'.repeat(61), `"${'a'.repeat(60)}"…`],
  ])('shows %p as %s', (given, shown) => {
    expect(got(given)).toBe(shown);
  });

  it.each([
    ['password', 'hunter2'],
    ['redis.password', 'hunter2'],
    ['nodes[0].authPassword', 'hunter2'],
    ['passwords[1]', 'hunter2'],
    ['clientSecret', 'hunter2'],
    ['API_TOKEN', 'hunter2'],
    ['model.apiKey', 'hunter2'],
    ['databaseUrl', 'hunter2'],
    ['db.connectionString', 'hunter2'],
    ['redis', 'redis://user:hunter2@host'],
    ['secret', 'hunter2'.repeat(20)],
  ])('shows the value of %s nowhere', (path, given) => {
    const error = new InvalidOptionsError('scope', [{ path, expected: 'something else', given }]);
    expect(error.message).toContain('got a value that is not shown');
    const everywhere = [
      error.stack,
      inspect(error, { showHidden: true, depth: 9 }),
      JSON.stringify(error),
      inspect(error.problems),
    ];
    expect(everywhere.join()).not.toContain('hunter2');
  });

  it('hides numbers and objects of secret options too, but says that one is missing', () => {
    expect(got(1234, 'password')).toBe('a value that is not shown');
    expect(got({ value: 1 }, 'token')).toBe('a value that is not shown');
    expect(got(undefined, 'password')).toBe('undefined');
  });

  it('looks at the last segment of the path only', () => {
    expect(got(5, 'secrets.size')).toBe('5');
  });

  it('does not print whole option objects with the error', () => {
    const error = new InvalidOptionsError('x', [{ path: 'redis', expected: 'b', given: { password: 'hunter2' } }]);
    expect(inspect(error) + JSON.stringify(error)).not.toContain('hunter2');
  });
});
