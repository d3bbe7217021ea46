import fc from 'fast-check';
import { type Duration, durationMs, formatDuration } from './duration.js';

describe('durationMs', () => {
  it.each<[Duration, number]>([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
  ])('reads %p', (text, ms) => {
    expect(durationMs(text, 's')).toBe(ms);
    expect(durationMs(text, 'ms')).toBe(ms);
  });

  it.each([' 5m', '5m ', '5 m', '\t5  m\n'])('allows white space: %p', (text) => {
    expect(durationMs(text, 's')).toBe(300_000);
  });

  it('reads a number in the unit of the option', () => {
    expect(durationMs(60, 's')).toBe(60_000);
    expect(durationMs(60, 'ms')).toBe(60);
    expect(durationMs(0.25, 's')).toBe(250);
  });

  it('gives whole milliseconds, at least one', () => {
    expect(durationMs(1.1, 's')).toBe(1_100);
    expect(durationMs('1.1s', 's')).toBe(1_100);
    expect(durationMs(0.4, 'ms')).toBe(1);
    expect(durationMs('.0001s', 's')).toBe(1);
  });

  it.each([
    0,
    -0,
    -1,
    NaN,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    '',
    ' ',
    '0s',
    '0.0h',
    '-1s',
    '+1s',
    '5',
    's',
    '5M',
    '5 minutes',
    '5m5s',
    '1e3ms',
    '1.s',
    '1..5s',
    '1,5s',
    '0x5s',
    'Infinitys',
    'NaNs',
    `${'9'.repeat(400)}s`,
    null,
    undefined,
    true,
    5n,
    {},
    [],
    [5],
    new Date(5),
    () => 5,
  ])('is undefined for %p', (value) => {
    expect(durationMs(value, 's')).toBeUndefined();
    expect(durationMs(value, 'ms')).toBeUndefined();
  });

  it('is a positive safe integer or undefined, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.double(), fc.string()),
        fc.constantFrom('s' as const, 'ms' as const),
        (value, unit) => {
          const ms = durationMs(value, unit);
          return ms === undefined || (Number.isSafeInteger(ms) && ms > 0);
        },
      ),
    );
  });

  it('reads a long hostile string in linear time', () => {
    // With quadratic backtracking this would run into the time-out of the test.
    const hostile = `${'1'.repeat(1_000_000)}${' '.repeat(1_000_000)}x`;
    expect(durationMs(hostile, 's')).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [0.25, '0.25ms'],
    [1.23456, '1.235ms'],
    [250, '250ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [61_234, '61.234s'],
    [90_000, '1.5m'],
    [66_000, '66s'],
    [300_000, '5m'],
    [5_400_000, '1.5h'],
    [86_400_000, '1d'],
    [604_800_000, '1w'],
    [-1_500, '-1.5s'],
    [Infinity, 'Infinity'],
    [NaN, 'NaN'],
  ])('writes %p as %p', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('is read back exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e14 }), (ms) => {
        expect(durationMs(formatDuration(ms), 's')).toBe(ms);
      }),
    );
  });
});
