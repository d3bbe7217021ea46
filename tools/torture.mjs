// `npm run torture [-- --seeds 20 --topology all --adapter bentocache]`: several processes, one cache, and a Redis that
// suffers everything. Prints what happened for each seed, and ends with 1 when a guarantee was broken.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run torture -- [options]

  --seeds N         how many seeds to run                      (default 3)
  --seed S          the first of them                          (default: at random)
  --topology T      single, sentinel, cluster or all           (default single)
  --adapter A       mobius, bentocache, or the path of a file  (default mobius)
  --faults N        how many faults a run has                  (default: every kind once)
  --only TEXT       only faults whose name contains this
  --processes N     processes that share the cache             (default 4)
  --l1 off          without the tier in the process (mobius)`;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const require = createRequire(import.meta.url);
require('../test/support/ts-hook.cjs');
const { torture } = require('../test/torture/torture.ts');
const { TOPOLOGIES } = require('../test/torture/target.ts');

const options = read();
const total = { runs: 0, reads: 0, writes: 0, stale: 0, maxAgeMs: 0, errors: 0, faults: 0 };
for (const topology of options.topologies) {
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    add(await torture({ ...options.run, topology, seed }));
  }
}
const { runs, reads, writes, stale, maxAgeMs, errors, faults } = total;
console.log(`\n${runs} runs, ${faults} faults, ${reads} reads, ${writes} writes:`);
console.log(
  `${stale} stale reads${stale > 0 ? ` (up to ${maxAgeMs} ms after the invalidation)` : ''}, ${errors} errors`,
);
process.exitCode = stale + errors > 0 ? 1 : 0;

function add({ name, seed, topology, counts, faults: suffered, stale: violations, errors: thrown }) {
  const ages = violations.map(({ ageMs }) => ageMs);
  const many = Object.values(suffered).reduce((sum, count) => sum + count, 0);
  total.runs++;
  total.reads += counts.reads;
  total.writes += counts.writes;
  total.stale += violations.length;
  total.errors += thrown.length;
  total.faults += many;
  total.maxAgeMs = Math.max(total.maxAgeMs, ...ages);
  const verdict = violations.length + thrown.length === 0 ? 'ok  ' : 'FAIL';
  const did = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  console.log(`${verdict} ${name}, ${topology}, seed ${seed}: ${many} faults, ${did.join(', ')}`);
  for (const { key, value, floor, ageMs, what, by } of violations.slice(0, 5)) {
    console.log(
      `     ${key}: ${what} ${value}, but ${floor} was current; missed an invalidation (${by}) that had returned ${ageMs} ms before`,
    );
  }
  for (const error of [...new Set(thrown)].slice(0, 5)) console.log(`     ${error}`);
}

function read() {
  const number = { type: 'string' };
  const { values } = parseArgs({
    options: {
      ...{ seeds: number, seed: number, topology: number, adapter: number, faults: number, only: number },
      ...{ processes: number, l1: number, help: { type: 'boolean' } },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const topology = values.topology ?? 'single';
  const topologies = topology === 'all' ? TOPOLOGIES : [topology];
  if (!topologies.every((one) => TOPOLOGIES.includes(one))) fail(`There is no topology ${topology}.`);
  return {
    seeds: count('seeds', values.seeds) ?? 3,
    seed: count('seed', values.seed) ?? Math.floor(Math.random() * 100_000),
    topologies,
    run: {
      ...defined({ adapter: adapterOf(values.adapter), faults: count('faults', values.faults), only: values.only }),
      ...defined({ processes: count('processes', values.processes) }),
      ...(values.l1 === 'off' ? { env: { L1: 'off' } } : {}),
    },
  };
}

/** The path of an adapter; those of other caches need dependencies of their own. */
function adapterOf(name) {
  if (name === undefined || name === 'mobius') return undefined;
  const known = `test/torture/adapters/${name}.ts`;
  if (!existsSync(known)) return existsSync(name) ? name : fail(`There is no adapter ${name}.`);
  if (!existsSync('bench/peers/node_modules')) {
    const install = spawnSync('npm', ['ci', '--prefix', 'bench/peers'], { stdio: 'inherit' });
    if (install.status !== 0)
      fail('The dependencies of other caches could not be installed (npm ci --prefix bench/peers).');
  }
  return known;
}

function count(name, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : fail(`--${name} takes a whole number, not ${text}.`);
}

function defined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function fail(message) {
  console.error(`${message}\n\n${HELP}`);
  process.exit(1);
}
