import { createHash } from 'node:crypto';
import { ENGLISH } from './gate-english.js';
import { SPANISH } from './gate-spanish.js';
import type { GateTable } from './gate-table.js';

/** How a text is taken apart; whatever comes first in this order wins. Each kind is a named group. */
const TOKENS = new RegExp(
  [
    String.raw`(?<code>\x60{3}[^]*?\x60{3}|\x60[^\x60\n]+\x60)`,
    String.raw`(?<address>[a-z][a-z0-9+.-]*:\/\/[^\s<>"'«»“”]+|www\.[^\s<>"'«»“”]+|[^\s@<>"'«»“”]+@[^\s@<>"'«»“”]+\.\p{L}+)`,
    String.raw`(?<quote>"[^"\n]*"|“[^”]*”|«[^»]*»|„[^“”]*[“”]|(?<![\p{L}\p{N}])['‘][^'’\n]+['’](?![\p{L}\p{N}]))`,
    String.raw`(?<number>[-+−]?[$€£¥]?\d+(?:[.,:/’'_^-]\d+)*(?:st|nd|rd|th|[ºª])?(?!\p{L}))`,
    String.raw`(?<operator>[<>=!]=|[<>=≠≤≥±×÷+*^|&~]+|->|=>|%|‰|°[CF]?|[€$£¥])`,
    String.raw`(?<word>[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’]\p{L}+)*)`,
    String.raw`(?<end>[.!?¿¡:;\n]+)`,
  ].join('|'),
  'giu',
);

type Kind = 'code' | 'address' | 'quote' | 'number' | 'operator' | 'word' | 'end';

interface Token {
  readonly kind: Kind;
  readonly text: string;
  readonly lower: string;
}

/** How far behind the start of a route its end may stand, in words. */
const LONGEST_ROUTE = 6;
/** A shorter word says little by itself. */
const SHORTEST_WORD = 4;
/** Longer questions are compared by their first words only. */
const MOST_WORDS = 64;
const NEGATED = /n['’]t$/;
const IDIOM = /^(?=.*\p{N})(?=.*\p{L})|\p{Lu}.*\p{Lu}/u;

/** What of a text has to be the same in another one whose answer is given instead. */
export interface Features {
  /** In the order of the text: numbers, dates, units, quotes, code, addresses, names, negations, opposites, routes. */
  readonly exact: readonly string[];
  /** Words that say something, in their order. */
  readonly words: readonly string[];
}

/**
 * What similarity cannot tell apart. A question and its reverse, its negation, or the same with another number stand nearer to each
 * other than most paraphrases do, in every embedding. So what makes such a difference is taken out of the text and has to be exactly
 * the same, in the same order. It is a list of what is dangerous, never a proof of what is safe: what no table knows is left to the
 * threshold, which is learned from answers. Too many features cost hits, too few cost wrong answers; so where in doubt it is a feature.
 */
export class Gate {
  /** Names the tables: what went through other ones is not compared. */
  readonly id: string;
  readonly #negations: WordMap;
  readonly #opposites: WordMap;
  readonly #units: WordMap;
  readonly #values: WordMap;
  readonly #routes: readonly (readonly [start: ReadonlySet<string>, end: ReadonlySet<string>])[];

  /** Tables of your own are added to those of English and Spanish. */
  constructor(tables: readonly GateTable[] = []) {
    const all = [ENGLISH, SPANISH, ...tables];
    this.id = createHash('sha256').update(JSON.stringify(all)).digest('base64url');
    this.#negations = new WordMap(all.flatMap(({ negations }) => negations.map((word) => [word, 'not'] as const)));
    this.#opposites = new WordMap(
      all.flatMap(({ opposites }, table) =>
        opposites.flatMap((pair, i) =>
          pair.flatMap((words, side) => words.map((word) => [word, `${table}.${i}.${side}`] as const)),
        ),
      ),
    );
    const named = (lists: Readonly<Record<string, readonly string[]>>) =>
      Object.entries(lists).flatMap(([name, words]) => words.map((word) => [word, name] as const));
    this.#units = new WordMap(all.flatMap(({ units }) => named(units)));
    this.#values = new WordMap(all.flatMap(({ values }) => named(values)));
    this.#routes = all.flatMap(({ routes }) => routes.map(([start, end]) => [new Set(start), new Set(end)] as const));
  }

  featuresOf(text: string): Features {
    const tokens = tokensOf(text);
    const exact = tokens.flatMap((token, i) => this.#featuresAt(token, tokens, i));
    const words = tokens.filter(({ kind, lower, text: written }) => {
      return kind === 'word' && (lower.length >= SHORTEST_WORD || IDIOM.test(written));
    });
    return { exact, words: words.slice(0, MOST_WORDS).map(({ lower }) => lower) };
  }

  #featuresAt(token: Token, tokens: readonly Token[], i: number): string[] {
    const { kind, text, lower } = token;
    if (kind === 'end') return [];
    if (kind === 'number') return [`number ${lower}`, ...this.#counted(tokens[i + 1])];
    if (kind === 'operator') return [this.#units.get(lower).map((unit) => `unit ${unit}`)[0] ?? `operator ${text}`];
    if (kind !== 'word') return [`${kind} ${text}`];
    const next = tokens[i + 1]?.lower ?? '';
    return [
      ...(NEGATED.test(lower) || this.#negations.has(lower) ? [`not ${next}`] : []),
      ...this.#opposites.get(lower).map((end) => `opposite ${end}`),
      ...this.#values.get(lower).map((value) => `value ${value}`),
      ...this.#units.get(lower).map((unit) => `unit ${unit}`),
      ...this.#routesFrom(tokens, i),
      ...(isName(text, tokens[i - 1]) ? [`name ${lower}`] : []),
    ];
  }

  /** What a number counts: a unit by its name (which is told by the word itself), anything else as it stands. */
  #counted(next: Token | undefined): string[] {
    return next?.kind !== 'word' || this.#units.has(next.lower) ? [] : [`of ${next.lower}`];
  }

  /** Start and end of what leads from one to the other. */
  #routesFrom(tokens: readonly Token[], at: number): string[] {
    return this.#routes.flatMap(([start, end]) => {
      if (!start.has(tokens[at]?.lower ?? '')) return [];
      const reach = tokens.slice(at + 1, at + 2 + LONGEST_ROUTE);
      const to = reach.findIndex(({ lower }) => end.has(lower));
      const [first, last] = [reach[0]?.lower, tokens[at + 2 + to]?.lower];
      return to < 1 || last === undefined
        ? []
        : [
            `route ${
              reach
                .slice(0, to)
                .map(({ lower }) => lower)
                .join(' ') ||
              (first ?? '')
            } > ${last}`,
          ];
    });
  }
}

