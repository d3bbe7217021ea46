import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { entries } from '../../tools/entries.cjs';

export const ROOT = join(__dirname, '../..');

/** The files that packages export, by their public names. */
export const ENTRIES: Record<string, string> = Object.fromEntries(entries.map(({ name, source }) => [name, source]));

export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  /** Path of a file of ours, or the name of a package. Of a computed name only what stands before the first variable. */
  readonly to: string;
  /** As it is written. */
  readonly written: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

/** Code in any kind of module; what is generated is not ours. */
export function sourcesOf(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length + 1).replaceAll('\\', '/'), entry.name))
    .filter((path) => !path.startsWith('src/generated/') && !path.includes('/node_modules/'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

export const isSpec = (path: string): boolean => path.endsWith('.spec.ts');
/** The folder at the root in which a file stands; empty for a file at the root itself, and for a package. */
export const roomOf = (path: string): string =>
  /^(libs|src|prisma|examples|test|bench|tools|dist)\//.exec(path)?.[1] ?? '';
export const libraryOf = (path: string): string | undefined => /^libs\/([^/]+)\/src\//.exec(path)?.[1];
export const floorOf = (path: string): string => /^libs\/[^/]+\/src\/([^/]+)\//.exec(path)?.[1] ?? 'face';
export const isOurs = (path: string): boolean => roomOf(path) !== '';

const parsed = new WeakMap<Source, ts.SourceFile>();

export function parse(source: Source): ts.SourceFile {
  const { path, text } = source;
  const file = parsed.get(source) ?? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, /* setParentNodes */ true);
  parsed.set(source, file);
  return file;
}

export function walk(source: Source, visit: (node: ts.Node) => void): void {
  const each = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, each);
  };
  each(parse(source));
}

/**
 * Everything a file names as a module: imports, re-exports, `import()`, `require()`, `import x = require()`, types of `import('…')`,
 * `declare module '…'` and `/// <reference>`.
 */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (written: string, typeOnly: boolean): void => {
    found.push({ from: source.path, to: targetOf(written, source.path), written, typeOnly });
  };
  const { referencedFiles, typeReferenceDirectives } = parse(source);
  for (const { fileName } of referencedFiles) add(fileName.startsWith('.') ? fileName : `./${fileName}`, true);
  for (const { fileName } of typeReferenceDirectives) add(fileName, true);
  walk(source, (node) => {
    const [named, typeOnly] = moduleNamedBy(node);
    const written = named && literalOf(named);
    if (written !== undefined) add(written, typeOnly);
  });
  return found;
}

/** What stands for a module in a node, and whether the compiler erases it. */
function moduleNamedBy(node: ts.Node): [named: ts.Node | undefined, typeOnly: boolean] {
  if (ts.isImportDeclaration(node)) return [node.moduleSpecifier, erased(node)];
  if (ts.isExportDeclaration(node)) return [node.moduleSpecifier, node.isTypeOnly];
  if (ts.isImportTypeNode(node)) return [ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true];
  if (ts.isModuleDeclaration(node)) return [node.name, true];
  if (ts.isExternalModuleReference(node)) return [node.expression, isTypeImport(node.parent)];
  return [isLoad(node) ? node.arguments[0] : undefined, false];
}

const isTypeImport = (node: ts.Node): boolean => ts.isImportEqualsDeclaration(node) && node.isTypeOnly;

function erased({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** `import(…)`, `require(…)`, `require.resolve(…)`, `module.require(…)`. */
function isLoad(node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false;
  const { expression } = node;
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword || /^(module\.)?require(\.resolve)?$/.test(expression.getText())
  );
}

/** A name as it is written, or what it begins with: `../bench/` of `../bench/${name}.mjs`. */
function literalOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) && node.head.text !== '' ? node.head.text : undefined;
}

function targetOf(written: string, from: string): string {
  if (!written.startsWith('.')) return ENTRIES[written] ?? written;
  const path = posix.join(posix.dirname(from), written);
  return from.endsWith('.ts') ? path.replace(/\.js$/, '.ts') : path;
}

/** Loads whose target cannot be read from the code, and so escapes every rule about imports. */
export function hiddenLoads(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(source, (node) => {
      if (isHiddenLoad(node)) found.push(`${source.path}: ${node.parent.getText()}`);
    });
    return found;
  });
}

function isHiddenLoad(node: ts.Node): boolean {
  if (isLoad(node)) return node.arguments[0] === undefined || !ts.isStringLiteralLike(node.arguments[0]);
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (node.text === 'getBuiltinModule') return true;
  // `const require = createRequire(…)` is loud, because calls of `require` are read.
  if (node.text === 'createRequire') return !isPlainImport(parent) && !isNamedRequire(parent.parent);
  if (node.text !== 'require') return false;
  const declared = ts.isVariableDeclaration(parent) && parent.name === node;
  const called = ts.isCallExpression(parent) && parent.expression === node;
  return !declared && !called && !isLoad(parent.parent);
}

const isPlainImport = (node: ts.Node): boolean => ts.isImportSpecifier(node) && node.propertyName === undefined;
const isNamedRequire = (node: ts.Node): boolean =>
  ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === 'require';
