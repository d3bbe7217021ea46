import { isBuiltin } from 'node:module';
import { ENTRIES, floorOf, type Import, importsOf, isOurs, isSpec, libraryOf, roomOf, type Source } from './sources.js';

/** What a floor of a library may import: floors of the same library, and packages. */
interface Floor {
  readonly floors: readonly string[];
  readonly packages?: readonly (string | RegExp)[];
  /** Packages of which only the types may be named. */
  readonly types?: readonly (string | RegExp)[];
}

const NEST = /^@nestjs\/|^reflect-metadata$|^rxjs(\/|$)/;

/** `face`: the files that packages export, beside the folders. */
const FLOORS: Record<string, Record<string, Floor>> = {
  kernel: { face: { floors: ['face'] } },
  cache: {
    core: { floors: ['core'], packages: ['lru-cache'] },
    drivers: { floors: ['core', 'drivers'], packages: ['ioredis', 'lru-cache'] },
    features: { floors: ['core', 'features'], packages: ['lru-cache', 'luxon'] },
    instance: { floors: ['core', 'drivers', 'features', 'instance'], types: ['ioredis'] },
    plugs: { floors: ['core', 'features', 'plugs'], packages: [/^@langchain\/core\//] },
    telemetry: { floors: ['instance', 'telemetry'], packages: ['prom-client', '@opentelemetry/api'] },
    nest: {
      floors: ['core', 'drivers', 'features', 'instance', 'nest'],
      packages: [NEST, 'ipaddr.js', 'structured-headers'],
    },
    testing: { floors: ['core', 'drivers', 'features', 'instance', 'nest', 'testing'] },
    face: { floors: ['core', 'drivers', 'features', 'instance', 'nest'] },
  },
  database: {
    core: { floors: ['core'] },
    drivers: { floors: ['core', 'drivers'], packages: ['pg', /^@prisma\//] },
    features: { floors: ['core', 'features'], types: [/^@prisma\/client\//] },
    instance: { floors: ['core', 'drivers', 'features', 'instance'], packages: ['@prisma/client'] },
    nest: { floors: ['core', 'drivers', 'features', 'nest'], packages: [NEST] },
    face: { floors: ['core', 'drivers', 'features', 'instance', 'nest'] },
  },
};
export const LIBRARIES = Object.keys(FLOORS);
/** Libraries that a library may import, by their public names. */
const BENEATH: Record<string, readonly string[]> = { kernel: [], cache: ['kernel'], database: ['kernel'] };

/** Files that each folder may import by their path. Of libraries all but their tests know the public names alone. */
const ROOMS: Record<string, readonly string[]> = {
  libs: ['libs'],
  src: ['src', 'prisma'],
  prisma: ['prisma', 'src'],
  examples: ['examples'],
  bench: ['bench', 'dist'],
  tools: ['tools', 'bench', 'test'],
  // Settings at the root, too: tests run with the same as Jest.
  test: ['test', 'tools', 'src', 'libs', ''],
};

/** Of files that no floor and no room allows, those that have a reason. */
const EXCEPTIONS = [
  // It tries the gate and the embedder by themselves, which no entry exports.
  'tools/semantic-evaluate.mjs imports libs/cache/src/features/model/semantic/',
];

/** Modules of Node that reach out of the process. Policy does not: only drivers talk to somebody. */
const OUTSIDE =
  /^(child_process|cluster|console|dgram|dns|fs|http|http2|https|net|process|readline|tls|worker_threads)(\/|$)/;

const among = (name: string, allowed: readonly (string | RegExp)[] = []): boolean =>
  allowed.some((one) => (typeof one === 'string' ? one === name : one.test(name)));
const told = (problems: readonly string[]): string[] => problems.filter((problem) => !EXCEPTIONS.includes(problem));

// The rules. Each takes sources and tells what is wrong with them.

/** Every file of a library stands on a floor; what stands beside the folders is an entry. */
export function homeless(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path }) => {
    const library = libraryOf(path);
    if (library === undefined) return [];
    const known = FLOORS[library]?.[floorOf(path)] !== undefined;
    const entry = library === 'kernel' || floorOf(path) !== 'face' || Object.values(ENTRIES).includes(path);
    return known && entry && path.endsWith('.ts') ? [] : [`${path} is on no known floor`];
  });
}

/** An import goes only to an earlier floor of the same library. Specs may also use what is exported for testing. */
export function floorProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to }) => {
    const library = libraryOf(from);
    if (library === undefined || libraryOf(to) !== library) return [];
    const floors = FLOORS[library]?.[floorOf(from)]?.floors ?? [];
    const allowed = isSpec(from) ? [...floors, 'testing'] : floors;
    return allowed.includes(floorOf(to)) ? [] : [`${from} imports ${to}`];
  });
}

/** Libraries import the kernel and nothing else of ours, by its public name; nobody reaches into another's folders. */
export function roomProblems(sources: readonly Source[]): string[] {
  return told(sources.flatMap(importsOf).flatMap((one) => (isAtHome(one) ? [] : [`${one.from} imports ${one.to}`])));
}

function isAtHome({ from, to, written }: Import): boolean {
  const [mine, other] = [libraryOf(from), libraryOf(to)];
  if (written.startsWith('.')) {
    const sameLibrary = mine === undefined || mine === other;
    return sameLibrary && (ROOMS[roomOf(from)]?.includes(roomOf(to)) ?? false);
  }
  if (other === undefined) return !/^(@mobius1\/|[/#]|file:)/.test(written);
  return mine === undefined || mine === other || (BENEATH[mine]?.includes(other) ?? false);
}

/** Each floor imports only the packages it exists for, and the modules of Node. Specs may import what they like. */
export function packageProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, typeOnly }) => {
    const library = libraryOf(from);
    if (library === undefined || isSpec(from) || isOurs(to)) return [];
    const floor = FLOORS[library]?.[floorOf(from)];
    const node = isBuiltin(to) && (floorOf(from) === 'drivers' || !OUTSIDE.test(to.replace(/^node:/, '')));
    const allowed = node || among(to, floor?.packages) || (typeOnly && among(to, floor?.types));
    return allowed ? [] : [`${from} imports ${to}`];
  });
}

/** An example imports packages by their public names and files of its own folder, so that the folder can be copied. */
export function exampleProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, written }) => {
    const own = to.startsWith(`${from.split('/', 2).join('/')}/`);
    return !written.startsWith('.') || own ? [] : [`${from} imports ${written}`];
  });
}

/** What runs in production is installed there: packages that are loaded and not among `installed`. */
export function notInstalled(sources: readonly Source[], installed: readonly string[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ from, to, written, typeOnly }) => {
    if (typeOnly || written.startsWith('.') || isOurs(to) || isBuiltin(to)) return [];
    const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/');
    return installed.includes(name) ? [] : [`${from} imports ${to}`];
  });
}

/** Packages that are loaded with a file, directly or through other files of ours. */
export function loadedWith(entry: string, sources: readonly Source[]): Set<string> {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source).filter((one) => !one.typeOnly)]));
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { to } of imports.get(path) ?? []) visit(to);
  };
  visit(entry);
  return new Set([...seen].filter((path) => !isOurs(path)));
}

/** Import cycles, types included; each as the way around it. */
export function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source).map(({ to }) => to)]));
  const done = new Set<string>();
  const way: string[] = [];
  const found: string[] = [];
  const visit = (path: string): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path) || way.includes(path)) return;
    way.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}
