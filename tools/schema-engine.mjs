#!/usr/bin/env node
// Stands in for Prisma's native schema engine where that cannot be downloaded; `prisma.mjs` decides.
//
// Prisma publishes the same engine as WebAssembly on npm. The CLI speaks JSON-RPC with the native one over stdin and
// stdout, and calls it as `cli can-connect-to-database` and the like; this file answers both from the WebAssembly build,
// which reaches the database through Prisma's own adapter for `pg`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** pg_catalog's single-byte "char", which the adapter refuses, and the type it is read as instead. */
const CHAR_OID = 18;
const TEXT_OID = 25;

/** What the CLI shows for an error of the server; anything else is "cannot be reached". */
const PRISMA_CODES = { '3D000': 'P1003', '28P01': 'P1000' };

const args = process.argv.slice(2);
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const datasource = JSON.parse(option('--datasource') ?? '{}');

if (args.includes('--version') || args.includes('-V')) console.log('schema-engine-cli wasm');
else if (args.includes('cli')) await runCommand(args[args.indexOf('cli') + 1]);
else serve(datasource);

/** One-off commands: the process ends with them, and says through stderr what went wrong. */
async function runCommand(command) {
  const database = decodeURIComponent(new URL(datasource.url).pathname.slice(1));
  const identifier = pg.escapeIdentifier(database);
  try {
    if (command === 'can-connect-to-database') await query(datasource.url, 'SELECT 1');
    else if (command === 'create-database')
      await query(maintenanceUrl(datasource.url), `CREATE DATABASE ${identifier}`);
    else if (command === 'drop-database') await query(maintenanceUrl(datasource.url), `DROP DATABASE ${identifier}`);
    else throw new Error(`${command} is not known here`);
  } catch (error) {
    const fields = { message: error.message, is_panic: false, error_code: PRISMA_CODES[error.code] ?? 'P1001' };
    const entry = { timestamp: new Date().toISOString(), level: 'ERROR', fields, target: 'schema_engine::logger' };
    console.error(JSON.stringify(entry));
    process.exitCode = 1;
  }
}

async function query(connectionString, sql) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A database that always exists: one cannot create or drop the database one is connected to. */
function maintenanceUrl(url) {
  return Object.assign(new URL(url), { pathname: '/postgres' }).href;
}

/** Answers JSON-RPC, a message a line, until the CLI closes stdin and nothing is under way. */
function serve({ url, shadowDatabaseUrl }) {
  let engine;
  const answer = async ({ id, method, params }) => {
    try {
      engine ??= loadEngine({ url, shadowDatabaseUrl });
      const call = method === 'getDatabaseVersion' ? 'version' : method;
      const result = (await (await engine)[call](Array.isArray(params) ? params[0] : params)) ?? {};
      if (method === 'diff' && typeof result.stdout === 'string') {
        // The native engine lets the CLI print the SQL and waits; nobody waits for this one's reply.
        send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } });
        result.stdout = null;
      }
      send({ id, result });
    } catch (error) {
      const message = String(error?.message ?? error);
      send({
        id,
        error: { code: 4466, message, data: { is_panic: false, message, meta: null, error_code: error?.code ?? null } },
      });
    }
  };
  const running = new Set();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const request = line.trim() && JSON.parse(line);
    if (!request?.method) return;
    const work = answer(request).finally(() => running.delete(work));
    running.add(work);
  });
  lines.on('close', async () => {
    await Promise.all(running);
    // Open database connections would keep the process alive.
    process.exit();
  });
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

async function loadEngine(urls) {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = new WebAssembly.Module(readFileSync(entry.replace(/\.js$/, '.wasm')));
  const { exports } = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(exports);
  exports.__wbindgen_start?.();
  const factory = bindMigrationAwareSqlAdapterFactory(new EngineAdapterFactory(urls));
  return bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, factory);
}

class EngineAdapterFactory extends PrismaPg {
  #urls;

  constructor(urls) {
    super(connectionParts(urls.url), {
      schema: urls.url && (new URL(urls.url).searchParams.get('schema') ?? undefined),
    });
    this.#urls = urls;
  }

  async connect() {
    return corrected(await super.connect());
  }

  /** An empty database that `migrate dev` replays all migrations in. */
  async connectToShadowDb() {
    const { url, shadowDatabaseUrl } = this.#urls;
    if (shadowDatabaseUrl) return corrected(await new PrismaPg(connectionParts(shadowDatabaseUrl)).connect());
    const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    await query(url, `CREATE DATABASE "${name}"`);
    const shadow = corrected(await new PrismaPg({ ...connectionParts(url), database: name }).connect());
    const disconnect = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      await disconnect();
      await query(url, `DROP DATABASE "${name}"`);
    };
    return shadow;
  }
}

/** In parts, not as a string: the parts of a connection string would win over the name of the shadow database. */
function connectionParts(url) {
  // `generate` and `validate` name no database and open no connection.
  if (!url) return { host: '127.0.0.1', port: 1 };
  const { hostname: host, port, username, password, pathname } = new URL(url);
  return {
    host,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/** Where the adapter falls short of what the engine needs. */
function corrected(adapter) {
  const performIO = adapter.performIO.bind(adapter);
  adapter.performIO = async (request) => {
    const result = await performIO(request);
    for (const field of result.fields ?? []) if (field.dataTypeID === CHAR_OID) field.dataTypeID = TEXT_OID;
    return result;
  };
  const startTransaction = adapter.startTransaction?.bind(adapter);
  if (startTransaction) adapter.startTransaction = async (level) => corrected(await startTransaction(level));
  // The adapter splits a script at every ';', also inside literals and function bodies: send it whole.
  if (adapter.executeScript) {
    adapter.executeScript = async (sql) => {
      try {
        await adapter.underlyingDriver().query(sql);
      } catch (error) {
        adapter.onError(error);
      }
    };
  }
  return adapter;
}
