/**
 * The source of a regular expression for what SQL does not read as SQL: comments, names in quotes, and strings in all their forms. One
 * expression, because whatever begins first may hold the signs of the others. Flags: `gi`.
 */
export const QUOTED_SQL = [
  String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`, // comments
  String.raw`"(?:[^"]|"")*"`, // names
  String.raw`\be'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)`, // strings, E'…' with its escapes first
  String.raw`\$([a-z_]\w*)?\$[^]*?(?:\$\1\$|$)`, // dollar-quoted strings
].join('|');
