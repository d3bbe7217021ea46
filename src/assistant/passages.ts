import MiniSearch from 'minisearch';
import type { Source } from './answerer.js';

/** What documents say about a question. */
export interface Passages {
  /** Sentences, in their order in the documents. */
  readonly sentences: readonly string[];
  /** Documents they come from. */
  readonly sources: readonly { readonly id: string; readonly title: string }[];
  /** Share of the words of the question that they are about, 0 to 1. */
  readonly confidence: number;
}

const BETWEEN_SENTENCES = /(?<=[.!?])\s+/;
/** Words that say nothing of what is asked. */
const STOP_WORDS = new Set(
  'a al and are como con cual cuando de del do does donde el en es for how i in is la las lo los me mi o of on or para por puedo que se si su the to un una what when where which who y'.split(
    ' ',
  ),
);

const withoutAccents = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const wordsOf = (text: string): string[] =>
  withoutAccents(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1 && !STOP_WORDS.has(word));

/** The sentences of documents that are most about a question. It invents nothing, and says how much of the question it found. */
export function findPassages(question: string, sources: readonly Source[], most: number): Passages {
  const asked = [...new Set(wordsOf(question))];
  const sentences = sources.flatMap(({ id, title, content }) =>
    content.split(BETWEEN_SENTENCES).map((text, i) => ({ id: `${id}:${i}`, source: id, title, text })),
  );
  const index = new MiniSearch<(typeof sentences)[number]>({
    fields: ['title', 'text'],
    storeFields: ['source', 'title', 'text'],
    tokenize: wordsOf,
    processTerm: (word) => word,
  });
  index.addAll(sentences);
  const best = index.search(asked.join(' '), {
    prefix: (word) => word.length > 3,
    boost: { title: 3 },
    // What a text is about stands in its first sentence.
    boostDocument: (id) => (String(id).endsWith(':0') ? 2 : 1),
  });
  const chosen = best.slice(0, most);
  const matched = new Set(chosen.flatMap(({ queryTerms }) => queryTerms));
  const order = new Map(sentences.map(({ id }, i) => [id, i]));
  chosen.sort((a, b) => (order.get(String(a.id)) ?? 0) - (order.get(String(b.id)) ?? 0));
  const titles = new Map(chosen.map((sentence) => [String(sentence.source), String(sentence.title)]));
  return {
    sentences: chosen.map((sentence) => String(sentence.text)),
    sources: [...titles].map(([id, title]) => ({ id, title })),
    confidence: asked.length === 0 ? 0 : Math.round((matched.size / asked.length) * 100) / 100,
  };
}
