/** How a program tells the spec what it did: one line of JSON on standard output. */
export function say(what: string, facts: object = {}): void {
  console.log(JSON.stringify({ what, ...facts }));
}

/** The logger of the programs. */
export const logger = {
  info: (message: string, facts: object = {}) => say(`info: ${message}`, facts),
  warn: (message: string, facts: object = {}) => say(`warn: ${message}`, facts),
  error: (message: string, error: unknown) => say(`error: ${message}`, { error: String(error) }),
};
