/** What a PostgreSQL URL says, with Prisma's own parameters taken out of it. */
export interface ConnectionUrl {
  /** The URL as `pg` understands it. */
  readonly url: string;
  /** Host, port and database, for messages: no credentials. */
  readonly place: string;
  readonly schema: string | undefined;
  /** `connection_limit` */
  readonly connectionLimit: number | undefined;
  /** `pool_timeout`, converted from seconds to milliseconds. */
  readonly poolTimeout: number | undefined;
}

/** Parameters that Prisma's native engines knew; `pg` ignores them or takes them for settings of the server. */
const PRISMA_PARAMETERS = ['schema', 'connection_limit', 'pool_timeout', 'connect_timeout', 'pgbouncer'];

/** Reads a URL written for `pg` or for Prisma; `undefined` when it is not one of PostgreSQL. */
export function parseConnectionUrl(text: string): ConnectionUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^postgres(ql)?:$/.test(url.protocol)) return undefined;
  const parameters = url.searchParams;
  const poolSeconds = countOf(parameters.get('pool_timeout'));
  const parsed = {
    place: `${url.hostname || 'localhost'}:${url.port || '5432'}${url.pathname}`,
    schema: parameters.get('schema') ?? undefined,
    connectionLimit: countOf(parameters.get('connection_limit')),
    poolTimeout: poolSeconds === undefined ? undefined : poolSeconds * 1000,
  };
  for (const name of PRISMA_PARAMETERS) parameters.delete(name);
  return { ...parsed, url: url.href };
}

function countOf(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : undefined;
}
