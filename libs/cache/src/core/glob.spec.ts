import fc from 'fast-check';
import { escapeGlob, globLiteralPrefix, globMatcher } from './glob.js';

const matches = (pattern: string, text: string): boolean => globMatcher(pattern)(text);

it.each<[string, string[], string[]]>([
  ['', [''], ['a']],
  ['abc', ['abc'], ['ab', 'abcd', 'Abc', '']],
  ['*', ['', 'a', 'a\nb', '*'], []],
  ['**', ['', 'abc'], []],
  ['user:*', ['user:', 'user:1', 'user:*'], ['user', 'xuser:1']],
  ['*:1', [':1', 'user:1'], ['user:12']],
  ['a*b*c', ['abc', 'aXbYc', 'abbcc', 'abcbc'], ['ab', 'acb', 'abcd']],
  ['a***b', ['ab', 'aXb'], ['a']],
  ['h?llo', ['hello', 'hallo', 'h?llo', 'h\nllo'], ['hllo', 'heello']],
  ['?', ['a', '*'], ['', 'ab']],
  ['*?', ['a', 'ab'], ['']],
  ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'haello']],
  ['h[^e]llo', ['hallo', 'h^llo'], ['hello', 'hllo']],
  ['h[a-c]llo', ['hallo', 'hbllo', 'hcllo'], ['hdllo', 'h-llo']],
  ['h[c-a]llo', ['hallo', 'hbllo'], ['hdllo']],
  ['[a-cx-z]', ['b', 'y'], ['m', '-']],
  ['[!a]', ['!', 'a'], ['b']],
  ['[a^]', ['a', '^'], ['b']],
  ['[*?]', ['*', '?'], ['a']],
  ['[.]', ['.'], ['a']],
  ['[-a]', ['-', 'a'], ['b']],
  ['[\\]a]', [']', 'a'], ['\\']],
  ['[\\^a]', ['^', 'a'], ['b']],
  ['[a\\-c]', ['a', '-', 'c'], ['b']],
  ['[]', [], ['', 'a', ']', '[]']],
  ['[]a]', [], ['a', ']', 'a]']],
  ['[^]', ['a', ']'], ['']],
  ['[abc', ['a', 'c'], ['[abc', 'd', 'ab']],
  ['[', [], ['[', 'a']],
  ['[^', ['a'], ['']],
  ['[a-', ['a', '-'], ['b']],
  ['[a\\', ['a', '\\'], ['b']],
  ['[a-]', ['a', ']', '^'], ['b', '-']],
  ['h\\*', ['h*'], ['hX', 'h\\*']],
  ['h\\?', ['h?'], ['hX']],
  ['h\\[a]', ['h[a]'], ['ha']],
  ['\\a', ['a'], ['\\a']],
  ['\\\\', ['\\'], ['\\\\']],
  ['a\\', ['a\\'], ['a']],
  ['a.b+c$', ['a.b+c$'], ['aXb+c$']],
  ['é*', ['école'], ['ecole']],
  ['*a*b', ['aab', 'xaxb', 'abab'], ['aba']],
])('%j matches %j and not %j', (pattern, yes, no) => {
  expect(yes.filter((text) => !matches(pattern, text))).toEqual([]);
  expect(no.filter((text) => matches(pattern, text))).toEqual([]);
});

it.each([
  '*a*a*a*a*b',
  '*a'.repeat(500) + 'b',
  '?*'.repeat(500) + 'b',
  '*[a-z]'.repeat(300) + '!',
  '[a-z'.repeat(2000),
])('is quick with hostile patterns: %.20s', (pattern) => {
  const matcher = globMatcher(pattern);
  const start = process.cpuUsage().user;
  expect(matcher('a'.repeat(5_000))).toBe(false);
  expect(process.cpuUsage().user - start).toBeLessThan(1_000_000);
});

describe('escapeGlob', () => {
  it('makes a glob that matches the text and no other', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '\\', '^', '-', '!') });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(matches(escapeGlob(a), a)).toBe(true);
        expect(matches(escapeGlob(a), b)).toBe(a === b);
        expect(matches(`${escapeGlob(a)}*`, a + b)).toBe(true);
      }),
    );
  });

  it('leaves ordinary text alone', () => expect(escapeGlob('user:1-2^3')).toBe('user:1-2^3'));
});

describe('globLiteralPrefix', () => {
  it.each([
    ['user:*', 'user:'],
    ['user:1', 'user:1'],
    ['*', ''],
    ['', ''],
    ['a\\*b?', 'a*b'],
    ['a[b]', 'a'],
    ['a\\', 'a\\'],
    ['\ud83d*', ''],
    ['x\ud83d?', 'x'],
    ['😀*', '😀'],
  ])('of %j is %j', (pattern, prefix) => expect(globLiteralPrefix(pattern)).toBe(prefix));

  it('begins every text the glob matches', () => {
    const unit = fc.constantFrom('a', 'b', '*', '?', '[', ']', '\\', '^', '-');
    fc.assert(
      fc.property(fc.string({ unit }), fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\') }), (pattern, text) => {
        fc.pre(matches(pattern, text));
        expect(text.startsWith(globLiteralPrefix(pattern))).toBe(true);
      }),
    );
  });
});

it('matches as the algorithm of Redis does', () => {
  const unit = fc.constantFrom('a', 'b', 'c', '*', '?', '[', ']', '\\', '^', '-');
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ']', '-', '^', '\\'), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 10 }), text, (pattern, against) => {
      expect(matches(pattern, against)).toBe(redisMatches(pattern, against));
    }),
    { numRuns: 20_000 },
  );
});

/** stringmatchlen() of Redis 7, line by line (without its guard against slow patterns). */
// eslint-disable-next-line complexity -- in the shape of the original
function redisMatches(pattern: string, text: string): boolean {
  let p = 0;
  let s = 0;
  while (p < pattern.length && s < text.length) {
    switch (pattern[p]) {
      case '*': {
        while (pattern[p + 1] === '*') p++;
        if (p + 1 === pattern.length) return true;
        for (; s < text.length; s++) if (redisMatches(pattern.slice(p + 1), text.slice(s))) return true;
        return false;
      }
      case '?':
        s++;
        break;
      case '[': {
        p++;
        const not = pattern[p] === '^';
        if (not) p++;
        let match = false;
        for (;;) {
          const left = pattern.length - p;
          if (left >= 2 && pattern[p] === '\\') {
            p++;
            if (pattern[p] === text[s]) match = true;
          } else if (pattern[p] === ']') {
            break;
          } else if (left === 0) {
            p--;
            break;
          } else if (left >= 3 && pattern[p + 1] === '-') {
            const [low, high] = [pattern.charCodeAt(p), pattern.charCodeAt(p + 2)].sort((a, b) => a - b) as [
              number,
              number,
            ];
            p += 2;
            if (text.charCodeAt(s) >= low && text.charCodeAt(s) <= high) match = true;
          } else if (pattern[p] === text[s]) {
            match = true;
          }
          p++;
        }
        if (match === not) return false;
        s++;
        break;
      }
      default:
        if (pattern[p] === '\\' && pattern.length - p >= 2) p++;
        if (pattern[p] !== text[s]) return false;
        s++;
    }
    p++;
    if (s === text.length) {
      while (pattern[p] === '*') p++;
      break;
    }
  }
  return p === pattern.length && s === text.length;
}
