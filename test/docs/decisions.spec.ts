import { DECISIONS, type Decision } from '../../libs/database/src/core/retry-policy.js';
import { textOf } from './sources.js';

const COLUMNS = ['read', 'write', 'idempotent-write', 'transaction', 'commit'] as const;

/** The row of a decision, as cells. */
function rowOf(kind: string, { verdicts, pace, because }: Decision): string[] {
  const repeats = Object.values(verdicts).includes('retry');
  const paceText = repeats ? `${pace.attempts} × ${pace.base}…${pace.cap}` : '–';
  return [`\`${kind}\``, ...COLUMNS.map((column) => verdicts[column]), paceText, because];
}

describe('the table of what is repeated', () => {
  const lines = textOf('docs/transactions.md').split('\n');
  const head = lines.findIndex((line) => line.startsWith('| kind '));
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());

  it('is the policy itself', () => {
    expect(cells(lines[head] ?? '').slice(1, 6)).toEqual([...COLUMNS]);
    const kinds = Object.entries(DECISIONS);
    const rows = lines.slice(head + 2, head + 2 + kinds.length).map(cells);
    expect(rows).toEqual(kinds.map(([kind, decision]) => rowOf(kind, decision)));
    expect(lines[head + 2 + kinds.length]).toBe('');
  });
});
