// Lets plain Node run the TypeScript of this repository: `node -r test/support/ts-hook.cjs program.ts`.
// The settings of SWC and the path aliases are those of Jest, so that a program means the same in both.
const { existsSync, readFileSync } = require('node:fs');
const Module = require('node:module');
const { resolve } = require('node:path');
const { transformSync } = require('@swc/core');
const { moduleNameMapper, setupFiles, transform } = require('../../jest.config.cjs');

const ROOT = resolve(__dirname, '../..');
const [, swc] = Object.values(transform)[0];
const aliases = Object.entries(moduleNameMapper)
  .filter(([, target]) => target.startsWith('<rootDir>'))
  .map(([pattern, target]) => [new RegExp(pattern), target.replace('<rootDir>', ROOT)]);

process.setSourceMapsEnabled(true);

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { ...swc, filename });
  module._compile(code, filename);
};

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  return resolveFilename.call(this, sourceOf(request, parent), parent, ...rest);
};

/** `@mobius1/cache` → its index.ts; `./file.js` asked for by a .ts file → ./file.ts, if there is one. */
function sourceOf(request, parent) {
  for (const [pattern, target] of aliases) {
    if (pattern.test(request)) return request.replace(pattern, target);
  }
  if (!/^\.{1,2}\/.*\.js$/.test(request) || !parent?.filename?.endsWith('.ts')) return request;
  const source = resolve(parent.filename, '..', request.replace(/\.js$/, '.ts'));
  return existsSync(source) ? source : request;
}

for (const file of setupFiles) require(file);
