/** An object that came over the wire: nothing of it is sure. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that is an object; `{}` when it is none. */
export function objectIn(object: Json, name: string): Json {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** The objects of a field that is a list; none when it is none. */
export function objectsIn(object: Json, name: string): readonly Json[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A field that is a text. */
export function textIn(object: Json, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

/** A field that is a number. */
export function numberIn(object: Json, name: string): number | undefined {
  const value = object[name];
  return typeof value === 'number' ? value : undefined;
}

/** Whether an object tells of a failure: in a field, or by what it calls itself, as some servers do. */
export const saysError = ({ error, type, object }: Json): boolean =>
  (error !== undefined && error !== null) || type === 'error' || object === 'error';

/** What a text says as JSON, if that is an object. */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
