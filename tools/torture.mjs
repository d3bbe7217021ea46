// `npm run torture [-- --seeds 20 --topology all --adapter bentocache]`: several processes, one cache, and a Redis that
// suffers everything. Prints what happened for each seed, and, strictly judged, ends with 1 when a guarantee was broken.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { beneath } from '../bench/peers/adapters.mjs';
import { installPeers } from '../bench/peers/installed.mjs';
import { measuredWith } from './compare/measured.mjs';

const HELP = `npm run torture -- [options]

  --seeds N         how many seeds to run                      (default 3)
  --seed S          the first of them                          (default: at random)
  --judgement J     strict: by the guarantees of this cache, with the barrier and the excuses that they name; ends with 1
                    when one was broken. common: every cache alike, no barrier, no excuse (default strict)
  --topology T      single, sentinel, cluster or all           (default single)
  --adapter A       mobius, bentocache, or the path of a file  (default mobius)
  --faults N        how many faults a run has                  (default: every kind once)
  --only TEXT       only faults whose name contains this
  --processes N     processes that share the cache             (default 4)
  --l1 off          without the tier in the process (mobius)
  --json FILE       the sums, too`;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const require = createRequire(import.meta.url);
require('../test/support/ts-hook.cjs');
const { JUDGEMENTS } = require('../test/torture/adapter.ts');
const { torture } = require('../test/torture/torture.ts');
const { TOPOLOGIES } = require('../test/torture/target.ts');
const { findRedisBinary } = require('../test/support/redis-binary.ts');

const options = read();
const sums = { runs: 0, reads: 0, writes: 0, stale: 0, maxAgeMs: 0, looked: 0, stayed: 0, errors: 0, faults: 0 };
const total = { name: '', judgement: options.run.judgement, ...sums };
for (const topology of options.topologies) {
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    add(await torture({ ...options.run, topology, seed }));
  }
}
const { runs, reads, writes, stale, maxAgeMs, looked, stayed, errors, faults } = total;
console.log(`\n${runs} runs, ${faults} faults, ${reads} reads, ${writes} writes:`);
console.log(
  `${stale} stale reads${stale > 0 ? ` (up to ${maxAgeMs} ms after the invalidation)` : ''}, ` +
    `${stayed} of ${looked} keys with an old value when all was quiet, ${errors} errors`,
);
if (options.json !== undefined) await write(options);
process.exitCode = total.judgement === 'strict' && stale + errors > 0 ? 1 : 0;

function add({ name, seed, topology, counts, faults: suffered, stale: violations, kept, errors: thrown }) {
  const ages = violations.map(({ ageMs }) => ageMs);
  const many = Object.values(suffered).reduce((sum, count) => sum + count, 0);
  total.name = name;
  total.runs++;
  total.reads += counts.reads;
  total.writes += counts.writes;
  total.stale += violations.length;
  total.errors += thrown.length;
  total.faults += many;
  total.looked += kept.looked;
  total.stayed += kept.stayed;
  total.maxAgeMs = Math.max(total.maxAgeMs, ...ages);
  const broken = total.judgement === 'strict' ? 'FAIL' : 'old ';
  const verdict = violations.length + thrown.length === 0 ? 'ok  ' : broken;
  const did = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  console.log(`${verdict} ${name}, ${topology}, seed ${seed}: ${many} faults, ${did.join(', ')}`);
  for (const { key, value, floor, ageMs, what, by } of violations.slice(0, 5)) {
    console.log(
      `     ${key}: ${what} ${value}, but ${floor} was current; missed an invalidation (${by}) that had returned ${ageMs} ms before`,
    );
  }
  for (const error of [...new Set(thrown)].slice(0, 5)) console.log(`     ${error}`);
}

async function write({ json, topologies, seed, seeds }) {
  const { version: redis } = await findRedisBinary();
  const others = beneath([{ what: total.name }]);
  const run = { topologies, seeds: [...new Set([seed, seed + seeds - 1])], measured: measuredWith({ redis, others }) };
  writeFileSync(json, JSON.stringify({ ...total, ...run }));
}

function read() {
  const number = { type: 'string' };
  const { values } = parseArgs({
    options: {
      ...{ seeds: number, seed: number, topology: number, adapter: number, faults: number, only: number },
      ...{ judgement: number, processes: number, l1: number, json: number, help: { type: 'boolean' } },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const topology = values.topology ?? 'single';
  const topologies = topology === 'all' ? TOPOLOGIES : [topology];
  if (!topologies.every((one) => TOPOLOGIES.includes(one))) fail(`There is no topology ${topology}.`);
  const { judgement = 'strict' } = values;
  if (!JUDGEMENTS.includes(judgement)) fail(`There is no judgement ${judgement}.`);
  return {
    seeds: count('seeds', values.seeds) ?? 3,
    seed: count('seed', values.seed) ?? Math.floor(Math.random() * 100_000),
    topologies,
    json: values.json,
    run: {
      judgement,
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
  try {
    installPeers();
  } catch (error) {
    fail(error.message);
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
