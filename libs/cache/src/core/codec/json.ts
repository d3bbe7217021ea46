import { damaged } from './damaged.js';
import { MAX_DEPTH } from './depth.js';

const OPENING = ['[', '{'] as const;

/**
 * Parses JSON as our encoder writes it: without an own `__proto__`, which pollutes whoever merges the value into another
 * object, and without the nesting that overflows the stack of whoever walks it. Both need a walk, which is as dear as
 * the parse; so first a glance at the text, about 5 % of it, tells whether there can be anything to find.
 *
 * @throws DamagedValueError saying what is wrong with the text, never showing it
 */
export function parseJson(text: string): unknown {
  const suspect = text.includes('__proto__') || text.includes('\\u') || opensMoreThan(MAX_DEPTH, text);
  const value = parse(text);
  if (suspect) inspect(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text: it must not get into a log.
    throw damaged('it is not JSON');
  }
}

function opensMoreThan(limit: number, text: string): boolean {
  let count = 0;
  for (const bracket of OPENING) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > limit) return true;
  }
  return false;
}

/** Level by level, because recursion is what hostile nesting is for. */
function inspect(root: unknown): void {
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH + 1) throw damaged(`it is nested deeper than ${MAX_DEPTH} levels`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Object.hasOwn(value, '__proto__')) throw damaged('it holds an own __proto__');
      for (const member of Object.values(value) as unknown[]) next.push(member);
    }
    level = next;
  }
}
