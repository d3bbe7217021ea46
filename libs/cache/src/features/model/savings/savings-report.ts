import { OptionCheck } from '@mobius1/kernel';
import { decodeKey, encodeKey } from '../../../core/key.js';
import type { KeyPart } from '../../manager/cache-keys.js';
import { addAmounts, countsOf, type SavingsCounts } from './amounts.js';

/** What rows are made of. */
export type SavingsGroup = 'workspace' | 'model' | 'day';

/** Which savings are asked for. Days are UTC. */
export interface SavingsQuery {
  /** @default all: never show that to a customer */
  readonly workspaceId?: KeyPart | undefined;
  /** @default all */
  readonly modelId?: string | undefined;
  /** The first day: `2026-01-31`, or a Date. @default 29 days before `to` */
  readonly from?: string | Date | undefined;
  /** The last day: it counts. @default today */
  readonly to?: string | Date | undefined;
  /** One row for each of these. @default all three */
  readonly groupBy?: readonly SavingsGroup[] | undefined;
}

/** A row: of a workspace, a model and a day, as far as rows are made of them. */
export interface SavingsRow extends SavingsCounts {
  /** Absent when rows are not made of workspaces. */
  readonly workspaceId?: string;
  /** Absent when rows are not made of models. */
  readonly modelId?: string;
  /** UTC: `2026-01-31`. */
  readonly day?: string;
}

/** What the cache saved, in all processes. */
export interface Savings {
  /** By day, workspace and model. */
  readonly rows: readonly SavingsRow[];
  /** Of all rows. */
  readonly totals: SavingsCounts;
  /** The first day. */
  readonly from: string;
  /** The last day. */
  readonly to: string;
  /** `false`: there is more than this, because of `missing`. */
  readonly complete: boolean;
  /** `store`: it did not answer, what is here was counted by this process; `bound`: too much to read at once; `off`: no ledger is kept. */
  readonly missing?: 'store' | 'bound' | 'off';
  /** Questions that this process could not record. */
  readonly unrecorded: number;
}

/** A query that was checked. */
export interface ResolvedQuery {
  readonly from: string;
  readonly to: string;
  readonly days: readonly string[];
  /** Encoded as keys are. */
  readonly account: string | undefined;
  readonly model: string | undefined;
  readonly groupBy: ReadonlySet<SavingsGroup>;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
// Ten years: no ledger is kept as long.
const MOST_DAYS = 3_660;
const GROUPS: readonly SavingsGroup[] = ['workspace', 'model', 'day'];

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** @throws InvalidOptionsError with every problem at once; InvalidKeyError for ids that are none */
export function resolveQuery(query: SavingsQuery, now: number): ResolvedQuery {
  const check = new OptionCheck('getSavings()');
  check.unknownKeys('', query, ['workspaceId', 'modelId', 'from', 'to', 'groupBy']);
  const { workspaceId, modelId, from, to, groupBy = GROUPS } = query;
  const last = checkDay(check, 'to', to) ?? Date.parse(dayOf(now));
  const first = checkDay(check, 'from', from) ?? last - (DEFAULT_DAYS - 1) * DAY_MS;
  if (first > last || last - first >= MOST_DAYS * DAY_MS)
    check.problem('from', `a day up to ${MOST_DAYS} days before to, or the same`, from);
  if (!Array.isArray(groupBy) || !groupBy.every((group) => GROUPS.includes(group as SavingsGroup)))
    check.problem('groupBy', "a list of 'workspace', 'model', 'day'", groupBy);
  check.throwIfAny();
  const days = Array.from({ length: Math.round((last - first) / DAY_MS) + 1 }, (_, i) => dayOf(first + i * DAY_MS));
  return {
    from: dayOf(first),
    to: dayOf(last),
    days,
    account: workspaceId === undefined ? undefined : encodeKey(String(workspaceId)),
    model: modelId === undefined ? undefined : encodeKey(modelId),
    groupBy: new Set(groupBy),
  };
}

function checkDay(check: OptionCheck, path: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : NaN;
  const day = Number.isNaN(ms) || Math.abs(ms) > 8.64e15 ? '' : dayOf(ms);
  // JavaScript takes 2026-02-31 for a day of March.
  if (day !== '' && (value instanceof Date || day === value)) return Date.parse(day);
  check.problem(path, "a day such as '2026-01-31', or a Date", value);
  return undefined;
}

/** Puts sheets together to what was asked for. */
export class SavingsReport {
  readonly #query: ResolvedQuery;
  readonly #totals = new Map<string, number>();
  readonly #rows = new Map<
    string,
    { readonly labels: Omit<SavingsRow, keyof SavingsCounts>; sums: Map<string, number> }
  >();

  constructor(query: ResolvedQuery) {
    this.#query = query;
  }

  /** Adds a sheet; its names are those of `nameIn`. */
  add(day: string, account: string, sums: Iterable<readonly [string, number]>): void {
    for (const [field, amount] of sums) {
      const end = field.indexOf('|');
      if (end < 0) continue; // nothing of ours
      const [name, model] = [field.slice(0, end), field.slice(end + 1)];
      if (this.#query.model !== undefined && model !== this.#query.model) continue;
      const one = [[name, amount]] as const;
      addAmounts(this.#totals, one);
      addAmounts(this.#rowOf(day, account, model), one);
    }
  }

  result(): Pick<Savings, 'rows' | 'totals' | 'from' | 'to'> {
    const { from, to } = this.#query;
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      rows: rows.map(([, { labels, sums }]) => ({ ...labels, ...countsOf(sums) })),
      totals: countsOf(this.#totals),
      from,
      to,
    };
  }

  #rowOf(day: string, account: string, model: string): Map<string, number> {
    const { groupBy } = this.#query;
    const labels = {
      ...(groupBy.has('day') ? { day } : {}),
      ...(groupBy.has('workspace') ? { workspaceId: decodeKey(account) } : {}),
      ...(groupBy.has('model') ? { modelId: decodeKey(model) } : {}),
    };
    const key = JSON.stringify(Object.values(labels));
    let row = this.#rows.get(key);
    if (row === undefined) this.#rows.set(key, (row = { labels, sums: new Map() }));
    return row.sums;
  }
}
