/** What a package exports under one name. */
export interface Entry {
  /** As it is imported: `@mobius1/cache/standalone`. */
  readonly name: string;
  /** Folder in `libs`, and name of the package behind `@mobius1/`. */
  readonly library: string;
  /** As `exports` of package.json names it: `./standalone`, and `.` for the package itself. */
  readonly subpath: string;
  /** From the root of the repository. */
  readonly source: string;
  /** From the `src` of its library, without extension. */
  readonly module: string;
}

/** The entries, in the order of `paths` in tsconfig.json. */
export declare const entries: readonly Entry[];
