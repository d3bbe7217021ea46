import { EnvironmentCheck } from './environment-check.js';

const over = (variables: Record<string, unknown>): EnvironmentCheck => new EnvironmentCheck((name) => variables[name]);

describe('EnvironmentCheck', () => {
  it('reads what is set', () => {
    const check = over({ N: ' 7 ', ON: 'Yes', OFF: '0', TTL: '300', LONG: '5m', URL: 'x:1', NAME: 'ana' });
    expect([
      check.integer('N', 1, 9),
      check.boolean('ON'),
      check.boolean('OFF'),
      check.duration('TTL'),
      check.duration('LONG'),
      check.matching('URL', (text) => text.startsWith('x:'), 'a URL'),
      check.string('NAME', 10),
    ]).toEqual([7, true, false, 300, '5m', 'x:1', 'ana']);
    check.throwIfAny();
  });

  it('takes an empty variable for one that is not set', () => {
    const check = over({ N: '', ON: '  ', TTL: undefined });
    expect([check.integer('N', 1, 9), check.boolean('ON'), check.duration('TTL'), check.text('ON')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    check.throwIfAny();
  });

  it('takes what a validated configuration has made of it', () => {
    const check = over({ N: 7, ON: true });
    expect([check.integer('N', 1, 9), check.boolean('ON')]).toEqual([7, true]);
  });

  it('reports all problems at once', () => {
    const check = over({ N: '10', ON: 'maybe', TTL: '-1', URL: 'y', NAME: 'much too long' });
    check.integer('N', 1, 9);
    check.boolean('ON');
    check.duration('TTL');
    check.matching('URL', (text) => text.startsWith('x:'), 'a URL');
    check.string('NAME', 5);
    expect(() => check.throwIfAny()).toThrow(/5 invalid options[^]*N: [^]*ON: [^]*TTL: [^]*URL: [^]*NAME: /);
  });
});
