export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Table {
  /** Names the table on every page. */
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly measured: {
    /** Year, month and day. */
    readonly date: string;
    /** What it was measured with: programs and the machine. */
    readonly versions: readonly string[];
  };
}

/** A marker without its other half, a title that stands twice, a table of nothing. */
export declare class TableError extends Error {}

/** @throws TableError */
export declare function tablesIn(text: string): { title: string; from: number; to: number }[];

/**
 * Puts tables where their markers stand, and those that stand nowhere at the end of `appendTo`. Returns the pages that have changed.
 *
 * @throws TableError
 */
export declare function writeTables(options: {
  pages: readonly Page[];
  tables: readonly Table[];
  appendTo: string;
}): Page[];
