// `npm run pack`: builds what is published into dist/packages, checks it, and says how large it is and how long it takes to
// import. Ends with 1 when a check fails.
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { archive } from './packages/archive.mjs';
import { assemble } from './packages/assemble.mjs';
import { CompileError } from './packages/compile.mjs';
import { importTime } from './packages/import-time.mjs';

const HELP = `npm run pack -- [options]

  --out FOLDER    where to                                          (default dist/packages)
  --only-build    folders alone: no archives, checks or measurements
  --no-measure    without measurements`;

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { entries } = createRequire(import.meta.url)('./entries.cjs');
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist/packages') },
    'only-build': { type: 'boolean' },
    'no-measure': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = (await pack(resolve(values.out))) ? 0 : 1;
}

async function pack(out) {
  const packages = build(out);
  if (packages === undefined) return false;
  if (values['only-build']) return true;
  const { checkTypes, lintPackage } = await import('./packages/checks.mjs');
  let sound = true;
  for (const one of packages) {
    const packed = archive({ folder: one.folder, out });
    const size = `${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} installed, ${packed.files} files`;
    console.log(`${one.name}: ${size}: ${relative(process.cwd(), packed.path)}`);
    const problems = [...(await lintPackage(one)), ...checkTypes({ path: packed.path, root })];
    for (const problem of problems) console.error(problem);
    sound &&= problems.length === 0;
  }
  console.log(sound ? 'publint and @arethetypeswrong/cli find nothing.' : 'Do not publish this.');
  if (!values['no-measure']) measure(out);
  return sound;
}

function build(out) {
  try {
    return assemble({ root, out, entries });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    console.error(error.message);
    return undefined;
  }
}

function measure(out) {
  console.log(
    `\nimport, in ms on Node ${process.version}: all of it, and our part when its dependencies are loaded already`,
  );
  for (const entry of entries) {
    const { total, own } = importTime({ ...entry, out });
    console.log(`  ${entry.name.padEnd(28)} ${total.toFixed(0).padStart(5)} ${own.toFixed(0).padStart(5)}`);
  }
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1024)} KB`;
}
