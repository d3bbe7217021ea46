// `npm run compare [-- --only name,…]`: measures anew what the documentation says, other libraries included, and writes the tables
// where their markers stand. Each part is a process of its own, and written when it is done: what was measured before another
// part fails, or before Ctrl-C, is kept.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BENCHES, BESIDE_OTHERS } from '../bench/list.mjs';
import { installPeers } from '../bench/peers/installed.mjs';
import { titlesInPages, writeIntoPages } from './compare/pages.mjs';
import { measureTorture } from './compare/torture.mjs';

const PARTS = [...BENCHES, 'torture'];
const WITH_OTHERS = [...BESIDE_OTHERS, 'torture'];
const HELP = `npm run compare -- [options]

  --only NAME,…   these parts; the other tables stay as they are, each with its date
  --seeds N       how many seeds of torture each cache has      (default 5)
  --quick         few rounds: whether it runs, not how fast; writes nothing

Parts: ${PARTS.join(', ')}`;
/** Nothing takes as long, unless it hangs. */
const PART_DEADLINE_MS = 15 * 60_000;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { parts, seeds, quick } = read();
const begin = Date.now();
const scratch = mkdtempSync(join(os.tmpdir(), 'mobius-compare-'));
const measured = new Set();
const failures = [];
try {
  titlesInPages(); // a marker without its other half is found before anything is measured
  if (parts.some((part) => WITH_OTHERS.includes(part))) installPeers();
  build();
  warnOfLoad();
  for (const [i, part] of parts.entries()) await take(part, `[${i + 1}/${parts.length}] ${part}`);
} catch (error) {
  failures.push(error.message);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
report();

/** One that fails keeps no other from being measured. */
async function take(part, label) {
  const since = Date.now();
  console.log(`\n${label} … (${secondsSince(begin)} s so far)`);
  try {
    const { tables, broken = [] } =
      part === 'torture' ? await measureTorture({ run, seeds, quick }) : await bench(part);
    failures.push(...broken);
    if (!quick) await writeIntoPages(tables);
    for (const { title } of tables) measured.add(title);
    console.log(`${label}: ${tables.length} tables, ${secondsSince(since)} s`);
  } catch (error) {
    failures.push(`${part}: ${error.message}`);
    console.error(`${label} failed: ${error.message}`);
  }
}

function bench(name) {
  return run(['tools/bench.mjs', name, '--no-build', ...(quick ? ['--quick'] : [])]);
}

/** Runs a program that leaves in a file what it has measured; its exit code may judge that. */
async function run(args) {
  const file = join(scratch, 'measured.json');
  rmSync(file, { force: true });
  const child = spawn(process.execPath, [...args, '--json', file], { stdio: 'inherit' });
  const deadline = setTimeout(() => child.kill('SIGKILL'), PART_DEADLINE_MS);
  const [code, signal] = await once(child, 'exit');
  clearTimeout(deadline);
  if (!existsSync(file)) throw new Error(`ended with ${signal ?? code} before it had measured anything`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

function build() {
  const nest = ['node_modules/@nestjs/cli/bin/nest.js', 'build'];
  if (spawnSync(process.execPath, nest, { stdio: 'inherit' }).status !== 0)
    throw new Error('The build failed; see above.');
}

function warnOfLoad() {
  const [load] = os.loadavg();
  const cores = os.cpus().length;
  if (load > cores / 2 && !quick)
    console.warn(`This machine is busy (load ${load.toFixed(1)} on ${cores} cores): what is measured now says little.`);
}

function report() {
  const nobodys = titlesInPages().filter((title) => !measured.has(title));
  console.log(`\n${measured.size} tables in ${secondsSince(begin)} s${quick ? '; none is written with --quick' : ''}.`);
  if (parts.length === PARTS.length && !quick && failures.length === 0 && nobodys.length > 0)
    console.log(`Nobody measures these any more; take them out of the pages:\n  ${nobodys.join('\n  ')}`);
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

function secondsSince(moment) {
  return Math.round((Date.now() - moment) / 1_000);
}

function read() {
  const [boolean, string] = [{ type: 'boolean' }, { type: 'string' }];
  try {
    const { values } = parseArgs({ options: { only: string, seeds: string, quick: boolean, help: boolean } });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const parts = values.only?.split(',').map((name) => name.trim()) ?? PARTS;
    const unknown = parts.filter((part) => !PARTS.includes(part));
    if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.`);
    const seeds = Number(values.seeds ?? 5);
    if (!Number.isSafeInteger(seeds) || seeds < 1)
      throw new Error(`--seeds takes a whole number from 1, not ${values.seeds}.`);
    return { parts: [...new Set(parts)], seeds, quick: values.quick ?? false };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}
