import { FORMATS } from './compile.mjs';

/**
 * The package.json that is published. `source` is the one in `libs`, which has what a library alone knows: its description,
 * what it depends on, which peers it supports. Versions come from the package.json of the repository, entries from the table.
 *
 * @param {{ source: object, root: object, entries: readonly import('../entries.cjs').Entry[] }} options
 */
export function manifestOf({ source, root, entries }) {
  const { name, description, keywords, license, dependencies = {}, peerDependencies, peerDependenciesMeta } = source;
  const [{ module: main }] = entries.filter(({ subpath }) => subpath === '.');
  const others = entries.filter(({ subpath }) => subpath !== '.');
  return {
    name,
    version: root.version,
    description,
    keywords,
    license,
    type: FORMATS[0].type,
    sideEffects: false,
    engines: root.engines,
    // Before TypeScript and Node knew `exports`; some set-ups still do not.
    main: `./cjs/${main}.js`,
    types: `./cjs/${main}.d.ts`,
    ...(others.length > 0 && { typesVersions: { '*': Object.fromEntries(others.map(typesOf)) } }),
    exports: { ...Object.fromEntries(entries.map(exportOf)), './package.json': './package.json' },
    dependencies: Object.fromEntries(Object.keys(dependencies).map((one) => [one, versionOf(one, root)])),
    peerDependencies,
    peerDependenciesMeta,
  };
}

const typesOf = ({ subpath, module }) => [subpath.slice(2), [`./cjs/${module}.d.ts`]];

/**
 * `module-sync` comes first: every Node we support can `require` ES modules and reads this condition for `import` and for
 * `require`, so that a process has one copy of the library, whoever loads it. The CommonJS build is for what cannot: Jest,
 * bundlers, Node with `--no-experimental-require-module`.
 */
function exportOf({ subpath, module }) {
  const [esm, cjs] = FORMATS.map(({ folder }) => ({
    types: `./${folder}/${module}.d.ts`,
    default: `./${folder}/${module}.js`,
  }));
  return [subpath, { 'module-sync': esm, import: esm, require: cjs }];
}

/** Packages of one release belong together; of others, whatever is compatible with what ours was tested with. */
function versionOf(name, { version, dependencies, devDependencies }) {
  if (name.startsWith('@mobius1/')) return version;
  const tested = dependencies[name] ?? devDependencies[name];
  if (tested === undefined) throw new Error(`package.json of the repository has no version of ${name}`);
  return `^${tested}`;
}
