/** Tokens of an answer by kind; none is counted twice. */
export interface TokenUsage {
  /** Of the input, without those of `cachedInput`. */
  readonly input?: number;
  /** Of the input, from the provider's own cache. */
  readonly cachedInput?: number;
  /** Of the answer, reasoning included. */
  readonly output?: number;
}

interface ToldTokens {
  readonly tokens?: number | undefined;
  readonly usage?: TokenUsage | undefined;
}

/** Sums of tokens by kind. */
export interface TokensByKind {
  /** Of the input, without those of `cachedInput`. */
  readonly input: number;
  /** Of the input, from the provider's own cache. */
  readonly cachedInput: number;
  /** Of the answers. */
  readonly output: number;
  /** Of which it was not told what they were: `tokens` without, or beyond, `usage`. */
  readonly unspecified: number;
}

export const TOKEN_KINDS = ['input', 'cachedInput', 'output', 'unspecified'] as const;

// More than any model takes by far; sums of them stay whole numbers.
const MOST_TOKENS = 1_000_000_000_000;

/** A whole number from what was told, or was found in an entry that anybody may have written. */
export const wholeNumber = (value: unknown, most = MOST_TOKENS): number =>
  typeof value === 'number' && value > 0 ? Math.min(Math.round(value), most) : 0;

/** What is known of the tokens of an answer. */
export function tokensOf({ tokens, usage }: ToldTokens): TokensByKind {
  const known = {
    input: wholeNumber(usage?.input),
    cachedInput: wholeNumber(usage?.cachedInput),
    output: wholeNumber(usage?.output),
  };
  const rest = wholeNumber(tokens) - known.input - known.cachedInput - known.output;
  return { ...known, unspecified: Math.max(0, rest) };
}

/** Of all kinds. */
export function totalTokens(told: ToldTokens): number {
  const { input, cachedInput, output, unspecified } = tokensOf(told);
  return input + cachedInput + output + unspecified;
}
