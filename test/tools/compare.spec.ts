import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, type Table, tablesIn, writeTables } from '../../tools/compare/tables.cjs';
import { readPages, ROOT } from '../docs/page.js';

const TODAY = { date: '2031-05-04', versions: ['Node.js v99.0.0', 'Redis 9.9.9'] };
const NEW = 'docs/new.md';

const PAGE = `# Costs

Words of people: | a pipe | in a sentence.

### A heading of their own

<!-- table: Hits -->

| what | time |
| ---- | ---- |
| old  | 1 ms |

Measured on 2030-01-01 with Node.js v20.0.0.

<!-- /table -->

Between them.

<!-- table: Misses -->

| what | time |
| ---- | ---- |
| kept | 7 ms |

Measured on 2030-01-02 with Node.js v20.0.1.

<!-- /table -->

The end.
`;

const table = (title: string, rows: Table['rows']): Table => ({ title, rows, measured: TODAY });
const hits = table('Hits', [{ what: 'new', time: '2 ms' }]);

function write(tables: Table[], pages: Page[] = [{ path: 'docs/costs.md', text: PAGE }]): Record<string, string> {
  const all = [...pages, { path: NEW, text: '# New\n' }];
  return Object.fromEntries(writeTables({ pages: all, tables, appendTo: NEW }).map(({ path, text }) => [path, text]));
}

