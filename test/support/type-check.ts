import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');

/** Something the compiler does not like. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The settings of this repository, made stricter than `strict` where users may be. */
function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  return { ...options, noEmit: true, types: ['node'], exactOptionalPropertyTypes: true };
}

/**
 * Checks files as one program, and tells what is wrong in them, not in what they import.
 *
 * @param imagined files that are on no disk, by their absolute path
 */
export function typeCheck(files: readonly string[], imagined: ReadonlyMap<string, string> = new Map()): Problem[] {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => imagined.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = imagined.get(path);
    return text === undefined
      ? getSourceFile(path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion);
  };
  const roots = [...files, ...imagined.keys()];
  const program = ts.createProgram({ rootNames: roots, options, host });
  return roots.flatMap((file) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => ({
      file,
      line: source?.text.slice(0, start).split('\n').length ?? 0,
      message: ts.flattenDiagnosticMessageText(messageText, ' '),
    }));
  });
}
