import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { entries } from '../tools/entries.cjs';

const ROOT = join(__dirname, '..');
/** Lines of code, without blank lines and comments. */
const LONGEST_FILE = 250;

interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly from: string;
  /** Path of a file of ours, or the name of a package. */
  readonly to: string;
  /** As it is written. */
  readonly written: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

/** What a floor of a library may import: floors of the same library, and packages. */
interface Floor {
  readonly floors: readonly string[];
  readonly packages?: readonly (string | RegExp)[];
  /** Packages of which only the types may be named. */
  readonly types?: readonly (string | RegExp)[];
}

const NEST = /^@nestjs\/|^reflect-metadata$|^rxjs(\/|$)/;

/** `face`: the files that packages export, beside the folders. */
const FLOORS: Record<string, Record<string, Floor>> = {
  kernel: { face: { floors: ['face'] } },
  cache: {
    core: { floors: ['core'], packages: ['lru-cache'] },
    drivers: { floors: ['core', 'drivers'], packages: ['ioredis', 'lru-cache'] },
    features: { floors: ['core', 'features'], packages: ['lru-cache', 'luxon'] },
    instance: { floors: ['core', 'drivers', 'features', 'instance'], types: ['ioredis'] },
    plugs: { floors: ['core', 'features', 'plugs'], packages: [/^@langchain\/core\//] },
    telemetry: { floors: ['instance', 'telemetry'], packages: ['prom-client', '@opentelemetry/api'] },
    nest: {
      floors: ['core', 'drivers', 'features', 'instance', 'nest'],
      packages: [NEST, 'ipaddr.js', 'structured-headers'],
    },
    testing: { floors: ['core', 'drivers', 'features', 'instance', 'nest', 'testing'] },
    face: { floors: ['core', 'drivers', 'features', 'instance', 'nest'] },
  },
  database: {
    core: { floors: ['core'] },
    drivers: { floors: ['core', 'drivers'], packages: ['pg', /^@prisma\//] },
    features: { floors: ['core', 'features'], types: [/^@prisma\/client\//] },
    instance: { floors: ['core', 'drivers', 'features', 'instance'], packages: ['@prisma/client'] },
    nest: { floors: ['core', 'drivers', 'features', 'nest'], packages: [NEST] },
    face: { floors: ['core', 'drivers', 'features', 'instance', 'nest'] },
  },
};
const LIBRARIES = Object.keys(FLOORS);
/** Libraries that a library may import, by their public names. */
const BENEATH: Record<string, readonly string[]> = { kernel: [], cache: ['kernel'], database: ['kernel'] };

const ENTRIES: Record<string, string> = Object.fromEntries(entries.map(({ name, source }) => [name, source]));

// The tree

function sourcesOf(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length + 1).replaceAll('\\', '/'), entry.name))
    .filter((path) => !path.startsWith('src/generated/') && !path.includes('/node_modules/'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

const isSpec = (path: string): boolean => path.endsWith('.spec.ts');
const inLibrary = ({ path }: Source): boolean => path.startsWith('libs/') && !isSpec(path);

function walk(source: Source, visit: (node: ts.Node) => void): void {
  const each = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, each);
  };
  each(ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2022, true));
}

/** Everything a file names as a module: imports, re-exports, `import()`, `require()`, types of `import('…')`. */
function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (written: ts.Node | undefined, typeOnly: boolean): void => {
    if (written === undefined || !ts.isStringLiteralLike(written)) return;
    found.push({ from: source.path, to: targetOf(written.text, source.path), written: written.text, typeOnly });
  };
  walk(source, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, erased(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const required = ts.isIdentifier(expression) && expression.text === 'require';
      if (required || expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    }
  });
  return found;
}

function erased({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

function targetOf(written: string, from: string): string {
  if (written.startsWith('.')) return posix.join(posix.dirname(from), written).replace(/\.js$/, '.ts');
  return ENTRIES[written] ?? written;
}

const libraryOf = (path: string): string | undefined => /^libs\/([^/]+)\/src\//.exec(path)?.[1];
const floorOf = (path: string): string => /^libs\/[^/]+\/src\/([^/]+)\//.exec(path)?.[1] ?? 'face';
const isOurs = (path: string): boolean => /^(libs|src|test|examples)\//.test(path);
const among = (name: string, allowed: readonly (string | RegExp)[] = []): boolean =>
  allowed.some((one) => (typeof one === 'string' ? one === name : one.test(name)));

// The rules. Each takes sources and tells what is wrong with them.

/** An import goes only to an earlier floor of the same library. Specs may also use what is exported for testing. */
function floorProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to }) => {
    const library = libraryOf(from);
    if (library === undefined || libraryOf(to) !== library) return [];
    const floor = FLOORS[library]?.[floorOf(from)];
    if (floor === undefined) return [`${from} is on no known floor`];
    const allowed = isSpec(from) ? [...floor.floors, 'testing'] : floor.floors;
    return allowed.includes(floorOf(to)) ? [] : [`${from} imports ${to}`];
  });
}

