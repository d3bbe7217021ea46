import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import {
  heavyCommands,
  intrusions,
  LONGEST_FILE,
  publicNames,
  starExports,
  tooLong,
  undocumented,
} from './architecture/conduct.js';
import {
  cycles,
  exampleProblems,
  floorProblems,
  homeless,
  LIBRARIES,
  loadedWith,
  notInstalled,
  packageProblems,
  roomProblems,
} from './architecture/floors.js';
import {
  ENTRIES,
  hiddenLoads,
  importsOf,
  isOurs,
  isSpec,
  ROOT,
  type Source,
  sourcesOf,
} from './architecture/sources.js';

describe('the architecture', () => {
  const libraries = LIBRARIES.flatMap((library) => sourcesOf(`libs/${library}/src`));
  const application = ['src', 'prisma'].flatMap(sourcesOf);
  const examples = sourcesOf('examples');
  const all = [...libraries, ...application, ...examples];
  const around = ['test', 'bench', 'tools'].flatMap(sourcesOf);
  const code = libraries.filter(({ path }) => !isSpec(path));
  const file = (path: string, text: string): Source => ({ path, text });
  const cacheFile = (path: string, text: string): Source => file(`libs/cache/src/${path}`, text);

  it('covers every library, the application and the examples', () => {
    expect(readdirSync(join(ROOT, 'libs')).sort()).toEqual([...LIBRARIES].sort());
    expect(libraries.length).toBeGreaterThan(80);
    expect(application.length).toBeGreaterThan(20);
    expect(examples.length).toBeGreaterThan(3);
    expect(around.length).toBeGreaterThan(200);
    const resolved = all.flatMap(importsOf).filter(({ to }) => isOurs(to) && !to.startsWith('src/generated/'));
    const known = new Set(all.map(({ path }) => path));
    expect(resolved.filter(({ to }) => !known.has(to))).toEqual([]);
  });

  describe('imports', () => {
    const to = (text: string) => importsOf(cacheFile('core/a.ts', text)).map(({ to }) => to);

    it.each([
      "import { a } from './b.js';",
      "import './b.js';",
      "import a = require('./b.js');",
      "import type a = require('./b.js');",
      "export { a } from './b.js';",
      "export * from './b.js';",
      "export type { A } from './b.js';",
      "const a = await import('./b.js');",
      'const a = await import(`./b.js`);',
      "const a = require('./b.js');",
      "const a = module.require('./b.js');",
      "const a = require.resolve('./b.js');",
      "type A = import('./b.js').A;",
      "type A = typeof import('./b.js');",
      "declare module './b.js' { interface A { b: 1 } }",
    ])('are seen: %s', (text) => {
      expect(to(text)).toEqual(['libs/cache/src/core/b.ts']);
    });

    it('are seen where only the compiler reads them', () => {
      expect(to('/// <reference path="../nest/tokens.ts" />')).toEqual(['libs/cache/src/nest/tokens.ts']);
      expect(to('/// <reference types="express" />')).toEqual(['express']);
      expect(to("// import './b.js';\nconst a = \"import './b.js'\";")).toEqual([]);
    });

    it('of a computed name are judged by what it begins with', () => {
      const [found] = importsOf(file('tools/a.mjs', 'require(`../libs/cache/src/${name}.ts`);'));
      expect(found?.to).toBe('libs/cache/src/');
    });

    it('hide nothing in what is shipped', () => {
      expect(hiddenLoads(all.filter(({ path }) => !isSpec(path)))).toEqual([]);
    });

    it.each([
      'await import(name);',
      'await import(`./${name}.js`);',
      'require(name);',
      "const load = require; load('pg');",
      "import { createRequire } from 'node:module'; const load = createRequire(here); load('pg');",
      "import { createRequire } from 'node:module'; createRequire(here)('pg');",
      "import { createRequire as r } from 'node:module'; const require = r(here);",
      "import module from 'node:module'; module.createRequire(here)('pg');",
      "process.getBuiltinModule('fs');",
    ])('that escape the rules are found: %s', (text) => {
      expect(hiddenLoads([cacheFile('core/a.ts', text)])).not.toEqual([]);
    });

    it('that a program makes for itself are no secret when it calls them by their name', () => {
      const text = "import { createRequire } from 'node:module'; const require = createRequire(here); require('pg');";
      expect(hiddenLoads([cacheFile('core/a.ts', text)])).toEqual([]);
      expect(to(text)).toEqual(['node:module', 'pg']);
    });
  });

  describe('floors', () => {
    it('have every file of a library', () => {
      expect(homeless(libraries)).toEqual([]);
      for (const path of ['unknown/a.ts', 'a.ts', 'core/a.mjs', 'core/a.js', 'core/a.cts']) {
        expect(homeless([cacheFile(path, '')])).toEqual([`libs/cache/src/${path} is on no known floor`]);
      }
    });

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

  describe('rooms', () => {
    it('import what is beneath them: libraries the kernel, everybody else libraries by their public names', () => {
      expect(roomProblems([...all, ...around])).toEqual([]);
    });

    it.each([
      ['libs/kernel/src/a.ts', '@mobius1/cache'],
      ['libs/cache/src/core/a.ts', '@mobius1/database'],
      ['libs/database/src/core/a.ts', '@mobius1/cache'],
      ['libs/cache/src/core/a.ts', '../../../kernel/src/clock.js'],
      ['libs/cache/src/core/a.ts', '../../../../src/config.js'],
      ['libs/cache/src/core/a.ts', '../../../../tools/entries.cjs'],
      ['libs/cache/src/core/a.spec.ts', '../../../../test/support/cache.js'],
      ['src/a.ts', '../libs/cache/src/index.js'],
      ['src/a.ts', '../test/support/cache.js'],
      ['src/a.ts', '../tools/entries.cjs'],
      ['src/a.ts', '../examples/cache/main.js'],
      ['src/users/a.ts', '../../libs/cache/src/core/key.js'],
      ['src/users/a.ts', '@mobius1/cache/src/core/key.js'],
      ['src/users/a.ts', '@mobius1/cache/dist/index.js'],
      ['tools/a.mjs', '../libs/cache/src/index.ts'],
      ['tools/a.mjs', '../src/config.ts'],
      ['bench/a.mjs', '../libs/cache/src/core/key.ts'],
      ['bench/a.mjs', '../test/support/redis-env.ts'],
      ['test/a.spec.ts', '../bench/harness.mjs'],
    ])('%s may not import %s', (path, written) => {
      for (const text of [`import { a } from '${written}';`, `import type { A } from '${written}';`]) {
        expect(roomProblems([file(path, text)])).toHaveLength(1);
      }
    });
  });

  describe('examples', () => {
    it('import public names and files of their own folder, so that it can be copied', () => {
      expect(exampleProblems(examples)).toEqual([]);
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
      ['libs/cache/src/core/a.ts', 'node:net'],
      ['libs/cache/src/features/a.ts', 'fs/promises'],
      ['libs/cache/src/nest/a.ts', 'node:child_process'],
      ['libs/kernel/src/a.ts', 'node:process'],
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
      const transport = /^@nestjs\/(websockets|microservices|graphql|throttler)/;
      const loading = libraries.flatMap(importsOf).filter(({ to, typeOnly }) => transport.test(to) && !typeOnly);
      const lazy = (path: string, name: string) => {
        const { text = '' } = libraries.find((source) => source.path === path) ?? {};
        return text.includes(`await import('${name}')`) && !new RegExp(`from '${name}'|require\\(`).test(text);
      };
      expect(loading.map(({ to }) => to).sort()).toEqual(['@nestjs/microservices', '@nestjs/websockets']);
      expect(loading.filter(({ from, to }) => !lazy(from, to))).toEqual([]);
    });

    it('of the application are installed where it runs', () => {
      const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      const installed = Object.keys(dependencies);
      const shipped = application.filter(({ path }) => !isSpec(path));
      expect(notInstalled(shipped, installed)).toEqual([]);
      expect(notInstalled([file('src/a.ts', "import 'jest';")], installed)).toEqual(['src/a.ts imports jest']);
      expect(notInstalled([file('src/a.ts', "import '@nestjs/testing/a.js';")], installed)).toHaveLength(1);
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
      expect(cycles([...all, ...around])).toEqual([]);
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
      expect(intrusions(code)).toEqual([]);
    });

    it.each([
      'console.log(1);',
      'const f = console.warn;',
      'const { log } = console;',
      "console['log'](1);",
      'globalThis.console.log(1);',
      'process.exit(1);',
      'process.abort();',
      'process.exitCode = 1;',
      'process.stdout.write(text);',
      "process['exit'](1);",
      'const { exit: end } = process;',
      'globalThis.process.exit(1);',
      "import { exit } from 'node:process';",
    ])('%s is found', (text) => {
      expect(intrusions([file('libs/cache/src/core/a.ts', text)])).toHaveLength(1);
      expect(intrusions([file('libs/cache/src/core/a.ts', `// ${text}\nconst a = ${JSON.stringify(text)};`)])).toEqual(
        [],
      );
    });

    it('use no command that blocks or empties a Redis others share', () => {
      expect(heavyCommands(code)).toEqual([]);
    });

    it.each([
      "await client.keys('a*');",
      'await client.keys(prefix + pattern);',
      "await client.call('KEYS', pattern);",
      "await client.callBuffer('keys', pattern);",
      "await client['keys'](pattern);",
      "await this.client.keys('a*');",
      "await client.sendCommand(new Command('flushall'));",
      'await client.flushdb();',
      'const lua = "return redis.call(\'KEYS\', ARGV[1])";',
      "const lua = `redis.pcall('flushall')`;",
    ])('%s is found', (text) => {
      expect(heavyCommands([file('libs/cache/src/drivers/a.ts', text)])).toHaveLength(1);
    });

    it.each([
      'Object.keys(options);',
      'slots.keys();',
      'keys(options);',
      "client.call('GET', 'keys');",
      'const lua = \'redis.call("GET", KEYS[1])\';',
    ])('%s is not', (text) => {
      expect(heavyCommands([file('libs/cache/src/drivers/a.ts', text)])).toEqual([]);
    });
  });

  describe('public names', () => {
    const names = publicNames(Object.values(ENTRIES));

    it('are written out one by one', () => {
      expect(starExports(all)).toEqual([]);
      expect(starExports([file('src/a.ts', "export * from './b.js';")])).toHaveLength(1);
      expect(starExports([file('src/a.ts', "export * as b from './b.js';")])).toEqual([]);
      for (const text of ['1', 'class A {}', 'function a() {}']) {
        expect(starExports([file('src/a.ts', `export default ${text};`)])).toHaveLength(1);
      }
      expect(starExports([file('src/a.ts', "export { a as default } from './b.js';")])).toHaveLength(1);
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
