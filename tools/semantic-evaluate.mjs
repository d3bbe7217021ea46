// `npm run semantic:evaluate -- pairs.jsonl [--embedder ./embedder.mjs]`: what an embedder and the gate make of pairs of questions that
// people have judged: how many would be hits, and how many of those wrong, for each threshold.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run semantic:evaluate -- PAIRS.jsonl [options]

Each line of PAIRS.jsonl is {"a": "a question", "b": "another", "same": true}: whether one answer does for both.

  --embedder MODULE      exports \`embedder\` (or default): { id, dimensions, embed(text, signal) }, or a
                         function that returns one           (default: the baseline, hashed n-grams)
  --thresholds LIST      similarities                        (default 0.70,0.75,0.80,0.85,0.90,0.95,0.98)
  --confidence C         of the intervals                    (default 0.95)
  --no-gate              without the gate, to see what it is good for
  --json                 one JSON object instead of a table
  --help`;

const require = createRequire(import.meta.url);
require('../test/support/ts-hook.cjs');
const semantic = (name) => require(`../libs/cache/src/features/model/semantic/${name}.ts`);
const { evaluate, readPairs } = semantic('evaluate');
const { Gate } = semantic('gate');
const { ngramEmbedder } = semantic('ngram-embedder');

try {
  const options = read();
  if (options !== undefined) await run(options);
} catch (error) {
  const { code, message, cause } = error;
  console.error(code === undefined ? message : `${code}: ${message}`);
  if (cause instanceof Error && cause.code === undefined) console.error(cause.message);
  process.exitCode = 1;
}

async function run({ path, module, thresholds, confidence, gated, json }) {
  const pairs = readPairs(textOf(path));
  const embedder = module === undefined ? ngramEmbedder() : await load(module);
  const gate = gated ? new Gate() : undefined;
  const evaluation = await evaluate(pairs, { embedder, thresholds, confidence, gate });
  if (json) return console.log(JSON.stringify({ embedder: embedder.id, confidence, gate: gated, ...evaluation }));
  const { same, stopped, lost, rows } = evaluation;
  console.log(`${pairs.length} pairs, ${same} of them mean the same. Embedder: ${embedder.id}.`);
  if (gated)
    console.log(
      `The gate stopped ${stopped} of ${pairs.length - same} that differ, and ${lost} of ${same} that do not.`,
    );
  console.log(`\nthreshold  hit rate (${percent(confidence)} interval)   false-hit rate (interval)   hits`);
  for (const { threshold, hits, hitRate, hitInterval, falseHitRate, falseInterval } of rows) {
    const wrong = hits === 0 ? 'no hits' : `${percent(falseHitRate)} (${between(falseInterval)})`;
    console.log(
      `${threshold.toFixed(2).padEnd(9)}  ${`${percent(hitRate)} (${between(hitInterval)})`.padEnd(27)}  ${wrong.padEnd(26)}  ${hits}`,
    );
  }
  console.log(`\nHit rate: of the pairs that mean the same. False-hit rate: of the hits. Below the upper end of the interval
you do not know: with no wrong hit among n it is about 3.7 / n.`);
}

function read() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const options = { embedder: text, thresholds: text, confidence: text, 'no-gate': flag, json: flag, help: flag };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw usage('Name one file of pairs.');
  const list = values.thresholds ?? '0.70,0.75,0.80,0.85,0.90,0.95,0.98';
  return {
    path,
    module: values.embedder,
    thresholds: list.split(',').map((one) => numberIn('--thresholds', one, -1, 1)),
    confidence: numberIn('--confidence', values.confidence ?? '0.95', 0.5, 0.9999),
    gated: values['no-gate'] !== true,
    json: values.json === true,
  };
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error.code ?? error.message}`, { cause: error });
  }
}

async function load(path) {
  const loaded = await import(pathToFileURL(resolve(path)).href).catch((cause) => {
    throw new Error(`${path} cannot be loaded:`, { cause });
  });
  const exported = loaded.embedder ?? loaded.default?.embedder ?? loaded.default;
  const embedder = typeof exported === 'function' ? await exported() : exported;
  const { id, dimensions, embed } = embedder ?? {};
  if (typeof id === 'string' && Number.isSafeInteger(dimensions) && dimensions > 0 && typeof embed === 'function')
    return embedder;
  throw new Error(`${path} exports no embedder: { id, dimensions, embed(text, signal) } as \`embedder\` or default.`);
}

function numberIn(name, text, least, most) {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw usage(`${name} takes numbers from ${least} to ${most}, not "${text}".`);
}

function usage(message) {
  return new Error(`${message}\n\n${HELP}`);
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function between({ low, high }) {
  return `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}`;
}