/** Libraries import the kernel and nothing else of ours, by its public name; nobody reaches into another's folders. */
function libraryProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, written }) => {
    const [mine, other] = [libraryOf(from), libraryOf(to)];
    if (!isOurs(to) || (mine !== undefined && mine === other)) return [];
    if (mine === undefined && other === undefined) return [];
    const named = !written.startsWith('.');
    const allowed = mine === undefined || (other !== undefined && BENEATH[mine]?.includes(other));
    return named && allowed ? [] : [`${from} imports ${written}`];
  });
}

/** Each floor imports only the packages it exists for, and the modules of Node. Specs may import what they like. */
function packageProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, typeOnly }) => {
    const library = libraryOf(from);
    if (library === undefined || isSpec(from) || isOurs(to) || isBuiltin(to)) return [];
    const floor = FLOORS[library]?.[floorOf(from)];
    const allowed = among(to, floor?.packages) || (typeOnly && among(to, floor?.types));
    return allowed ? [] : [`${from} imports ${to}`];
  });
}

/** An example imports packages by their public names and files of its own folder, so that the folder can be copied. */
function exampleProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, written }) => {
    const own = to.startsWith(`${from.split('/', 2).join('/')}/`);
    return !written.startsWith('.') || own ? [] : [`${from} imports ${written}`];
  });
}

/** Packages that are loaded with a file, directly or through other files of ours. */
function loadedWith(entry: string, sources: readonly Source[]): Set<string> {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source).filter((one) => !one.typeOnly)]));
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { to } of imports.get(path) ?? []) visit(to);
  };
  visit(entry);
  return new Set([...seen].filter((path) => !isOurs(path)));
}

/** Import cycles, types included; each as the way around it. */
function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source).map(({ to }) => to)]));
  const done = new Set<string>();
  const way: string[] = [];
  const found: string[] = [];
  const visit = (path: string): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path) || way.includes(path)) return;
    way.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

/** Lines on which code stands, as the linter counts them. */
function linesOfCode(source: Source): number {
  const lines = new Set<number>();
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2022, true);
  const lineOf = (at: number): number => file.getLineAndCharacterOfPosition(at).line;
  const each = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.EndOfFileToken || ts.isJSDoc(node)) return;
    const children = node.getChildren(file);
    children.forEach(each);
    if (children.length > 0) return;
    for (let line = lineOf(node.getStart(file)); line <= lineOf(node.getEnd()); line++) lines.add(line);
  };
  each(file);
  return lines.size;
}

function tooLong(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !isSpec(path) && floorOf(path) !== 'testing')
    .map((source) => ({ path: source.path, lines: linesOfCode(source) }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

/** A library neither prints nor ends the process of the application it serves. */
function intrusions(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return;
      const name = `${node.expression.text}.${node.name.text}`;
      if (/^console\.|^process\.(exit|abort|kill)$/.test(name)) found.push(`${source.path} uses ${name}`);
    });
    return found;
  });
}

