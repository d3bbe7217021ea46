import { QUOTED_SQL } from '../../core/quoted-sql.js';

/** Words of statements that change rows, wherever they stand: a `WITH` may hold an `UPDATE`, and a second statement follow the first. */
const CHANGES =
  /\b(insert|update|delete|merge|truncate|call|do|execute|copy|alter|drop|create|refresh|reindex|vacuum)\b/i;
const LOCKS = /\bfor\s+(no\s+key\s+)?update\b/gi;
const QUOTED = new RegExp(QUOTED_SQL, 'gi');

/** The text of what `$queryRaw`, `$executeRaw` and their unsafe sisters were given. */
export function sqlOf(args: unknown): string {
  if (Array.isArray(args)) return typeof args[0] === 'string' ? args[0] : sqlOf(args[0]);
  const { strings, sql } = (args ?? {}) as { strings?: readonly string[]; sql?: unknown };
  if (Array.isArray(strings)) return strings.join('?');
  return typeof sql === 'string' ? sql : '';
}

/** Whether SQL may change rows. Functions that it calls may, too: nobody can see that here. */
export function mayChange(sql: string): boolean {
  const text = sql.replace(QUOTED, ' ').replace(LOCKS, ' ').trim();
  return text === '' || CHANGES.test(text);
}
