import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { type Entry } from '../../tools/entries.cjs';

export const ROOT = join(__dirname, '../..');
export type Format = 'esm' | 'cjs';

/** The package.json of what is published. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly exports: Record<string, unknown>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** The packages as they are published, in a folder outside of the repository, where nothing else is installed. */
export class Packed {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'mobius-packages-')));
  readonly #modules = join(this.folder, 'node_modules');
  readonly #sources = new Map<string, ts.SourceFile | undefined>();

  build(): void {
    const tool = join(ROOT, 'tools/pack.mjs');
    execFileSync(process.execPath, [tool, '--only-build', '--out', this.folder], { stdio: 'pipe' });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  manifest(library: string): Manifest {
    return JSON.parse(readFileSync(join(this.folder, library, 'package.json'), 'utf8')) as Manifest;
  }

  /** From now on these packages are installed beside ours, and no others. */
  install(names: Iterable<string>): void {
    for (const name of readdirSync(this.#modules)) {
      if (name !== '@mobius1') rmSync(join(this.#modules, name), { recursive: true });
    }
    for (const name of new Set(names)) {
      const link = join(this.#modules, name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), link);
    }
  }

  /** Packages of others that a file names, in all files of its package that it reaches. */
  named(library: string, format: Format, file: string): Set<string> {
    const found = new Set<string>();
    const seen = new Set<string>();
    const declarations = file.endsWith('.d.ts');
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const { fileName: to } of ts.preProcessFile(readFileSync(path, 'utf8')).importedFiles) {
        const next = declarations ? to.replace(/\.js$/, '.d.ts') : to;
        if (to.startsWith('.')) visit(join(dirname(path), next));
        else if (!isBuiltin(to) && !to.startsWith('@mobius1/')) found.add(packageOf(to));
      }
    };
    visit(join(this.folder, library, format, file));
    return found;
  }

  /** What the compiler says about our declarations when somebody imports an entry with what is installed. */
  problemsOf({ name }: Entry): string[] {
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts'],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    const importers = ['mts', 'cts'].map((extension) => join(this.folder, `importer.${extension}`));
    const host = ts.createCompilerHost(options);
    const { fileExists, getSourceFile } = host;
    host.fileExists = (path) => importers.includes(path) || fileExists(path);
    host.getSourceFile = (path, settings, ...rest) => {
      if (importers.includes(path)) return ts.createSourceFile(path, `export * from '${name}';`, settings);
      // Only what does not change from one set of installed packages to the next: declarations of others.
      if (path.startsWith(this.folder)) return getSourceFile(path, settings, ...rest);
      if (!this.#sources.has(path)) this.#sources.set(path, getSourceFile(path, settings, ...rest));
      return this.#sources.get(path);
    };
    const program = ts.createProgram({ rootNames: importers, options, host });
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(this.folder));
    return ours
      .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
      .map(({ file, messageText }) => {
        const where = file?.fileName.slice(this.folder.length + 1) ?? '';
        return `${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
  }
}

/** `@prisma/client` for `@prisma/client/runtime/client`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
