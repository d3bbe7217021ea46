import type { Charge, LimitRule, Ruling, Verdict } from '../../core/limits/limit-store.js';

/** A ruling of the charges that lie together, and when each was charged, in microseconds of the server. */
export interface GroupRuling extends Ruling {
  readonly charges: readonly Charge[];
  readonly at: readonly number[];
}

const WORDS_PER_ITEM = 4;
const KIND_LETTERS = { sliding: 's', bucket: 'b', fixed: 'f', calendar: 'c', slots: 'k' } as const;
const NO_WINDOW = { startMs: 0, endMs: 0 };
/** What a reply begins with. */
export const [ALLOWED, DENIED, LATE] = [0x41, 0x44, 0x4c]; // A, D, L

/** What of a rule is the same in every call. */
interface Words {
  readonly kind: string;
  readonly numbers: string;
  readonly shadow: string;
  /** Of blocks and debts. */
  readonly last: string;
  /** Whether the numbers say everything, unless the charge has something to add. */
  readonly plain: boolean;
  /** The words of one unit. */
  readonly unit: string;
}
const wordsOf = new WeakMap<LimitRule, Words>();

function wordsFor(rule: LimitRule): Words {
  let words = wordsOf.get(rule);
  if (words === undefined) wordsOf.set(rule, (words = makeWords(rule)));
  return words;
}

function makeWords({ id, kind, limit, windowMs, capacity, debt, shadow, block }: LimitRule): Words {
  const numbers = `${limit} ${windowMs * 1_000} ${capacity}`;
  return {
    kind: KIND_LETTERS[kind],
    numbers,
    shadow: shadow ? '1' : '0',
    last: `${debt} ${block?.ms ?? 0} ${block?.factor ?? 1} ${block?.maxMs ?? 0} ${id}`,
    plain: !shadow && block === undefined && kind !== 'calendar',
    unit: `${KIND_LETTERS[kind]} 1 ${numbers}`,
  };
}

/** The words of a charge: see `LOOK` of limit-lua.ts. `block`: which blocks are those of its identity; `now`: the server's time. */
export function itemOf({ rule, cost, settles }: Charge, block: number, now: number): string {
  const { kind, numbers, shadow, last, plain, unit } = wordsFor(rule);
  const words = cost === 1 ? unit : `${kind} ${cost} ${numbers}`;
  if (plain && block === 1 && !settles) return words;
  const { startMs, endMs } = rule.kind === 'calendar' ? rule.calendar(now) : NO_WINDOW;
  return `${words} ${block} ${shadow} ${settles ? 1 : 0} ${startMs * 1_000} ${endMs * 1_000} ${last}`;
}

/** Whether it is one limit that asks for nothing but its own state, as almost all are: the script has a short form for it. */
export function isSimple(charges: readonly Charge[]): boolean {
  const [charge] = charges;
  if (charge === undefined || charges.length > 1) return false;
  const { rule, settles } = charge;
  return !settles && !rule.shadow && rule.block === undefined && rule.kind !== 'slots';
}

/** What the script says of the charges of a group. */
export function rulingOf(charges: readonly Charge[], reply: string): GroupRuling {
  const words = integersOf(reply, 2);
  const verdicts = charges.map((_, i): Verdict => {
    const first = i * WORDS_PER_ITEM;
    const fits = words[first];
    const retryMs = words[first + 3] ?? -1;
    return {
      allowed: fits === 1,
      blocked: fits === 2,
      remaining: words[first + 1] ?? 0,
      resetMs: words[first + 2] ?? 0,
      retryMs: fits === 1 || retryMs < 0 ? undefined : Math.max(1, retryMs),
    };
  });
  return {
    allowed: reply.charCodeAt(0) === ALLOWED,
    verdicts,
    charges,
    at: words.slice(charges.length * WORDS_PER_ITEM),
  };
}

const [SPACE, MINUS, ZERO] = [0x20, 0x2d, 0x30];

/** Integers that stand apart in a text, from a position on. A `split` and a `Number` for each would be a tenth of a decision. */
function integersOf(text: string, from: number): number[] {
  const found: number[] = [];
  let [value, sign] = [0, 1];
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === SPACE) {
      found.push(sign * value);
      value = 0;
      sign = 1;
    } else if (code === MINUS) sign = -1;
    else value = value * 10 + code - ZERO;
  }
  found.push(sign * value);
  return found;
}
