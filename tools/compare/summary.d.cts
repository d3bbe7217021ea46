import type { Page, Table } from './tables.cjs';

/** The table of the README, made of those of the pages. Throws when one of them is missing. */
export declare function summaryOf(pages: readonly Page[]): Table;
