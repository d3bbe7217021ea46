import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './page.js';

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, textOf(path), ts.ScriptTarget.ES2022, /* setParentNodes */ true);

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false);

/** Names that a module exports, whether it declares them or passes them on. */
export function exportsOf(path: string): string[] {
  return parse(path).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      return statement.exportClause.elements.map(({ name }) => name.text);
    }
    if (!isExported(statement)) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => name.getText());
    }
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.getText()];
  });
}

/** Names of what an interface or class declares itself and lets others see. */
export function membersOf(path: string, type: string): string[] {
  const declaration = parse(path).statements.find(
    (statement): statement is ts.InterfaceDeclaration | ts.ClassDeclaration =>
      (ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === type,
  );
  return [...(declaration?.members ?? [])].flatMap(({ name }) =>
    name !== undefined && ts.isIdentifier(name) ? [name.text] : [],
  );
}

/** Properties of a type that is an alias of an object type. */
export function propertiesOf(path: string, alias: string): string[] {
  const declaration = parse(path).statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === alias,
  );
  if (declaration === undefined || !ts.isTypeLiteralNode(declaration.type)) return [];
  return declaration.type.members.map(({ name }) => name?.getText() ?? '');
}

/** Everything of ours that may cite a guarantee. */
export function sources(): string[] {
  return ['libs', 'src', 'test', 'bench', 'tools'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path))
      .filter((path) => /\.(ts|mjs|cjs)$/.test(path) && !path.includes('node_modules') && !path.includes('generated')),
  );
}

/** Texts in the code of a file, as they are written: names of tests are among them, comments are not. */
export function literalsOf(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    else if (ts.isTemplateExpression(node)) found.push(node.getText().slice(1, -1));
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return found;
}
