import type { CacheModuleOptions } from '@mobius1/cache';
import { EnvironmentCheck } from '@mobius1/kernel';
import { DEFAULT_LIMITS, type LimitNumbers } from './limits/limits.js';

/** A model that speaks the protocol of OpenAI. */
export interface RemoteModel {
  /** `MODEL_BASE_URL`: up to `/v1` or what the server calls it. */
  readonly baseUrl: string;
  /** `MODEL_API_KEY`, where the server wants one. */
  readonly apiKey?: string | undefined;
  /** `MODEL_NAME` */
  readonly name: string;
}

/** Everything the application takes from its environment. */
export interface AppConfig {
  /** `PORT` @default 3000 */
  readonly port: number;
  /** `HOST`: the address to listen on. @default '127.0.0.1', which only this machine can reach */
  readonly host: string;
  /** `DATABASE_URL`: the PostgreSQL to use. */
  readonly databaseUrl: string;
  /** What is not said here, the cache reads from the environment itself (`REDIS_HOST`, `CACHE_ENABLED`, …). */
  readonly cache?: CacheModuleOptions;
  /** How much the limits allow. @default DEFAULT_LIMITS */
  readonly limits?: Partial<LimitNumbers>;
  /** What answers questions. @default sentences of the documents */
  readonly model?: RemoteModel | undefined;
}

/** Of any limit: as good as none. */
const MOST_UNITS = 1_000_000_000;

/**
 * Reads the environment once, at start; nothing else of the application looks at it.
 *
 * @throws InvalidOptionsError with every wrong variable at once
 */
export function readConfig(env: NodeJS.ProcessEnv): AppConfig {
  const check = new EnvironmentCheck((name) => env[name]);
  const port = check.integer('PORT', 0, 65_535);
  const databaseUrl = check.text('DATABASE_URL');
  if (databaseUrl === undefined || !/^postgres(ql)?:\/\//.test(databaseUrl) || !URL.canParse(databaseUrl)) {
    const hint = '`npm start` brings a database of its own when it is not set';
    check.problem('DATABASE_URL', 'a URL like postgresql://user:password@host:5432/database', hint);
  }
  const limit = (name: keyof LimitNumbers): number =>
    check.integer(`RATE_LIMIT_${name.toUpperCase()}`, 0, MOST_UNITS) ?? DEFAULT_LIMITS[name];
  const limits = {
    requests: limit('requests'),
    writes: limit('writes'),
    questions: limit('questions'),
    tokens: limit('tokens'),
  };
  const model = readModel(check);
  check.throwIfAny();
  const host = check.text('HOST') ?? '127.0.0.1';
  return { port: port ?? 3000, host, databaseUrl: databaseUrl ?? '', limits, model };
}

function readModel(check: EnvironmentCheck): RemoteModel | undefined {
  const url = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text);
  const baseUrl = check.matching('MODEL_BASE_URL', url, "a URL like 'http://localhost:11434/v1'");
  const name = check.string('MODEL_NAME', 200);
  const apiKey = check.text('MODEL_API_KEY');
  if ((baseUrl === undefined) !== (name === undefined))
    check.problem(
      baseUrl === undefined ? 'MODEL_BASE_URL' : 'MODEL_NAME',
      'MODEL_BASE_URL and MODEL_NAME together',
      undefined,
    );
  return baseUrl === undefined || name === undefined ? undefined : { baseUrl, name, apiKey };
}