const HEAVY = /^(keys|flushall|flushdb)$/i;
const HEAVY_IN_LUA = /\bp?call\(\s*["'](keys|flushall|flushdb)["']/i;

/** KEYS stops a server for as long as it walks over everything, FLUSH empties what others share. */
function heavyCommands(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (ts.isStringLiteralLike(node) && HEAVY_IN_LUA.test(node.text)) found.push(`${source.path}: ${node.text}`);
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      const { name, expression } = node.expression;
      const [first] = node.arguments;
      // Maps and caches have a `keys()` without arguments, Object has one with: neither talks to a server.
      const direct = HEAVY.test(name.text) && (first !== undefined || !/^keys$/i.test(name.text));
      const ofObject = ts.isIdentifier(expression) && /^(Object|Reflect)$/.test(expression.text);
      const sent = /^(call|sendCommand)$/.test(name.text) && first !== undefined && ts.isStringLiteralLike(first);
      if ((direct && !ofObject) || (sent && HEAVY.test(first.text))) found.push(`${source.path}: ${node.getText()}`);
    });
    return found;
  });
}

/** Every public name is written out, so that nothing becomes public by accident. */
function starExports(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (ts.isExportAssignment(node)) found.push(`${source.path} has a default export`);
      if (ts.isExportDeclaration(node) && node.exportClause === undefined) found.push(`${source.path} exports *`);
    });
    return found;
  });
}

