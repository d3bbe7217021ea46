import type { ResolvedDatabaseOptions } from './options.js';

/** What the server says of its own limits; times in milliseconds, 0 for none. */
export interface ServerLimits {
  /** `max_connections`. */
  readonly maxConnections: number;
  /** Connections that ordinary users do not get. */
  readonly reserved: number;
  /** `idle_session_timeout`. */
  readonly idleSessionTimeout: number;
  /** `statement_timeout`. */
  readonly statementTimeout: number;
}

type Sizes = Pick<
  ResolvedDatabaseOptions,
  'connectionLimit' | 'instances' | 'idleTimeout' | 'slowQueryThreshold' | 'statementTimeout'
>;

/** What will not work out between the options and the server, each in one sentence that says what to do. */
export function judgeSizing(options: Sizes, server: ServerLimits): string[] {
  const { connectionLimit, instances, idleTimeout, slowQueryThreshold } = options;
  const room = server.maxConnections - server.reserved;
  const wanted = connectionLimit * instances;
  const statementTimeout = options.statementTimeout ?? server.statementTimeout;
  const problems: string[] = [];
  if (wanted > room) {
    problems.push(
      `connectionLimit ${connectionLimit} × ${instances} instance${instances === 1 ? '' : 's'} is ${wanted} connections; the server has ${room} for applications. ` +
        `Set connectionLimit to ${Math.max(1, Math.floor(room / instances))} or less, or raise max_connections.`,
    );
  }
  if (server.idleSessionTimeout > 0 && server.idleSessionTimeout <= idleTimeout) {
    problems.push(
      `The server ends idle connections after ${server.idleSessionTimeout} ms, before idleTimeout (${idleTimeout} ms). Set idleTimeout below.`,
    );
  }
  if (statementTimeout > 0 && statementTimeout <= slowQueryThreshold) {
    problems.push(
      `Statements are ended after ${statementTimeout} ms, before they count as slow (${slowQueryThreshold} ms). Set slowQueryThreshold below.`,
    );
  }
  return problems;
}
