// Tables of the documentation that are measured. Each stands between two markers, and is known by its title:
//
//   <!-- table: Invalidating a tag -->
//
//   | entries | commands | …
//
//   Measured on 2026-11-24 with Node.js v20.20.2, …
//
//   <!-- /table -->
//
// What stands between them belongs to the program, everything else to people: they may move the markers, on whatever page,
// and put another heading above them. A run replaces the tables that it has measured. The others stay, and each says for
// itself when and with what it was measured: so a page is true after a run of a single part, too.
const OPENS = /^<!-- table: (.+) -->$/;
const CLOSES = /^<!-- \/table -->$/;
const LOOKS_LIKE_A_MARKER = /^<!--\s*\/?\s*table\b/i;

class TableError extends Error {
  constructor(message) {
    super(message);
    this.name = 'TableError';
  }
}

/** Where the tables of a text stand: `{ title, from, to }`, the lines of their markers. Throws a TableError for a marker without its other half. */
function tablesIn(text) {
  const found = [];
  let open;
  let fenced = false;
  for (const [number, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) fenced = !fenced;
    if (fenced || !LOOKS_LIKE_A_MARKER.test(line)) continue;
    const title = OPENS.exec(line)?.[1];
    const wrong = (problem) => new TableError(`line ${number + 1}: ${problem}`);
    if (title !== undefined) {
      if (open !== undefined) throw wrong(`"${open.title}" has no end before "${title}" begins`);
      if (found.some((table) => table.title === title)) throw wrong(`"${title}" stands here twice`);
      open = { title, from: number };
    } else if (CLOSES.test(line)) {
      if (open === undefined) throw wrong('this is the end of no table');
      found.push({ ...open, to: number });
      open = undefined;
    } else throw wrong(`"${line}" is not a marker: <!-- table: TITLE --> or <!-- /table -->`);
  }
  if (open !== undefined) throw new TableError(`"${open.title}" has no end: <!-- /table -->`);
  return found;
}

/**
 * Puts tables where their markers stand. Those that stand on no page are appended to the page `appendTo`, each with its title as
 * heading. Takes and returns pages as `{ path, text }`; returns those only that have changed.
 */
function writeTables({ pages, tables, appendTo }) {
  const texts = new Map(pages.map(({ path, text }) => [path, text]));
  const homeless = new Map(tables.map((table) => [table.title, table]));
  if (homeless.size < tables.length) throw new TableError('Two tables have one title.');
  for (const { path, text } of pages) {
    const lines = text.split('\n');
    for (const { title, from, to } of locate(path, text).reverse()) {
      const table = tables.find((one) => one.title === title);
      if (table === undefined) continue;
      lines.splice(from, to - from + 1, render(table));
      homeless.delete(title);
    }
    texts.set(path, lines.join('\n'));
  }
  if (homeless.size > 0 && !texts.has(appendTo)) throw new TableError(`There is no page ${appendTo}.`);
  for (const table of homeless.values()) {
    texts.set(appendTo, `${texts.get(appendTo).trimEnd()}\n\n### ${table.title}\n\n${render(table)}\n`);
  }
  const changed = pages.filter(({ path, text }) => texts.get(path) !== text);
  return changed.map(({ path }) => ({ path, text: texts.get(path) }));
}

function locate(path, text) {
  try {
    return tablesIn(text);
  } catch (error) {
    throw new TableError(`${path}, ${error.message}`);
  }
}

/** `measured`: `{ date, versions }`. A column in which nothing stands is left out. */
function render({ title, rows, measured: { date, versions } }) {
  if (!OPENS.test(`<!-- table: ${title} -->`) || title.includes('-->')) throw new TableError(`"${title}" is no title.`);
  if (rows.length === 0) throw new TableError(`"${title}" has no rows.`);
  const columns = [...new Set(rows.flatMap(Object.keys))].filter((name) => rows.some((row) => cell(row[name]) !== ''));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    `<!-- table: ${title} -->`,
    '',
    ...[columns.map(cell), columns.map(() => '---'), ...rows.map((row) => columns.map((name) => cell(row[name])))].map(
      line,
    ),
    '',
    `Measured on ${date} with ${versions.join(', ')}.`,
    '',
    '<!-- /table -->',
  ].join('\n');
}

/** What a message of an error may contain would end the cell or the row. */
function cell(value) {
  return String(value ?? '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\|/g, '\\|');
}

module.exports = { TableError, tablesIn, writeTables };
