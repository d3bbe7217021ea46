/**
 * What LangChain tells a cache of a model and of how it is called: `name:json,name:json,…`, as
 * `_getSerializedCacheKeyParametersForCall` writes it.
 *
 * @returns `undefined` when it is not written like that
 */
export function settingsOf(llmKey: string): Record<string, unknown> | undefined {
  const settings: [string, unknown][] = [];
  for (let at = 0; at < llmKey.length;) {
    const colon = llmKey.indexOf(':', at);
    if (colon === -1) return undefined;
    const end = endOfJson(llmKey, colon + 1);
    const written = llmKey.slice(colon + 1, end);
    // So stands a function there, such as a `fetch`.
    if (written !== 'undefined') {
      const value = parse(written);
      if (value === undefined) return undefined;
      settings.push([llmKey.slice(at, colon), value]);
    }
    at = end + 1;
  }
  return Object.fromEntries(settings);
}

/** Where a value ends: at a comma outside of quotes and brackets. */
function endOfJson(text: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ',' && depth === 0) return i;
  }
  return text.length;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
