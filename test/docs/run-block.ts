import { spawn } from 'node:child_process';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './page.js';

// Only for a program that would never end by itself: a busy machine compiles its TypeScript in a few seconds.
const LONGEST_MS = 25_000;

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
export function runBlock(code: string): Promise<Output> {
  const child = spawn(process.execPath, ['-r', join(ROOT, 'test/support/ts-hook.cjs'), '-'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NODE_ENV: 'test' },
  });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.once('error', reject);
    child.once('close', (exit) => {
      clearTimeout(timer);
      resolve({ lines: stdout.split('\n').slice(0, -1), stderr, code: exit });
    });
    child.stdin.end(asScript(code));
  });
}
