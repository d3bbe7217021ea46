/**
 * The shape of a statement: its text without what differs from call to call. Literals become `?`, lists of any length
 * become one element, comments and white space go. Two statements of one shape are one line in a list of slow ones, and
 * no value of a user is in it (the idea of `pg_stat_statements`, over the text instead of the parse tree).
 */
export interface Fingerprint {
  /** Eight hexadecimal digits (FNV-1a of the shape): stable from process to process. */
  readonly id: string;
  /** At most 1,000 characters. */
  readonly statement: string;
}

/** Longer shapes are cut; they differ long before. */
const LONGEST = 1_000;

/** One expression, in the order in which they are tried at each place: whatever begins first may hold the signs of the others. */
const TOKENS = new RegExp(
  [
    String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`, // comments
    String.raw`"(?:[^"]|"")*"`, // names
    String.raw`\be'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)`, // strings, E'…' with its escapes first
    String.raw`\$([a-z_]\w*)?\$[^]*?(?:\$\1\$|$)`, // dollar-quoted strings
    String.raw`\$\d+`, // parameters
    String.raw`(?<![\w$.])(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)`, // numbers
    String.raw`\s+`,
  ].join('|'),
  'gi',
);

export function fingerprintOf(text: string): Fingerprint {
  const statement = text
    .replace(TOKENS, (token) => {
      if (token.startsWith('"')) return token;
      return /^(\s|--|\/\*)/.test(token) ? ' ' : '?';
    })
    .replace(/\s+/g, ' ')
    .replace(/\?(?: ?, ?\?)+/g, '?')
    .replace(/(\( ?\? ?\))(?: ?, ?\( ?\? ?\))+/g, '$1')
    .trim()
    .slice(0, LONGEST);
  return { id: hash(statement), statement };
}

function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, '0');
}
