/** Thrown when no local PostgreSQL can be had; the message says what to do. */
export class LocalPostgresError extends Error {
  readonly code: 'LOCAL_POSTGRES';
}

export interface LocalPostgres {
  readonly url: string;
  /** Whether a server was already running on the directory. */
  readonly reused: boolean;
  readonly pid: number;
  /** Where the cluster is: in another place than asked for when PostgreSQL cannot enter that. */
  readonly data: string;
  /** Ends the server, unless it belongs to another living process. */
  stop(): Promise<void>;
}

/** Starts PostgreSQL on the data in `dir`, or uses the server that already runs on it. */
export function startPostgres(options: {
  dir: string;
  /** @default 0, a free port */
  port?: number;
  /** @default 'mobius' */
  database?: string;
  /** No durability, and `dir` is removed at the end. @default false */
  temporary?: boolean;
}): Promise<LocalPostgres>;