/** Whether what two texts have in common stands in the same order in both: else one may be the reverse of the other. */
export function sameOrder<T>(one: readonly T[], other: readonly T[]): boolean {
  const [mine, theirs] = [once(one), once(other)];
  const shared = mine.filter((word) => theirs.includes(word));
  const theirShared = theirs.filter((word) => shared.includes(word));
  return shared.every((word, i) => word === theirShared[i]);
}

/** Those that stand there once: of others nobody knows which is meant. */
const once = <T>(words: readonly T[]): T[] => words.filter((word) => words.indexOf(word) === words.lastIndexOf(word));

function tokensOf(text: string): Token[] {
  return [...text.normalize('NFKC').matchAll(TOKENS)].map(({ groups = {}, 0: matched }) => {
    const kind = (Object.keys(groups) as Kind[]).find((name) => groups[name] !== undefined) ?? 'word';
    return { kind, text: matched, lower: matched.toLowerCase() };
  });
}

/** A capital where no sentence begins, several capitals, or digits among letters. */
function isName(text: string, before: Token | undefined): boolean {
  if (IDIOM.test(text)) return true;
  return /^\p{Lu}/u.test(text) && before !== undefined && before.kind !== 'end' && text.length > 1;
}

/** Without accents, which many people do not type. */
const folded = (word: string): string => word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** What words mean; some by their beginning. A word may mean several things; accents do not count. */
class WordMap {
  readonly #whole = new Map<string, string[]>();
  readonly #beginnings = new Map<string, string[]>();
  readonly #shortest: number;
  readonly #longest: number;

  constructor(entries: readonly (readonly [word: string, meaning: string])[]) {
    for (const [word, meaning] of entries) {
      const map = word.endsWith('*') ? this.#beginnings : this.#whole;
      const key = folded(word.replace(/\*$/, ''));
      map.set(key, [...(map.get(key) ?? []), meaning]);
    }
    const lengths = [...this.#beginnings.keys()].map(({ length }) => length);
    this.#shortest = Math.min(...lengths);
    this.#longest = Math.max(...lengths);
  }

  has(word: string): boolean {
    return this.get(word).length > 0;
  }

  get(written: string): string[] {
    const word = folded(written);
    const meanings = [...(this.#whole.get(word) ?? [])];
    const longest = Math.min(this.#longest, word.length);
    for (let length = this.#shortest; length <= longest; length++) {
      meanings.push(...(this.#beginnings.get(word.slice(0, length)) ?? []));
    }
    return [...new Set(meanings)].sort();
  }
}
