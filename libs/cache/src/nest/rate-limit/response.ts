import type { Fields } from './rate-limit-fields.js';

/** What can be answered with: a response of Node or Express, a reply of Fastify. */
interface Answer {
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  readonly raw?: Answer;
  readonly closed?: boolean;
  setHeader?(name: string, value: string): unknown;
  header?(name: string, value: string): unknown;
  getHeader?(name: string): unknown;
  once?(event: 'close', listener: () => void): unknown;
}

/** Sets fields of an answer that is not under way yet. */
export function setFields(response: object | undefined, fields: Fields): void {
  const answer = response as Answer | undefined;
  if (answer === undefined || answer.headersSent === true || answer.sent === true) return;
  for (const [name, value] of Object.entries(fields)) {
    // Fastify keeps its own fields, which would replace those of the raw response.
    if (typeof answer.header === 'function') answer.header(name, value);
    else answer.setHeader?.(name, value);
  }
}

/** Adds members to lists that may be there already: what the guard has told. */
export function addToFields(response: object, fields: Fields): void {
  const before = (name: string): unknown => (response as Answer).getHeader?.(name);
  const joined = Object.entries(fields).map(([name, value]): [string, string] => {
    const known = before(name);
    return [name, typeof known === 'string' && known !== '' ? `${known}, ${value}` : value];
  });
  setFields(response, Object.fromEntries(joined));
}

/** Calls back when the answer is over, whatever became of it. */
export function whenOver(response: object | undefined, callback: () => void): void {
  const raw = rawOf(response);
  if (raw?.closed === true) callback();
  else raw?.once?.('close', callback);
}

/** Whether anybody tells when the answer is over. */
export const tellsWhenOver = (response: object | undefined): boolean => typeof rawOf(response)?.once === 'function';

function rawOf(response: object | undefined): Answer | undefined {
  const answer = response as Answer | undefined;
  return answer?.raw ?? answer;
}
