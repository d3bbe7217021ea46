// Starts one Redis and one PostgreSQL for the whole test run; the workers inherit their addresses.
require('./ts-hook.cjs');
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');

module.exports = async () => {
  const { PostgresEnv } = require('./postgres-env.ts');
  const { RedisEnv } = require('./redis-env.ts');
  const started = await Promise.allSettled([RedisEnv.start(), PostgresEnv.start()]);
  const servers = started.flatMap(({ value }) => value ?? []);
  globalThis.stopTestServers = () => Promise.all(servers.map((server) => server.stop()));
  const failure = started.find(({ status }) => status === 'rejected');
  if (failure) {
    await globalThis.stopTestServers();
    throw failure.reason;
  }
  forgetSettings();
  const [redis, postgres] = servers;
  process.env.TEST_REDIS_URL = redis.url;
  process.env.TEST_DATABASE_URL = postgres.url;
  announce('Redis', redis);
  announce('PostgreSQL', postgres);
};

/** The settings of the developer's own shell must not reach the tests of how the application reads its settings. */
function forgetSettings() {
  const example = readFileSync(resolve(__dirname, '../../.env.example'), 'utf8');
  for (const [, name] of example.matchAll(/^#?\s*([A-Z_]+)=/gm)) delete process.env[name];
}

/** On stderr: stdout may be Jest's JSON. */
function announce(name, { version, kind, url }) {
  process.stderr.write(`${name} ${version} (${kind}) at ${new URL(url).host}\n`);
}
