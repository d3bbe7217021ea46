// The table of the README: made of the measured tables of the documentation, so that it says what they say.
const { tablesIn } = require('./tables.cjs');

const TITLE = 'How it compares';
const CACHES = 5;
const STALE = 'Stale values after an invalidation during a load';
const TORTURE = 'Torture';
const FROZEN = 'Redis frozen for 5 s: 20 callers of new keys, load of 20 ms, at defaults';
const KILLED = 'Redis killed and restarted empty after 1 s: 20 callers of new keys, load of 20 ms, at defaults';

/** What a row says, and where it stands: the table, and which of its cells behind the name. */
const ROWS = [
  {
    what: 'invalidated during its load, and cached all the same',
    table: STALE,
    take: (cells) => sumOf(cells.slice(0, 6)),
  },
  { what: 'callers after that invalidation who got the old value', table: STALE, take: (cells) => cells[6] },
  {
    what: 'old values that stayed after connections broke and Redis died, froze, filled',
    table: TORTURE,
    take: (cells) => (cells.length === 0 ? 'not run' : cells[8].replace(' looked for', '')),
  },
  {
    what: 'stale reads meanwhile, nothing excused, and the oldest after its invalidation',
    table: TORTURE,
    take: (cells) => (cells.length === 0 ? 'not run' : `${cells[5]} of ${cells[2]} (${cells[6]}), ${cells[7]}`),
  },
  {
    what: 'loads for 500 callers in 4 processes on one cold key',
    table: '500 callers in 4 processes on one cold key, load of 50 ms',
    take: (cells) => cells[0],
  },
  { what: 'median call while Redis is frozen for 5 s, at defaults', table: FROZEN, take: (cells) => cells[1] },
  {
    what: 'heap of a small entry in the process, × bare `lru-cache`',
    table: 'Heap of a small entry in the process',
    take: (cells) => cells[1],
  },
  {
    what: 'CPU of a miss on Redis, × `GET` + `SET`',
    table: 'Miss on Redis beside other caches, 1 KB, 64 callers at a time',
    take: (cells) => cells[2],
  },
  { what: 'writes again after Redis was killed and came back', table: KILLED, take: (cells) => cells[2] },
];

/** The table, of pages as `{ path, text }`; throws an Error when one that it is made of is missing. */
function summaryOf(pages) {
  const tables = new Map(pages.flatMap(({ text }) => tablesIn(text).map((table) => [table.title, read(text, table)])));
  const sources = new Set(ROWS.map(({ table }) => table));
  for (const title of sources) if (!tables.has(title)) throw new Error(`There is no table "${title}".`);
  const caches = [...tables.get(STALE).rows.keys()].slice(0, CACHES);
  const rows = ROWS.map(({ what, table, take }) => {
    const cells = caches.map((cache) => [cache, take(rowOf(tables.get(table).rows, cache)) ?? '']);
    return { ' ': what, ...Object.fromEntries(cells) };
  });
  const dates = [...sources].map((title) => tables.get(title).date).sort();
  const days = [...new Set([dates[0], dates.at(-1)])].join(' to ');
  return { title: TITLE, rows, measured: { date: days, versions: [tables.get(STALE).versions] } };
}

/** Of a cache, with or without its version. */
function rowOf(rows, cache) {
  const name = [...rows.keys()].find((one) => one === cache || one.startsWith(`${cache} `));
  return name === undefined ? [] : rows.get(name);
}

function read(text, { from, to }) {
  const lines = text.split('\n').slice(from, to);
  const rows = lines
    .filter((line) => /^\|(?! -)/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  const [, date = '', versions = ''] = /^Measured on (\S+) with (.*)\.$/m.exec(lines.join('\n')) ?? [];
  return { date, versions, rows: new Map(rows.slice(1).map(([name = '', ...cells]) => [name, cells])) };
}

/** Of cells like "3 of 20". */
function sumOf(cells) {
  const pairs = cells.map((cell) => cell.split(' of ').map(Number)).filter((pair) => pair.length === 2);
  const sum = (at) => pairs.reduce((total, pair) => total + pair[at], 0);
  return `${sum(0)} of ${sum(1)}`;
}

module.exports = { summaryOf };
