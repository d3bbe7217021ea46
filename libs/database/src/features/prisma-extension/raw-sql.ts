/** One statement that begins like this changes no rows, unless it has one of the words below in it. */
const HARMLESS =
  /^[\s(]*(select|with|values|table|show|set|reset|begin|start|savepoint|release|rollback|lock|listen|notify|unlisten|fetch|close|discard)\b/i;
/** Words of statements that do, wherever they stand: a `WITH` may hold an `UPDATE`. */
const CHANGES = /\b(insert|update|delete|merge|into)\b/i;
const LOCKS = /\bfor\s+(no\s+key\s+)?update\b/gi;
/** Where the next comment or quotation begins, or something by which quotations cannot be told from code. */
const SPECIAL = /--|\/\*|['"`]|\$(?!\d)/g;

/** The text of what `$queryRaw`, `$executeRaw` and their unsafe sisters were given. */
export function sqlOf(args: unknown): string {
  if (Array.isArray(args)) {
    const first: unknown = args[0];
    if (Array.isArray(first)) return first.join('?');
    return typeof first === 'string' ? first : sqlOf(first);
  }
  const { strings, sql } = (args ?? {}) as { strings?: readonly string[]; sql?: unknown };
  if (Array.isArray(strings)) return strings.join('?');
  return typeof sql === 'string' ? sql : '';
}

/**
 * Whether SQL may change rows: everything may but what is certainly one statement that does not. Functions that it calls may, too: nobody
 * can see that here.
 */
export function mayChange(sql: string): boolean {
  const code = codeOf(sql)?.replace(LOCKS, ' ').replace(/;\s*$/, '');
  return code === undefined || code.includes(';') || !HARMLESS.test(code) || CHANGES.test(code);
}

/** The text without comments and quotations; `undefined` where PostgreSQL may see other ones than are seen here. */
function codeOf(sql: string): string | undefined {
  let code = '';
  let from = 0;
  SPECIAL.lastIndex = 0;
  for (let found = SPECIAL.exec(sql); found !== null; found = SPECIAL.exec(sql)) {
    const end = endOf(sql, found[0], found.index);
    if (end === undefined) return undefined;
    code += `${sql.slice(from, found.index)} `;
    from = SPECIAL.lastIndex = end;
  }
  return code + sql.slice(from);
}

/** Where a comment or a quotation is over, if it is one whose end is certain. */
function endOf(sql: string, start: string, at: number): number | undefined {
  if (start === '--') return at + (/[\r\n]|$/.exec(sql.slice(at))?.index ?? 0);
  if (start === '/*') return endOfComment(sql, at);
  if (start !== "'" && start !== '"') return undefined;
  // A doubled quote is two quotations without anything between: the same to whoever looks for code.
  const end = sql.indexOf(start, at + 1);
  // Whether a backslash keeps a quote from being one depends on the kind of string and on settings.
  return end === -1 || sql.slice(at, end).includes('\\') ? undefined : end + 1;
}

/** Comments may stand in comments. */
function endOfComment(sql: string, at: number): number | undefined {
  let depth = 0;
  for (const { 0: mark, index } of sql.slice(at).matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return at + index + mark.length;
  }
  return undefined;
}
