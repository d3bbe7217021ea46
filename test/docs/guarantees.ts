const FRAME = ['Promise', 'For you', 'How', 'Not promised'];
const HEADER = /^\| test +\| fails when it is broken +\|$/;
const ROW = /^\| `([^`]+)` +\| (.+?) +\|$/;
/** What is shorter is found in any file. */
const SHORTEST_NAME = 10;

interface Section {
  readonly heading: string;
  readonly numbers: readonly number[];
  readonly lines: readonly string[];
}

/**
 * What is wrong with the page about guarantees: numbers that are missing, guarantees without a test, and rows that name a test that
 * does not exist. `literalsOf` gives the texts in the code of a file, `undefined` where there is no such file.
 */
export function problemsOfGuarantees(
  text: string,
  literalsOf: (path: string) => readonly string[] | undefined,
): string[] {
  const sections = sectionsOf(text);
  const numbers = sections.flatMap((section) => section.numbers).sort((a, b) => a - b);
  const summary = text.split(/^## /m, 1)[0] ?? '';
  const inSummary = [...summary.matchAll(/^\| \[(G[^\]]+)\]/gm)].flatMap(([, cell = '']) => numbersIn(cell));
  return [
    ...Array.from({ length: Math.max(0, ...numbers, ...inSummary) }, (_, i) => i + 1).flatMap((number) => [
      ...(numbers.filter((one) => one === number).length === 1 ? [] : [`G${number} has not one section`]),
      ...(inSummary.filter((one) => one === number).length === 1 ? [] : [`G${number} has not one row at the top`]),
    ]),
    ...sections.flatMap((section) => (isThere(section) ? problemsOf(section, literalsOf) : [])),
  ];
}

function sectionsOf(text: string): Section[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return { heading, numbers: numbersIn(heading.split('. ', 1)[0] ?? ''), lines };
    })
    .filter(({ numbers }) => numbers.length > 0);
}

/** `G13 to G15` are three. */
function numbersIn(text: string): number[] {
  const [first, last = first] = [...text.matchAll(/\bG(\d+)\b/g)].map(([, number]) => Number(number));
  return first === undefined || last === undefined ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Numbers may be taken for what is not there yet; then nothing is promised. */
function isThere({ heading, lines }: Section): boolean {
  return !heading.endsWith('What is not there yet') || lines.some((line) => line.startsWith('**Promise.**'));
}

function problemsOf(
  { heading, lines }: Section,
  literalsOf: (path: string) => readonly string[] | undefined,
): string[] {
  const name = heading.split('. ', 1)[0] ?? '';
  const header = lines.findIndex((line) => HEADER.test(line));
  const table = header < 0 ? [] : lines.slice(header + 2);
  const rows = table.slice(
    0,
    Math.max(
      0,
      table.findIndex((line) => !line.startsWith('|')),
    ),
  );
  return [
    ...FRAME.filter((part) => !lines.some((line) => line.startsWith(`**${part}.**`))).map(
      (part) => `${name} has no "${part}"`,
    ),
    ...(rows.length > 0 ? [] : [`${name} has no test`]),
    ...rows.flatMap((row) => {
      const [, path = '', title = ''] = ROW.exec(row) ?? [];
      if (path === '') return [`${name}: ${row} names no test`];
      const literals = literalsOf(path);
      if (literals === undefined) return [`${name}: there is no ${path}`];
      const said = title.replace(/ ?…$/, '').replace(/\\\|/g, '|');
      if (said.length < SHORTEST_NAME) return [`${name}: "${title}" is too short to name a test`];
      return literals.some((literal) => literal.includes(said)) ? [] : [`${name}: ${path} has no test "${title}"`];
    }),
  ];
}
