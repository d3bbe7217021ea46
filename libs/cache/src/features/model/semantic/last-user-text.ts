/** The text by which a question may be like another one, and all else of its input, which has to be the same. */
export interface SplitInput {
  /** The text. */
  readonly text: string;
  /** All else. */
  readonly rest: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** What stands where the text was; equal for all, as the text is what may differ. */
const HOLE = Object.freeze({ text: 'the last user text' });

/** Where messages are in an input that is an object: as OpenAI, the AI SDK and others call them. */
const LISTS = ['messages', 'prompt', 'input'] as const;

/**
 * Takes the last text of the user out of an input: a text, messages, or an object that has messages. `undefined` when the last message
 * is not the user's, or has no text or several: then nothing of it may differ.
 */
export function lastUserText(input: unknown): SplitInput | undefined {
  if (typeof input === 'string') return { text: input, rest: HOLE };
  if (Array.isArray(input)) return fromMessages(input);
  if (!isFields(input)) return undefined;
  const lists = LISTS.filter((name) => input[name] !== undefined);
  const [list] = lists;
  const split = list === undefined || lists.length > 1 ? undefined : lastUserText(input[list]);
  return split && list && { text: split.text, rest: { ...input, [list]: split.rest } };
}

function fromMessages(messages: readonly unknown[]): SplitInput | undefined {
  const last = messages.at(-1);
  if (!isFields(last) || last.role !== 'user') return undefined;
  const content = typeof last.content === 'string' ? { text: last.content, rest: HOLE } : fromParts(last.content);
  return content && { text: content.text, rest: [...messages.slice(0, -1), { ...last, content: content.rest }] };
}

/** Parts of a message: one text, and whatever else, such as images. */
function fromParts(parts: unknown): SplitInput | undefined {
  if (!Array.isArray(parts)) return undefined;
  const isText = (part: unknown): part is Fields & { text: string } => isFields(part) && typeof part.text === 'string';
  const [only, ...more] = parts.filter(isText);
  if (only === undefined || more.length > 0) return undefined;
  return { text: only.text, rest: parts.map((part) => (part === only ? { ...only, text: HOLE } : (part as unknown))) };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
