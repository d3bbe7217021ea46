import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');
const PROGRAMS = join(__dirname, 'programs');

/** The settings of this repository, made stricter than `strict` where users may be. */
function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  return { ...options, noEmit: true, types: ['node'], exactOptionalPropertyTypes: true };
}

/** Checks programs; `text` stands for a file that is on no disk. Tells what is wrong inside the programs themselves. */
function check(files: readonly string[], text?: string): string[] {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const imagined = join(PROGRAMS, 'imagined.ts');
  if (text !== undefined) {
    const { fileExists, getSourceFile } = host;
    host.fileExists = (path) => path === imagined || fileExists(path);
    host.getSourceFile = (path, ...rest) =>
      path === imagined ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  }
  const roots = text === undefined ? files : [...files, imagined];
  const program = ts.createProgram({ rootNames: roots, options, host });
  return roots.flatMap((path) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => {
      const line = source?.text.slice(0, start).split('\n').length ?? 0;
      return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

const MISTAKES = `
import { cacheManager, CacheKeys, initializeRedis } from '@mobius1/cache/standalone';
async function main() {
  await cacheManager.set('k', 1, { ttl: 'soon' });
  await cacheManager.set('k', 1, { tll: 60 });
  await cacheManager.set('k');
  initializeRedis({ prot: 6379 });
  CacheKeys.document({ id: 1 });
  const user = await cacheManager.getOrSet('u', async () => ({ name: 'Ada' }), { ttl: (u) => u.name.length });
  user.age;
  const unknown = await cacheManager.get('k');
  unknown.name;
  await cacheManager.getOrSet('u', async () => 1, { unless: (n) => n.length > 0 });
  await cacheManager.increment('n', { ttl: true });
  await cacheManager.warmUp([{ key: 'k' }]);
}
void main();
`;

/** Exactly these say what they are: no annotation stands behind them. */
const INFERRED = `
import { cacheManager, CacheKeys, DefaultTTL, getRedisClient } from '@mobius1/cache/standalone';
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(proof?: T) => proof;
async function main() {
  const user = await cacheManager.getOrSet('u', async () => ({ name: 'Ada', at: new Date() }));
  same<Same<typeof user, { name: string; at: Date }>>();
  const now = await cacheManager.getOrSet('n', () => 1, { ttl: (n) => n, tags: (n) => [n.toFixed()], unless: (n) => n > 1 });
  same<Same<typeof now, number>>();
  const maybe = await cacheManager.getOrSet('m', async () => (Math.random() > 2 ? { id: 1 } : null), { ttl: DefaultTTL.day });
  same<Same<typeof maybe, { id: number } | null>>();
  const got = await cacheManager.get<{ name: string }>('u');
  same<Same<typeof got, { name: string } | undefined>>();
  const anything = await cacheManager.get('u');
  same<Same<typeof anything, unknown>>();
  const many = await cacheManager.getMany<number>(['a', 'b']);
  same<Same<typeof many, (number | undefined)[]>>();
  const count = await cacheManager.increment('c', { ttl: '1m', by: -2 });
  same<Same<typeof count, number>>();
  const { hitRate, memory } = await cacheManager.getStats();
  same<Same<typeof hitRate, number>>();
  same<Same<typeof memory, number>>();
  const key = CacheKeys.document(7n);
  same<Same<typeof key, string>>();
  const reply = await getRedisClient().getClient().get('k');
  same<Same<typeof reply, string | null>>();
}
void main();
`;

describe('the types of the standalone cache', () => {
  const programs = readdirSync(PROGRAMS).map((name) => join(PROGRAMS, name));

  it('let every program compile in strict mode', () => {
    expect(programs.length).toBeGreaterThan(5);
    expect(check(programs)).toEqual([]);
  });

  it('are inferred', () => {
    expect(check([], INFERRED)).toEqual([]);
  });

  it('refuse mistakes where they are made', () => {
    const lines = check([], MISTAKES).map((problem) => Number(/^line (\d+)/.exec(problem)?.[1]));
    expect(lines).toEqual([4, 5, 6, 7, 8, 10, 12, 13, 14, 15]);
  });
});
