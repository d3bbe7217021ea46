import { randomUUID } from 'node:crypto';

/** A key prefix nobody else uses: suites share one Redis. */
export function uniquePrefix(): string {
  return `test-${randomUUID()}:`;
}
