// The public entries of the libraries. `paths` in tsconfig.json is the one place that names them: a line there is an entry
// for the compiler, the tests, the programs of `bench` and `test`, the published packages and the API reports.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { paths } = JSON.parse(readFileSync(join(__dirname, '../tsconfig.json'), 'utf8')).compilerOptions;

exports.entries = Object.entries(paths).map(([name, [path]]) => {
  const source = path.replace(/^\.\//, '');
  const [, library, module] = /^libs\/([^/]+)\/src\/(.+)\.ts$/.exec(source);
  return { name, library, subpath: name.replace(`@mobius1/${library}`, '.'), source, module };
});
