import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * What the build of one format is. `type` is what Node reads from the package.json beside the files: the compiler is told
 * the same, so that each build is checked as what it will be run as.
 */
export const FORMATS = [
  { folder: 'esm', type: 'module' },
  { folder: 'cjs', type: 'commonjs' },
];

export class CompileError extends Error {
  name = 'CompileError';
}

/**
 * Compiles all libraries, each into `<out>/<library>/<format>`. By the compiler itself: what Nest injects comes from the
 * metadata of decorators, which bundlers and most other transpilers do not write.
 *
 * @param {{ root: string, out: string, entries: readonly import('../entries.cjs').Entry[] }} options
 */
export function compile({ root, out, entries }) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  for (const { folder, type } of FORMATS) {
    const settings = { ...options, noEmit: false, sourceMap: false, types: ['node'] };
    const host = ts.createCompilerHost(settings);
    const { readFile } = host;
    host.readFile = (path) => (isManifestOfOurs(root, path) ? JSON.stringify({ type }) : readFile(path));
    const rootNames = entries.map(({ source }) => join(root, source));
    const program = ts.createProgram({ rootNames, options: settings, host });
    const problems = [...ts.getPreEmitDiagnostics(program)];
    const { diagnostics } = program.emit(undefined, (path, text, _mark, _onError, sources) => {
      const from = sources?.[0]?.fileName.slice(root.length + 1).match(/^libs\/([^/]+)\/src\/(.+)\.ts$/);
      if (!from) return;
      const [, library, module] = from;
      write(join(out, library, folder, module + /(\.d\.ts|\.js)$/.exec(path)[0]), text);
    });
    problems.push(...diagnostics);
    if (problems.length > 0) throw new CompileError(ts.formatDiagnostics(problems, host));
  }
}

const isManifestOfOurs = (root, path) => /^\/libs\/[^/]+\/package\.json$/.test(path.slice(root.length));

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