/** The public names of entry files, and whether each says what it is. */
function publicNames(
  entries: readonly string[],
  imagined: readonly Source[] = [],
): Map<string, { documented: boolean }> {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => imagined.some((one) => join(ROOT, one.path) === path) || fileExists(path);
  host.getSourceFile = (path, ...rest) => {
    const source = imagined.find((one) => join(ROOT, one.path) === path);
    return source ? ts.createSourceFile(path, source.text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  };
  const rootNames = entries.map((path) => join(ROOT, path));
  const program = ts.createProgram({ rootNames, options: { ...options, noEmit: true }, host });
  const checker = program.getTypeChecker();
  const names = new Map<string, { documented: boolean }>();
  for (const [i, path] of rootNames.entries()) {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    for (const exported of module === undefined ? [] : checker.getExportsOfModule(module)) {
      const meant = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const documented = meant.getDocumentationComment(checker).length > 0;
      names.set(`${entries[i]}: ${exported.name}`, { documented });
    }
  }
  return names;
}

const undocumented = (names: ReturnType<typeof publicNames>): string[] =>
  [...names].filter(([, { documented }]) => !documented).map(([name]) => name);

// The tests

describe('the architecture', () => {
  const libraries = LIBRARIES.flatMap((library) => sourcesOf(`libs/${library}/src`));
  const application = sourcesOf('src');
  const examples = sourcesOf('examples');
  const all = [...libraries, ...application, ...examples];
  const file = (path: string, text: string): Source => ({ path, text });
  const cacheFile = (path: string, text: string): Source => file(`libs/cache/src/${path}`, text);

  it('covers every library, the application and the examples', () => {
    expect(readdirSync(join(ROOT, 'libs')).sort()).toEqual([...LIBRARIES].sort());
    expect(libraries.length).toBeGreaterThan(80);
    expect(application.length).toBeGreaterThan(20);
    expect(examples.length).toBeGreaterThan(3);
    const resolved = all.flatMap(importsOf).filter(({ to }) => isOurs(to) && !to.startsWith('src/generated/'));
    const known = new Set(all.map(({ path }) => path));
    expect(resolved.filter(({ to }) => !known.has(to) && !to.startsWith('test/'))).toEqual([]);
  });

  describe('floors', () => {
    it('import only earlier floors', () => {
      expect(floorProblems(libraries)).toEqual([]);
    });

    it.each([
      ['core', '../drivers/memory-store.js'],
      ['core', '../features/manager/cache-manager.js'],
      ['drivers', '../features/manager/cache-manager.js'],
      ['features/manager', '../../drivers/memory-store.js'],
      ['features/manager', '../../instance/cache-instance.js'],
      ['instance', '../nest/tokens.js'],
      ['nest', '../index.js'],
      ['nest', '../testing/index.js'],
      ['unknown', '../core/key.js'],
    ])('of the cache: %s may not import %s', (floor, written) => {
      for (const text of [`import { a } from '${written}';`, `export type { A } from '${written}';`]) {
        expect(floorProblems([cacheFile(`${floor}/a.ts`, text)])).toHaveLength(1);
      }
      expect(floorProblems([cacheFile(`${floor}/a.ts`, `const a = await import('${written}');`)])).toHaveLength(1);
      expect(floorProblems([cacheFile(`${floor}/a.ts`, `type A = import('${written}').A;`)])).toHaveLength(1);
    });

    it('let specs use what is exported for testing, and nothing above it', () => {
      const spec = (written: string): Source => cacheFile('drivers/a.spec.ts', `import { a } from '${written}';`);
      expect(floorProblems([spec('../testing/describe-store.js')])).toEqual([]);
      expect(floorProblems([spec('../nest/tokens.js')])).toHaveLength(1);
    });
  });

  describe('libraries', () => {
    it('import the kernel and nothing else of ours, the application imports them by their public names', () => {
      expect(libraryProblems(all)).toEqual([]);
    });

    it.each([
      ['libs/kernel/src/a.ts', '@mobius1/cache'],
      ['libs/cache/src/core/a.ts', '@mobius1/database'],
      ['libs/database/src/core/a.ts', '@mobius1/cache'],
      ['libs/cache/src/core/a.ts', '../../../kernel/src/clock.js'],
      ['libs/cache/src/core/a.ts', '../../../../src/config.js'],
      ['libs/cache/src/core/a.spec.ts', '../../../../test/support/cache.js'],
      ['src/a.ts', '../libs/cache/src/index.js'],
      ['src/users/a.ts', '../../libs/cache/src/core/key.js'],
    ])('%s may not import %s', (path, written) => {
      expect(libraryProblems([file(path, `import { a } from '${written}';`)])).toHaveLength(1);
    });
  });

  describe('examples', () => {
    it('import public names and files of their own folder, so that it can be copied', () => {
      expect(exampleProblems(examples)).toEqual([]);
      expect(libraryProblems(examples)).toEqual([]);
    });

    it.each([
      '../../libs/cache/src/index.js',
      '../../src/config.js',
      '../prisma/main.js',
      '../../test/support/cache.js',
    ])('may not import %s', (written) => {
      expect(exampleProblems([file('examples/cache/main.ts', `import { a } from '${written}';`)])).toHaveLength(1);
      expect(exampleProblems([file('examples/cache/main.ts', "import { a } from './a.js';")])).toEqual([]);
    });
  });

  describe('packages', () => {
    it('are imported only on the floor that exists for them', () => {
      expect(packageProblems(libraries)).toEqual([]);
    });

    it.each([
      ['libs/kernel/src/a.ts', 'lru-cache'],
      ['libs/cache/src/core/a.ts', 'ioredis'],
      ['libs/cache/src/core/a.ts', '@nestjs/common'],
      ['libs/cache/src/drivers/a.ts', '@nestjs/common'],
      ['libs/cache/src/features/manager/a.ts', 'ioredis'],
      ['libs/cache/src/instance/a.ts', 'ioredis'],
      ['libs/cache/src/nest/a.ts', 'ioredis'],
      ['libs/cache/src/standalone.ts', '@nestjs/common'],
      ['libs/database/src/core/a.ts', 'pg'],
    ])('%s may not import %s', (path, name) => {
      expect(packageProblems([file(path, `import { a } from '${name}';`)])).toHaveLength(1);
      expect(packageProblems([file(path, `const a = require('${name}');`)])).toHaveLength(1);
    });

    it('may be named as types where nothing of them is loaded', () => {
      const path = 'instance/a.ts';
      expect(packageProblems([cacheFile(path, "import type { Redis } from 'ioredis';")])).toEqual([]);
      expect(packageProblems([cacheFile(path, "import { type Redis } from 'ioredis';")])).toEqual([]);
      expect(packageProblems([cacheFile(path, "import { type Redis, Cluster } from 'ioredis';")])).toHaveLength(1);
      expect(packageProblems([cacheFile('core/a.ts', "import type { Redis } from 'ioredis';")])).toHaveLength(1);
    });

    it('of a transport are loaded only where that transport is in use', () => {
      const optional = /^import (?!type).* from '@nestjs\/(websockets|microservices|graphql|throttler)/m;
      expect(libraries.filter(({ text }) => optional.test(text)).map(({ path }) => path)).toEqual([]);
      expect(optional.test("import { WsException } from '@nestjs/websockets';")).toBe(true);
    });

    it('a program without Nest loads none of it', () => {
      const packages = [...loadedWith('libs/cache/src/standalone.ts', libraries)].filter((name) => !isBuiltin(name));
      expect(packages.sort()).toEqual(['ioredis', 'lru-cache', 'luxon']);
      const all = ['index', 'standalone'].flatMap((entry) => [...loadedWith(`libs/cache/src/${entry}.ts`, libraries)]);
      expect(all.filter((name) => /^prom-client|^@opentelemetry|^@langchain/.test(name))).toEqual([]); // optional peers
      expect([...loadedWith('libs/cache/src/index.ts', libraries)]).toContain('@nestjs/common');
    });

    it('the plugs load no SDK: only LangChain has a class to extend', () => {
      const loaded = (plug: string): string[] =>
        [...loadedWith(`libs/cache/src/plugs/${plug}.ts`, libraries)].filter((name) => !isBuiltin(name)).sort();
      expect(loaded('ai-sdk')).toEqual([]);
      expect(loaded('fetch')).toEqual([]);
      expect(loaded('langchain')).toEqual(['@langchain/core/caches']);
      const named = libraries.filter(({ path }) => path.includes('/plugs/')).flatMap(importsOf);
      expect(named.filter(({ to }) => /^(ai|openai|@ai-sdk|@anthropic-ai)(\/|$)/.test(to))).toEqual([]);
    });
  });

  describe('cycles', () => {
    it('do not exist', () => {
      expect(cycles(all)).toEqual([]);
    });

    it('are found, also when they go through types only', () => {
      const [a, b, c] = ['b', 'c', 'a'].map((next, i) =>
        cacheFile(`core/${'abc'[i]}.ts`, `import type { X } from './${next}.js';`),
      ) as [Source, Source, Source];
      expect(cycles([a, b, c])).toEqual([
        'libs/cache/src/core/a.ts → libs/cache/src/core/b.ts → libs/cache/src/core/c.ts → libs/cache/src/core/a.ts',
      ]);
      expect(cycles([a, b])).toEqual([]);
      expect(cycles([cacheFile('core/a.ts', "export { x } from './a.js';")])).toHaveLength(1);
    });
  });

  describe('files', () => {
    it(`have at most ${LONGEST_FILE} lines of code`, () => {
      expect(tooLong(all)).toEqual([]);
    });

    it('are counted without comments and blank lines', () => {
      const comments = '/**\n * Why.\n */\n\n// And why.\n'.repeat(200);
      const code = (lines: number): string => 'const a = `1\n2\n3`; f({\n  x,\n});\n'.repeat(lines / 5);
      expect(tooLong([file('src/a.ts', comments + code(LONGEST_FILE))])).toEqual([]);
      expect(tooLong([file('src/a.ts', comments + code(LONGEST_FILE) + 'f();\n')])).toEqual(['src/a.ts has 251 lines']);
    });
  });

  describe('libraries in somebody else’s process', () => {
    it('neither print nor end it', () => {
      expect(intrusions(libraries.filter(inLibrary))).toEqual([]);
    });

    it.each(['console.log(1);', 'const f = console.warn;', 'process.exit(1);', 'process.abort();'])(
      '%s is found',
      (text) => {
        expect(intrusions([file('libs/cache/src/core/a.ts', text)])).toHaveLength(1);
        expect(intrusions([file('libs/cache/src/core/a.ts', `// ${text}\nconst a = '${text}';`)])).toEqual([]);
      },
    );

    it('use no command that blocks or empties a Redis others share', () => {
      expect(heavyCommands(libraries.filter(inLibrary))).toEqual([]);
    });

    it.each([
      "await client.keys('a*');",
      'await client.keys(prefix + pattern);',
      "await client.call('KEYS', pattern);",
      'await client.flushdb();',
      'const lua = "return redis.call(\'KEYS\', ARGV[1])";',
      "const lua = `redis.pcall('flushall')`;",
    ])('%s is found', (text) => {
      expect(heavyCommands([file('libs/cache/src/drivers/a.ts', text)])).toHaveLength(1);
    });

    it.each(['Object.keys(options);', 'slots.keys();', 'const lua = \'redis.call("GET", KEYS[1])\';'])(
      '%s is not',
      (text) => {
        expect(heavyCommands([file('libs/cache/src/drivers/a.ts', text)])).toEqual([]);
      },
    );
  });

  describe('public names', () => {
    const names = publicNames(Object.values(ENTRIES));

    it('are written out one by one', () => {
      expect(starExports(all)).toEqual([]);
      expect(starExports([file('src/a.ts', "export * from './b.js';")])).toHaveLength(1);
      expect(starExports([file('src/a.ts', "export * as b from './b.js';")])).toEqual([]);
      expect(starExports([file('src/a.ts', 'export default 1;')])).toHaveLength(1);
    });

    it('each say what they are', () => {
      expect(undocumented(names)).toEqual([]);
    });

    it('without a word about them are found, also behind a re-export', () => {
      const imagined = [
        file('src/imagined.ts', "export { shown, hidden } from './imagined-names.js';\nexport interface Bare { a: 1 }"),
        file(
          'src/imagined-names.ts',
          '/** Shown. */\nexport const shown = 1;\n// no doc comment\nexport const hidden = 2;',
        ),
      ];
      expect(undocumented(publicNames(['src/imagined.ts'], imagined))).toEqual([
        'src/imagined.ts: hidden',
        'src/imagined.ts: Bare',
      ]);
    });

    it.each([
      [
        '@mobius1/cache',
        ['CacheModule', 'RedisService', 'CacheManagerService', 'Cacheable', 'CachePut', 'CacheInvalidate'],
      ],
      ['@mobius1/cache', ['CacheHealthIndicator', 'RedisHealthIndicator', 'CacheKeys', 'DefaultTTL']],
      ['@mobius1/cache/standalone', ['initializeRedis', 'getRedisClient', 'cacheManager', 'CacheKeys', 'DefaultTTL']],
      ['@mobius1/cache/prometheus', ['registerCacheMetrics']],
      ['@mobius1/cache/opentelemetry', ['traceCache']],
      ['@mobius1/cache/ai-sdk', ['cacheLanguageModel', 'cacheEmbeddingModel', 'wrapEmbeddingModelV2']],
      ['@mobius1/cache/fetch', ['cachedFetch']],
      ['@mobius1/cache/langchain', ['LangChainCache']],
      ['@mobius1/cache/testing', ['FakeClock', 'describeStore']],
    ])('of %s are kept: %s', (entry, promised) => {
      for (const name of promised) expect(names.has(`${ENTRIES[entry]}: ${name}`)).toBe(true);
    });
  });
});