describe('the writer of measured tables', () => {
  it('replaces what was measured, with date and versions, and nothing else', () => {
    const written = write([hits]);
    expect(Object.keys(written)).toEqual(['docs/costs.md']);
    const [before = '', after = ''] = PAGE.split(/<!-- table: Hits -->[^]*?<!-- \/table -->/);
    const block = [
      '<!-- table: Hits -->\n',
      '| what | time |\n| --- | --- |\n| new | 2 ms |\n',
      'Measured on 2031-05-04 with Node.js v99.0.0, Redis 9.9.9.\n',
      '<!-- /table -->',
    ].join('\n');
    expect(written['docs/costs.md']).toBe(before + block + after);
  });

  it('leaves its date to a table that was not measured', () => {
    const text = write([hits])['docs/costs.md'];
    expect(text).toContain('| kept | 7 ms |\n\nMeasured on 2030-01-02 with Node.js v20.0.1.');
    expect(text).not.toContain('2030-01-01');
  });

  it('replaces all tables of a page at once, whatever their lengths', () => {
    const misses = table('Misses', [{ what: 'missed', time: '3 ms' }]);
    const text = write([hits, misses])['docs/costs.md'] ?? '';
    expect(text.match(/^\| (new|missed|old|kept) .*$/gm)).toEqual(['| new | 2 ms |', '| missed | 3 ms |']);
    expect(text.replace(/<!-- table: [^]*?<!-- \/table -->/g, '')).toBe(
      PAGE.replace(/<!-- table: [^]*?<!-- \/table -->/g, ''),
    );
  });

  it('writes the same again when it measures the same, and then nothing has changed', () => {
    const text = write([hits])['docs/costs.md'] ?? '';
    expect(write([hits], [{ path: 'docs/costs.md', text }])).toEqual({});
  });

  it('writes a table on every page on which it stands', () => {
    const readme = { path: 'README.md', text: '<!-- table: Hits -->\n<!-- /table -->\n' };
    const written = write([hits], [readme, { path: 'docs/costs.md', text: PAGE }]);
    expect(Object.keys(written)).toEqual(['README.md', 'docs/costs.md']);
    for (const text of Object.values(written)) expect(text).toContain('| new | 2 ms |');
  });

  it('appends a table that stands nowhere, with its title as heading, and finds it there the next time', () => {
    const fresh = table('Fresh: 5 callers', [{ what: 'a', calls: 1 }]);
    const text = write([fresh])[NEW] ?? '';
    expect(text).toMatch(/^# New\n\n### Fresh: 5 callers\n\n<!-- table: Fresh: 5 callers -->\n/);
    const again = writeTables({
      pages: [{ path: NEW, text }],
      tables: [{ ...fresh, rows: [{ what: 'b' }] }],
      appendTo: NEW,
    });
    expect(again[0]?.text.match(/### Fresh/g)).toHaveLength(1);
    expect(again[0]?.text).toContain('| b |');
  });

  it('keeps a cell a cell, unites the columns of all rows, and leaves out those in which nothing stands', () => {
    const rows = [
      { what: 'a | b', failed: 'line\n  two', goal: '' },
      { what: 'c', more: 0, goal: '' },
    ];
    const text = write([table('Hits', rows as unknown as Table['rows'])])['docs/costs.md'];
    expect(text).toContain('| what | failed | more |\n| --- | --- | --- |\n| a \\| b | line two |  |\n| c |  | 0 |');
  });

  it('takes markers in a block of code as they are', () => {
    expect(tablesIn('```md\n<!-- table: Example -->\n```\n')).toEqual([]);
  });

  it.each([
    ['a table without an end', '<!-- table: A -->\n', /"A" has no end/],
    ['an end of nothing', 'x\n<!-- /table -->\n', /costs\.md, line 2: .*end of no table/],
    ['a table inside of another', '<!-- table: A -->\n<!-- table: B -->\n', /line 2: "A" has no end before "B"/],
    ['a title that stands twice', '<!-- table: A -->\n<!-- /table -->\n'.repeat(2), /"A" stands here twice/],
    ['a marker with a mistake', '# A\n<!--table: A-->\n', /line 2: .* is not a marker/],
  ])('refuses %s and writes nothing', (_what, text, message) => {
    expect(() => write([hits], [{ path: 'docs/costs.md', text }])).toThrow(message);
  });

  it('refuses two tables of one title, a table of nothing, and a title that would end its marker', () => {
    expect(() => write([hits, hits])).toThrow('Two tables have one title');
    expect(() => write([table('Hits', [])])).toThrow('"Hits" has no rows');
    expect(() => write([table('a --> b', hits.rows)])).toThrow('is no title');
  });
});

describe('the pages with what was measured', () => {
  const measuring = readPages().filter(({ text }) => tablesIn(text).length > 0);

  it('say of each table when and with what it was measured', () => {
    expect(measuring.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['docs/comparison.md', 'docs/performance.md']),
    );
    const silent = measuring.flatMap(({ path, text }) =>
      tablesIn(text).flatMap(({ title, from, to }) => {
        const block = text.split('\n').slice(from, to).join('\n');
        const told = /^Measured on \d{4}-\d\d-\d\d with .*Node\.js v\d+.*×/m.test(block);
        return told || block.includes('Not measured yet: `npm run compare') ? [] : [`${path}: ${title}`];
      }),
    );
    expect(silent).toEqual([]);
  });

  it.each(['docs/performance.md', 'docs/comparison.md'])('have no table that was copied by hand: %s', (path) => {
    const text = measuring.find((page) => page.path === path)?.text ?? '';
    const between = text.replace(/<!-- table: [^]*?<!-- \/table -->/g, '');
    expect(between.length).toBeGreaterThan(500);
    expect(between.match(/^\|.*\|$/gm)).toBeNull();
  });
});

describe('the table of torture', () => {
  interface Measured {
    readonly tables: Table[];
    readonly broken: string[];
    readonly asked: string[][];
  }

  /** What `measureTorture` makes of what runs have found, and how it asked for them. */
  function measured(ours: { stale: number; stayed: number; errors?: number }): Measured {
    const sums = { seeds: [1000, 1004], faults: 9, reads: 12_345, writes: 6, errors: 0, maxAgeMs: 7_012, looked: 70 };
    const versions = ['Redis 9.9.9', 'beneath 1'];
    const found = {
      mobius: { ...sums, ...ours, name: 'Mobius cache', measured: TODAY },
      bentocache: { ...sums, stale: 1234, stayed: 12, name: 'bentocache', measured: { ...TODAY, versions } },
    };
    const program = `
      import { measureTorture } from './tools/compare/torture.mjs';
      const found = ${JSON.stringify(found)};
      const asked = [];
      const run = async (args) => {
        asked.push(args);
        return found[args[args.indexOf('--adapter') + 1]];
      };
      console.log(JSON.stringify({ ...(await measureTorture({ run, seeds: 5, quick: false })), asked }));`;
    const args = ['--input-type=module', '--eval', program];
    return JSON.parse(spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).stdout) as Measured;
  }

  it('asks every cache the same, and judges them alike', () => {
    const [ours, ...others] = measured({ stale: 0, stayed: 0 }).asked.map((args) => args.join(' '));
    expect(ours).toContain('--judgement common');
    expect(others).toEqual([ours?.replace('--adapter mobius', '--adapter bentocache')]);
  });

  it('has a row for each cache, and every version that took part', () => {
    const { tables, broken } = measured({ stale: 0, stayed: 0 });
    expect(broken).toEqual([]);
    const stays = 'old values that stayed';
    expect(tables).toMatchObject([
      {
        title: 'Torture',
        rows: [
          {
            what: 'Mobius cache',
            reads: '12,345',
            'stale reads': '0',
            'the oldest': '–',
            [stays]: '0 of 70 looked for',
          },
          {
            ...{ what: 'bentocache', seeds: '1000 to 1004', 'stale reads': '1,234', share: '10.00 %' },
            ...{ 'the oldest': '7,012 ms', [stays]: '12 of 70 looked for' },
          },
        ],
        measured: { date: TODAY.date, versions: [...TODAY.versions, 'beneath 1'] },
      },
    ]);
  });

  it.each([
    ['an old value stayed', { stale: 3, stayed: 1 }],
    ['a call failed', { stale: 0, stayed: 0, errors: 1 }],
  ])('is written when a guarantee of this cache was broken, too, and the run fails: %s', (_what, found) => {
    const { tables, broken } = measured(found);
    expect(tables[0]?.rows[0]).toMatchObject({ what: 'Mobius cache', 'stale reads': String(found.stale) });
    expect(broken).toEqual(['torture: Mobius cache broke a guarantee; see above']);
  });

  it('is no breach where a read only came before its message', () => {
    expect(measured({ stale: 3, stayed: 0 }).broken).toEqual([]);
  });
});

describe('npm run compare', () => {
  const compare = (...args: string[]) =>
    spawnSync(process.execPath, ['tools/compare.mjs', ...args], { cwd: ROOT, encoding: 'utf8' });

  it('knows every benchmark that there is', () => {
    const { status, stdout } = compare('--help');
    expect(status).toBe(0);
    const parts = /^Parts: (.*)$/m.exec(stdout)?.[1]?.split(', ');
    const others = ['harness', 'list', 'http-server'];
    const files = readdirSync(join(ROOT, 'bench')).flatMap((name) => /^(.*)\.mjs$/.exec(name)?.[1] ?? []);
    expect(parts?.sort()).toEqual([...files.filter((name) => !others.includes(name)), 'torture'].sort());
  });

  it.each([
    [['--only', 'races,nonsense'], 'There is no part nonsense.'],
    [['--seeds', '0'], '--seeds takes a whole number from 1, not 0.'],
    [['--write'], "Unknown option '--write'"],
  ])('refuses %j before it measures anything', (args, message) => {
    const { status, stderr } = compare(...args);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });
});
