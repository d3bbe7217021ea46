/** What kind of value it is and how long, never the value: `text(12)`, `number`, `null`, `json(140)`. */
export function redact(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `text(${value.length})`;
    case 'object':
      return redactObject(value);
    default:
      return typeof value;
  }
}

function redactObject(value: object | null): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`;
  if (Array.isArray(value)) return `array(${value.length})`;
  return 'json';
}

// More parameters say nothing that the first ones have not said.
const MOST = 20;

/** The parameters of a statement, by kind and length. */
export function redactAll(values: unknown): string[] {
  if (!Array.isArray(values)) return [];
  const shown = values.slice(0, MOST).map(redact);
  return values.length > MOST ? [...shown, `… ${values.length - MOST} more`] : shown;
}
