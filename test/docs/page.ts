import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A block of TypeScript in a page. */
export interface Block {
  /** Page, line of its fence, and the heading above it. */
  readonly place: string;
  /** True after ```` ```ts run ````: it is a program, and its output is what its comments `// → …` say. */
  readonly runs: boolean;
  readonly code: string;
}

export interface Link {
  readonly place: string;
  readonly target: string;
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  /** What `#…` may follow its path. */
  readonly anchors: readonly string[];
  /** Rows that no reader sees as a table, because the first line of theirs has no line of dashes beneath it. */
  readonly headless: readonly string[];
}

/** The anchor GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/ /g, '-');

/** The middle one of three lines begins a table that is none. */
const isHeadless = ([before = '', line = '', after = '']: readonly string[]): boolean =>
  line.startsWith('|') && !before.startsWith('|') && !/^\|[-:| ]+\|$/.test(after);

const LINK = /\]\(([^()\s]+)\)/g;

export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const blocks: Block[] = [];
  const links: Link[] = [];
  const anchors: string[] = [];
  const headless: string[] = [];
  let heading = '';
  let open: { info: string; from: number } | undefined;
  const lines = text.split('\n');
  lines.forEach((line, i) => {
    const place = `${path}:${i + 1} (${heading})`;
    const fence = /^```(.*)$/.exec(line)?.[1];
    if (fence !== undefined && open === undefined) {
      open = { info: fence, from: i + 1 };
    } else if (fence !== undefined && open !== undefined) {
      const { info, from } = open;
      const code = lines.slice(from, i).join('\n');
      if (/^ts\b/.test(info)) blocks.push({ place: `${path}:${from} (${heading})`, runs: info === 'ts run', code });
      open = undefined;
    } else if (open === undefined) {
      if (isHeadless([lines[i - 1] ?? '', line, lines[i + 1] ?? ''])) headless.push(place);
      const title = /^#+ (.*)$/.exec(line)?.[1];
      if (title !== undefined) {
        heading = title;
        anchors.push(anchorOf(title));
      }
      for (const [, target = ''] of line.replace(/`[^`]*`/g, '').matchAll(LINK)) links.push({ place, target });
    }
  });
  return { path, text, blocks, links, anchors, headless };
}

/** All pages, in the order in which they are read. */
export function readPages(): Page[] {
  const docs = readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`);
  const packages = readdirSync(join(ROOT, 'libs')).map((library) => `libs/${library}/README.md`);
  const examples = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
    .map((name) => `examples/${name}`)
    .sort();
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.sort(), ...examples, ...packages]
    .filter((path) => path.endsWith('.md'))
    .map(readPage);
}
