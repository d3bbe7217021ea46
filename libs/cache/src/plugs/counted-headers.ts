const COUNTED = /^(openai|anthropic)-/;

/** Of the headers of a request those that change its answer: organisation, project, version, beta, and what `vary` names. By name, in lower case. */
export function countedHeaders(
  headers: Iterable<readonly [name: string, value: string | undefined]>,
  vary: readonly string[] = [],
): Record<string, string> {
  const also = new Set(vary.map((name) => name.toLowerCase()));
  const counted = [...headers].flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    return value !== undefined && (COUNTED.test(lower) || also.has(lower)) ? [[lower, value] as const] : [];
  });
  return Object.fromEntries(counted);
}
