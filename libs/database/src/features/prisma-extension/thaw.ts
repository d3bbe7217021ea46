/**
 * An answer that its caller may change, like one of Prisma itself. A cache hands out plain data frozen, because it is shared; what is
 * not plain is the caller's own already.
 */
export function thaw<T>(value: T): T {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(thaw) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = Object.create(prototype) as Record<string, unknown>;
  for (const key of Object.keys(value)) copy[key] = thaw((value as Record<string, unknown>)[key]);
  return copy as T;
}
