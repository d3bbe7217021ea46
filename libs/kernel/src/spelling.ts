/** More than two slips of the finger are rather another word. */
const MOST_SLIPS = 2;

/** The candidate that `word` was most likely meant to be, whatever its case; `undefined` when none is near. */
export function closestWord(word: string, candidates: readonly string[]): string | undefined {
  let closest: string | undefined;
  let fewest = Math.min(MOST_SLIPS, word.length - 1) + 1;
  for (const candidate of candidates) {
    const slips = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (slips < fewest) {
      closest = candidate;
      fewest = slips;
    }
  }
  return closest;
}

/** Levenshtein distance: insertions, deletions and substitutions (Wagner and Fischer 1974, one row at a time). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
