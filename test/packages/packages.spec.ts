import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, entries } from '../../tools/entries.cjs';
import { Packed, ROOT } from './packed.js';
import { licencesBehind, licenceOf, tableRows } from './supply-chain.js';

const LIBRARIES = [...new Set(entries.map(({ library }) => library))];
const NEST = /^@nestjs\/|^reflect-metadata$|^rxjs$/;
const FIXTURES = join(__dirname, 'fixtures');

jest.setTimeout(120_000);

/** Loaded by `import()` where an application has them: whoever limits gateways or message handlers does. No entry needs them. */
const WHERE_IN_USE = new Set(['@nestjs/websockets', '@nestjs/microservices']);

describe('what is published', () => {
  const packed = new Packed();
  beforeAll(() => packed.build());
  afterAll(() => packed.remove());

  const peersOf = (library: string): string[] => Object.keys(packed.manifest(library).peerDependencies ?? {});
  const isOptional = (library: string, peer: string): boolean =>
    packed.manifest(library).peerDependenciesMeta?.[peer]?.optional ?? false;
  const optionalOf = (library: string): string[] => peersOf(library).filter((peer) => isOptional(library, peer));

  const loadedBy = ({ library, module }: Entry): Set<string> => packed.named(library, 'esm', `${module}.js`);
  const typesOf = ({ library, module }: Entry): Set<string> => packed.named(library, 'esm', `${module}.d.ts`);
  const namedBy = (entry: Entry): Set<string> => new Set([...loadedBy(entry), ...typesOf(entry)]);

  /** What has to be there for an entry: no optional peer of another one, and nothing of Nest unless it loads it. */
  const neededBy = (entry: Entry): string[] => {
    const loaded = loadedBy(entry);
    const { dependencies } = packed.manifest(entry.library);
    const own = homesOf(entry.library);
    const peers = peersOf(entry.library).filter((peer) => {
      if (isOptional(entry.library, peer)) return own.get(peer)?.includes(entry.name);
      return !NEST.test(peer) || loaded.has(peer);
    });
    return [...Object.keys(dependencies).filter((name) => !name.startsWith('@mobius1/')), ...peers];
  };

  /** The entries that name an optional peer, in code or in declarations; but those that are loaded where they are in use. */
  const homesOf = (library: string): Map<string, string[]> => {
    const own = entries.filter((entry) => entry.library === library);
    return new Map(
      optionalOf(library)
        .filter((peer) => !WHERE_IN_USE.has(peer))
        .map((peer) => [peer, own.filter((entry) => namedBy(entry).has(peer)).map(({ name }) => name)]),
    );
  };

  const node = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: packed.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  describe.each(LIBRARIES)('%s', (library) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

    it('has the version of the repository, and runs nothing when it is installed', () => {
      const manifest = packed.manifest(library);
      expect(manifest).toMatchObject({ name: `@mobius1/${library}`, version, license: 'MIT', sideEffects: false });
      expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['scripts']));
      expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['private']));
      expect(Object.values(manifest.dependencies)).not.toContain('*');
    });

    it('depends on what it names, and on nothing else', () => {
      const manifest = packed.manifest(library);
      const named = new Set(
        entries.filter((entry) => entry.library === library).flatMap((entry) => [...namedBy(entry)]),
      );
      const declared = [...Object.keys(manifest.dependencies), ...peersOf(library)].filter(
        (name) => !name.startsWith('@mobius1/'),
      );
      // Declarations of a package that has none of its own are named by nobody.
      const typed = [...named].map((name) => `@types/${name}`).filter((name) => declared.includes(name));
      expect(declared.sort()).toEqual([...named, ...typed].sort());
    });

    it('has a licence, and pages whose links lead somewhere', () => {
      const folder = join(packed.folder, library);
      expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toMatch(/^MIT License/);
      const pages = ['README.md', ...(existsSync(join(folder, 'docs')) ? readdirSync(join(folder, 'docs')) : [])];
      const links = pages.flatMap((page) => {
        const path = page === 'README.md' ? page : `docs/${page}`;
        const text = readFileSync(join(folder, path), 'utf8').replace(/^```[^]*?^```|`[^`\n]+`/gm, '');
        return [...text.matchAll(/\]\(([^()#\s]+)/g)].map(([, to = '']) => ({ path, to }));
      });
      const inside = links.filter(({ to }) => !/^https?:/.test(to));
      expect(inside.filter(({ path, to }) => !existsSync(join(folder, path, '..', to)))).toEqual([]);
    });

    it('names each optional peer in one entry only, and never in the one of the package', () => {
      for (const homes of homesOf(library).values()) {
        expect(homes).toHaveLength(1);
        expect(homes).not.toContain(`@mobius1/${library}`);
      }
    });
  });

  describe.each(entries.map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
    it('has declarations that need no package which it does not load', () => {
      packed.install(neededBy(entry));
      expect(packed.problemsOf(entry)).toEqual([]);
    });

    it('is imported and required with nothing else installed', () => {
      packed.install(neededBy(entry));
      const [imported, required] = [
        node('--input-type=module', '-e', `console.log(Object.keys(await import('${name}')).join())`),
        node('-e', `console.log(Object.keys(require('${name}')).join())`),
      ];
      expect(imported.length).toBeGreaterThan(5);
      expect(required).toBe(imported);
      // Where Node is told not to require ES modules, it is the other build.
      if (![...loadedBy(entry)].some((peer) => NEST.test(peer))) {
        const cjs = node('--no-experimental-require-module', '-p', `Object.keys(require('${name}')).sort().join()`);
        expect(cjs).toBe(`${imported.trim().split(',').sort().join()}\n`);
      }
    });
  });

  it('would not do without what it needs', () => {
    const [main] = entries.filter(({ name }) => name === '@mobius1/cache') as [Entry];
    packed.install(neededBy(main).filter((name) => name !== 'ioredis'));
    expect(packed.problemsOf(main).join('\n')).toContain("Cannot find module 'ioredis'");
    expect(() => node('-e', "require('@mobius1/cache')")).toThrow(/ioredis/);
  });

  it('is one copy in a process, whoever loads it and however', () => {
    packed.install([
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/config',
      '@nestjs/terminus',
      'reflect-metadata',
      'ioredis',
      ...['lru-cache', 'ipaddr.js', 'luxon', 'structured-headers'],
    ]);
    for (const file of ['legacy.cjs', 'both-ways.mjs']) copyFileSync(join(FIXTURES, file), join(packed.folder, file));
    expect(JSON.parse(node('both-ways.mjs'))).toEqual({
      different: [],
      loads: 1,
      values: [true, true],
      sameRedis: true,
    });
  });

  describe('the page about it', () => {
    const rows = tableRows('docs/packages.md', 'package');

    it('lists every dependency and peer with its range and licence', () => {
      const expected = LIBRARIES.flatMap((library) => {
        const { name: by, dependencies, peerDependencies = {} } = packed.manifest(library);
        const direct = Object.entries(dependencies).filter(([name]) => !name.startsWith('@mobius1/'));
        return [
          ...direct.map(([name, range]) => [name, by, 'dependency', range]),
          ...Object.entries(peerDependencies).map(([name, range]) => {
            return [name, by, isOptional(library, name) ? 'optional peer' : 'peer', range];
          }),
        ].map(([name = '', ...rest]) => [name, ...rest, licenceOf(name)].join(' · '));
      });
      const listed = rows.map(([name, by, kind, range, licence]) => [name, by, kind, range, licence].join(' · '));
      expect(listed.sort()).toEqual(expected.sort());
      expect(rows.filter(([, , , , , why = '']) => !/^[^.]{10,}\.$/.test(why))).toEqual([]);
    });

    it('allows the licences of all that is installed with them', () => {
      const names = LIBRARIES.flatMap((library) => [
        ...Object.keys(packed.manifest(library).dependencies),
        ...peersOf(library),
      ]);
      const found = licencesBehind(names);
      expect(found.size).toBeGreaterThan(30);
      const allowed = tableRows('docs/packages.md', 'licence').map(([licence]) => licence);
      expect([...new Set(found.values())].sort()).toEqual([...allowed].sort());
    });
  });
});
