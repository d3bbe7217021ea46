/** Words with which a statement begins that changes no rows. */
const HARMLESS =
  /^(set|reset|savepoint|release|rollback|begin|commit|start|show|listen|unlisten|discard|fetch|close)\b/i;
/** Words of statements that do, wherever they stand: a `WITH` may hold an `UPDATE`. */
const CHANGES = /\b(insert|update|delete|merge|truncate|call|do|copy|alter|drop|create|refresh|reindex|vacuum)\b/i;
const LOCKS = /\bfor\s+(no\s+key\s+)?update\b/gi;
const COMMENTS_AND_STRINGS = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"/g;

/** The text of what `$queryRaw`, `$executeRaw` and their unsafe sisters were given. */
export function sqlOf(args: unknown): string {
  if (Array.isArray(args)) return typeof args[0] === 'string' ? args[0] : sqlOf(args[0]);
  const { strings, sql } = (args ?? {}) as { strings?: readonly string[]; sql?: unknown };
  if (Array.isArray(strings)) return strings.join('?');
  return typeof sql === 'string' ? sql : '';
}

/** Whether a statement may change rows. Functions that it calls may, too: nobody can see that here. */
export function mayChange(sql: string): boolean {
  const text = sql.replace(COMMENTS_AND_STRINGS, ' ').replace(LOCKS, ' ').trim();
  return text === '' || (!HARMLESS.test(text) && CHANGES.test(text));
}
