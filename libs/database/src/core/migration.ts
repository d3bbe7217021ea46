import { createHash } from 'node:crypto';
import { MigrationUnfinishedError } from './errors.js';

/** `<directory>/<name>/migration.sql` */
export interface MigrationFile {
  readonly name: string;
  readonly sql: string;
}

/** A row of Prisma's table `_prisma_migrations` that has not been rolled back. */
export interface MigrationRecord {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

export interface MigrationPlan {
  /** To be applied, oldest first. */
  readonly pending: readonly MigrationFile[];
  /** Names of applied migrations whose file has changed since. */
  readonly edited: readonly string[];
  /** Names of applied migrations without a file: the database is ahead of this program. */
  readonly unknown: readonly string[];
}

/** Prisma's checksum of a migration: SHA-256 of the file, in hexadecimal. */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/**
 * What is left to do. Edited and unknown migrations are reported, not refused: the Prisma CLI accepts them as well, and
 * a rollback to an older release must be able to start.
 *
 * @throws MigrationUnfinishedError when an earlier run stopped in the middle
 */
export function planMigrations(files: readonly MigrationFile[], records: readonly MigrationRecord[]): MigrationPlan {
  const unfinished = records.find((record) => !record.finished);
  if (unfinished !== undefined) throw new MigrationUnfinishedError(unfinished.name);
  const applied = new Map(records.map((record) => [record.name, record.checksum]));
  const names = new Set(files.map((file) => file.name));
  const ordered = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    pending: ordered.filter((file) => !applied.has(file.name)),
    edited: ordered.filter((file) => isEdited(file.sql, applied.get(file.name))).map((file) => file.name),
    unknown: [...applied.keys()].filter((name) => !names.has(name)),
  };
}

/** Line ends do not count: Git may have converted them on the way. */
function isEdited(sql: string, checksum: string | undefined): boolean {
  if (checksum === undefined) return false;
  const unix = sql.replaceAll('\r\n', '\n');
  return ![sql, unix, unix.replaceAll('\n', '\r\n')].some((text) => checksumOf(text) === checksum);
}
