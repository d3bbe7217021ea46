import { type Clock, Deadline, OptionCheck, systemClock } from '@mobius1/kernel';
import { classifyFailure, type FailureKind } from '../core/failure.js';
import { RetryPaces } from '../core/retry-policy.js';

/** How single operations are repeated. */
export interface RetriesOptions {
  /** Milliseconds for all attempts together; then the original error is thrown. @default 10_000 */
  readonly deadline?: number;
  /** Whether doing this operation twice is doing it once; it is then repeated also when its connection was lost. @default never */
  readonly idempotent?: (operation: { model: string | undefined; operation: string; args: unknown }) => boolean;
  /** Told before each further attempt. */
  readonly onRetry?: (event: { attempt: number; kind: FailureKind; delayMs: number }) => void;
  /** Where time and jitter come from, for tests. @default the real ones */
  readonly clock?: Clock;
}

/** What Prisma hands to an extension's hook, as far as it is used. */
interface Operation {
  readonly model?: string | undefined;
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: never) => Promise<unknown>;
}

const DEFAULT_DEADLINE_MS = 10_000;
const DAY_MS = 24 * 3_600_000;

/** Whatever is not in this list may write: raw SQL too, which nobody here reads. */
const READS = new Set([
  ...['findUnique', 'findUniqueOrThrow', 'findFirst', 'findFirstOrThrow', 'findMany'],
  ...['count', 'aggregate', 'groupBy'],
]);

/**
 * A Prisma extension that repeats single operations where that is safe (G17), by the same table as transactions: reads also when
 * their connection was lost, writes only when nothing was sent, or the server has undone it and says so. What stands in a transaction is
 * never repeated alone.
 *
 * @example
 * const prisma = new PrismaClient({ adapter: database.adapter }).$extends(withRetries());
 *
 * @throws InvalidOptionsError
 */
export function withRetries(options: RetriesOptions = {}) {
  checkOptions(options);
  const { deadline: ms = DEFAULT_DEADLINE_MS, idempotent, onRetry, clock = systemClock } = options;
  const paces = new RetryPaces();

  async function repeat({ model, operation, args, query }: Operation): Promise<unknown> {
    const deadline = Deadline.after(ms, clock);
    for (let attempt = 1; ; attempt++) {
      try {
        return await query(args as never);
      } catch (error) {
        const failure = classifyFailure(error);
        const write = idempotent?.({ model, operation, args }) === true ? 'idempotent-write' : 'write';
        const left = { ms: deadline.remaining(), random: clock.random() };
        const delayMs = paces.delay(failure, READS.has(operation) ? 'read' : write, attempt, left);
        if (delayMs === undefined) throw error;
        onRetry?.({ attempt, kind: failure.kind, delayMs });
        await clock.sleep(delayMs);
      }
    }
  }

  return {
    name: 'mobius-retries',
    query: {
      $allOperations: (operation: Operation): Promise<unknown> =>
        isPart(operation) ? operation.query(operation.args as never) : repeat(operation),
    },
  };
}

function checkOptions({ deadline, idempotent, onRetry, ...rest }: RetriesOptions): void {
  const check = new OptionCheck('withRetries');
  check.unknownKeys('', rest, ['clock']);
  check.integerBetween('deadline', deadline, 1, DAY_MS);
  check.function('idempotent', idempotent);
  check.function('onRetry', onRetry);
  check.throwIfAny();
}

/** Whether an operation is one of a transaction, interactive or batch. */
function isPart(operation: object): boolean {
  const { __internalParams: internal } = operation as { __internalParams?: { transaction?: unknown } };
  return internal?.transaction !== undefined;
}
