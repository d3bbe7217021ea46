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
  for (const [key, part] of Object.entries(value)) {
    // Defined, not assigned: JSON may hold a key `__proto__`, which is data like any other.
    Object.defineProperty(copy, key, {
      value: thaw(part as unknown),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy as T;
}
