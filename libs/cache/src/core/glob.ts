/**
 * Globs with the meaning Redis gives them: `*` any text, `?` one character, `[abc]`, `[^a]`, `[a-z]` (either end first),
 * backslash takes the next character as it is. As in Redis a class that is not closed ends with the pattern, `[]` matches
 * nothing, and `[a-]` is a range up to `]`. Characters are UTF-16 units here and bytes in Redis.
 *
 * Matching remembers the last `*` only: what an earlier one could match by taking more, the last can match as well. So
 * it takes at most pattern × text steps, and no pattern a user can think of makes it hang; a RegExp could.
 */
type Token = string | typeof ANY_TEXT | typeof ANY_CHARACTER | CharacterClass;

interface CharacterClass {
  readonly negated: boolean;
  /** Pairs of code units, both ends included. */
  readonly ranges: readonly (readonly [number, number])[];
}

const ANY_TEXT = Symbol('*');
const ANY_CHARACTER = Symbol('?');

/** Compiles a glob into a test. Case matters; the whole text must match. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const tokens = parse(pattern);
  const prefix = literalHead(tokens);
  if (prefix.length === tokens.length) return (text) => text === prefix;
  if (prefix.length === tokens.length - 1 && tokens.at(-1) === ANY_TEXT) return (text) => text.startsWith(prefix);
  return (text) => matches(tokens, text);
}

/** Escapes text so that as a glob it matches itself and nothing else. */
export function escapeGlob(literal: string): string {
  return literal.replace(/[*?[\]\\]/g, '\\$&');
}

/** The text every match of the glob begins with, as long as it is known. */
export function globLiteralPrefix(pattern: string): string {
  const tokens = parse(pattern);
  const prefix = literalHead(tokens);
  // Half of a character that the rest of the pattern may complete.
  return prefix.length < tokens.length && /[\ud800-\udbff]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}

/** The literal tokens, one UTF-16 unit each, before the first that is none. */
function literalHead(tokens: readonly Token[]): string {
  let head = '';
  for (const token of tokens) {
    if (typeof token !== 'string') break;
    head += token;
  }
  return head;
}

function matches(tokens: readonly Token[], text: string): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let starPosition = 0;
  while (position < text.length) {
    const token = tokens[at];
    if (token === ANY_TEXT) {
      star = at++;
      starPosition = position;
    } else if (token !== undefined && matchesOne(token, text, position)) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++starPosition;
    } else {
      return false;
    }
  }
  while (tokens[at] === ANY_TEXT) at++;
  return at === tokens.length;
}

function matchesOne(token: Exclude<Token, typeof ANY_TEXT>, text: string, position: number): boolean {
  if (typeof token === 'string') return text[position] === token;
  if (token === ANY_CHARACTER) return true;
  const unit = text.charCodeAt(position);
  return token.ranges.some(([low, high]) => unit >= low && unit <= high) !== token.negated;
}

function parse(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === '*') {
      if (tokens.at(-1) !== ANY_TEXT) tokens.push(ANY_TEXT);
    } else if (character === '?') {
      tokens.push(ANY_CHARACTER);
    } else if (character === '[') {
      const { token, end } = parseClass(pattern, i + 1);
      tokens.push(token);
      i = end;
    } else {
      // A backslash at the very end stands for itself.
      if (character === '\\' && i + 1 < pattern.length) i++;
      tokens.push(pattern.charAt(i));
    }
  }
  return tokens;
}

/** Reads a class from behind its bracket; `end` is where its closing bracket stands, or would. */
function parseClass(pattern: string, start: number): { token: CharacterClass; end: number } {
  const negated = pattern[start] === '^';
  const ranges: [number, number][] = [];
  let i = negated ? start + 1 : start;
  for (; i < pattern.length && pattern[i] !== ']'; i++) {
    if (pattern[i] === '\\' && i + 1 < pattern.length) {
      i++;
      ranges.push([pattern.charCodeAt(i), pattern.charCodeAt(i)]);
    } else if (pattern[i + 1] === '-' && i + 2 < pattern.length) {
      const ends = [pattern.charCodeAt(i), pattern.charCodeAt(i + 2)] as const;
      ranges.push([Math.min(...ends), Math.max(...ends)]);
      i += 2;
    } else {
      ranges.push([pattern.charCodeAt(i), pattern.charCodeAt(i)]);
    }
  }
  return { token: { negated, ranges }, end: i };
}
