import { NotFoundException } from '@nestjs/common';

/** Passes on what was found; answers 404 for what was not. */
export function found<T>(value: T | null, kind: string, id: string): T {
  if (value === null) throw new NotFoundException(`There is no ${kind} "${id}".`);
  return value;
}
