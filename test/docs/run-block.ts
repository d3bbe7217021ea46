import ts from 'typescript';
import { HOOK, runNode } from '../support/run-node.js';

/** What the comments of a program promise: one line of output each, in their order. */
export const promised = (code: string): string[] => [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text = '']) => text);

/** A program may wait at its top level; the CommonJS that tests run as may not. So all behind the imports is a function. */
function asScript(code: string): string {
  const { statements } = ts.createSourceFile('block.ts', code, ts.ScriptTarget.ES2022);
  const end = statements.findLast(ts.isImportDeclaration)?.end ?? 0;
  const text = `${code.slice(0, end)}\nvoid (async () => {${code.slice(end)}\n})();`;
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

export interface Output {
  readonly lines: readonly string[];
  readonly stderr: string;
  /** `null` when it had to be killed. */
  readonly code: number | null;
}

/** Runs a program in a process of its own, without any setting from the environment: its cache is in memory. */
export async function runBlock(program: string): Promise<Output> {
  const { stdout, stderr, code } = await runNode(['-r', HOOK, '-'], {
    env: { NODE_ENV: 'test' },
    input: asScript(program),
  });
  return { lines: stdout.split('\n').slice(0, -1), stderr, code };
}
