import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';

const RUNS = 3;

/**
 * What importing an entry takes, in milliseconds: all of it, and the part that is ours, when the packages that it depends on
 * are loaded already, as they are in an application. Medians, each run in a process of its own.
 *
 * @param {{ name: string, library: string, module: string, out: string }} entry
 */
export function importTime({ name, library, module, out }) {
  const externals = [...packagesOf(join(out, library, 'esm', `${module}.js`))];
  const code = `
    const start = performance.now();
    for (const name of ${JSON.stringify(externals)}) await import(name);
    const loaded = performance.now();
    await import(${JSON.stringify(name)});
    const end = performance.now();
    console.log(JSON.stringify([end - start, end - loaded]));`;
  const runs = Array.from({ length: RUNS }, () =>
    JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: out, encoding: 'utf8' })),
  );
  const [total, own] = [0, 1].map((i) => runs.map((run) => run[i]).sort((a, b) => a - b)[Math.floor(RUNS / 2)]);
  return { total, own };
}

/** Packages that a compiled module loads, through all modules of its own library. @returns {Set<string>} */
export function packagesOf(file, seen = new Set(), found = new Set()) {
  if (seen.has(file)) return found;
  seen.add(file);
  for (const { fileName: to } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
    if (to.startsWith('.')) packagesOf(join(file, '..', to), seen, found);
    else if (!isBuiltin(to)) found.add(to);
  }
  return found;
}
