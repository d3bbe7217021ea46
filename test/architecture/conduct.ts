import { join } from 'node:path';
import ts from 'typescript';
import { floorOf, isSpec, parse, ROOT, type Source, walk } from './sources.js';

/** Lines of code, without blank lines and comments. */
export const LONGEST_FILE = 250;

/** Lines on which code stands, as the linter counts them. */
function linesOfCode(source: Source): number {
  const lines = new Set<number>();
  const file = parse(source);
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

export function tooLong(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !isSpec(path) && floorOf(path) !== 'testing')
    .map((source) => ({ path: source.path, lines: linesOfCode(source) }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

const INTRUSION = /^console\.|^process\.(exit|abort|kill|reallyExit|exitCode|stdout|stderr)$/;

/** A library neither prints nor ends the process of the application it serves. */
export function intrusions(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      for (const name of membersUsed(node)) if (INTRUSION.test(name)) found.push(`${source.path} uses ${name}`);
    });
    return found;
  });
}

/** `object.member` for what is taken of an object or a module, however it is written. */
function membersUsed(node: ts.Node): string[] {
  if (ts.isPropertyAccessExpression(node)) return [`${lastName(node.expression)}.${node.name.text}`];
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return [`${lastName(node.expression)}.${node.argumentExpression.text}`];
  }
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer !== undefined) {
    const from = lastName(node.initializer);
    return node.name.elements.map(({ name, propertyName }) => `${from}.${(propertyName ?? name).getText()}`);
  }
  if (ts.isImportSpecifier(node)) {
    const { moduleSpecifier } = node.parent.parent.parent as ts.ImportDeclaration;
    const module = (moduleSpecifier as ts.StringLiteral).text.replace(/^node:/, '');
    return [`${module}.${(node.propertyName ?? node.name).text}`];
  }
  return [];
}

/** `process` of `process` and of `globalThis.process`. */
const lastName = (node: ts.Expression): string =>
  ts.isPropertyAccessExpression(node) ? node.name.text : node.getText();

const HEAVY = /^(keys|flushall|flushdb)$/i;
const HEAVY_IN_LUA = /\bp?call\(\s*["'](keys|flushall|flushdb)["']/i;
const SENDS = /^(call|callBuffer|sendCommand|Command)$/;

/** KEYS stops a server for as long as it walks over everything, FLUSH empties what others share. */
export function heavyCommands(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (ts.isStringLiteralLike(node) && HEAVY_IN_LUA.test(node.text)) found.push(`${source.path}: ${node.text}`);
      if (isHeavy(node)) found.push(`${source.path}: ${node.getText()}`);
    });
    return found;
  });
}

function isHeavy(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const first = node.arguments?.[0];
  const [called = node.expression.getText()] = membersUsed(node.expression);
  const name = called.slice(called.lastIndexOf('.') + 1);
  if (SENDS.test(name)) return first !== undefined && ts.isStringLiteralLike(first) && HEAVY.test(first.text);
  // Maps and caches have a `keys()` without arguments, Object has one with: neither talks to a server.
  const harmless =
    name === called || /^(Object|Reflect)\./.test(called) || (/^keys$/i.test(name) && first === undefined);
  return HEAVY.test(name) && !harmless;
}

/** Every public name is written out, so that nothing becomes public by accident. */
export function starExports(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (isDefaultExport(node)) found.push(`${source.path} has a default export`);
      if (ts.isExportDeclaration(node) && node.exportClause === undefined) found.push(`${source.path} exports *`);
    });
    return found;
  });
}

function isDefaultExport(node: ts.Node): boolean {
  const keyword =
    ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  return (
    keyword === true || ts.isExportAssignment(node) || (ts.isExportSpecifier(node) && node.name.text === 'default')
  );
}

/** The public names of entry files, and whether each says what it is. */
export function publicNames(
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

export const undocumented = (names: ReturnType<typeof publicNames>): string[] =>
  [...names].filter(([, { documented }]) => !documented).map(([name]) => name);
