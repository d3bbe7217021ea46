import MiniSearch from 'minisearch';

/** What answers are taken from. */
export interface Source {
  readonly id: string;
  readonly title: string;
  readonly content: string;
}

export interface ExtractedAnswer {
  /** Sentences of the sources, in their order; empty when nothing fits. */
  readonly text: string;
  /** Documents they come from. */
  readonly sources: readonly { readonly id: string; readonly title: string }[];
  /** Share of the words of the question that the answer is about, 0 to 1. */
  readonly confidence: number;
}

/** Names the answerer in keys of the cache: another way of answering is another model. */
export const EXTRACTIVE_MODEL = 'extractive-1';

const MOST_SENTENCES = 3;
const LONGEST_SENTENCE_GAP = /(?<=[.!?])\s+/;
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

/** Characters of a token, about what models for European languages make of them. */
const CHARACTERS_PER_TOKEN = 4;

/** What a text would cost a model that counts in tokens. */
export const tokensOf = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

/**
 * Answers a question with sentences of documents: the model of the demo when there is no other. It invents nothing, and says honestly how
 * much of the question it found.
 */
export function answerFrom(question: string, sources: readonly Source[]): ExtractedAnswer {
  const asked = [...new Set(wordsOf(question))];
  const sentences = sources.flatMap(({ id, title, content }) =>
    content.split(LONGEST_SENTENCE_GAP).map((text, i) => ({ id: `${id}:${i}`, source: id, title, text })),
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
  const chosen = best.slice(0, MOST_SENTENCES);
  const matched = new Set(chosen.flatMap(({ queryTerms }) => queryTerms));
  const order = new Map(sentences.map(({ id }, i) => [id, i]));
  chosen.sort((a, b) => (order.get(String(a.id)) ?? 0) - (order.get(String(b.id)) ?? 0));
  const titles = new Map(chosen.map((sentence) => [String(sentence.source), String(sentence.title)]));
  return {
    text: chosen.map((sentence) => String(sentence.text)).join(' '),
    sources: [...titles].map(([id, title]) => ({ id, title })),
    confidence: asked.length === 0 ? 0 : Math.round((matched.size / asked.length) * 100) / 100,
  };
}
