import { StoreUnavailableError } from '../../../core/errors.js';
import { fewAtATime } from '../../../core/few-at-a-time.js';
import type { Sheet, Tally } from '../../../core/tally.js';
import type { ResolvedQuery } from './savings-report.js';

type Visit = (sheet: Sheet & { readonly day: string; readonly account: string }) => void;

// A year of 27 workspaces, a month of 333: a report for more is made of several.
const MOST_SHEETS = 10_000;
const READ_AT_ONCE = 32;

/** Shows every sheet that a query is about; says why some are missing. */
export async function readSheets(
  tally: Tally,
  { days, account }: ResolvedQuery,
  visit: Visit,
): Promise<'store' | 'bound' | undefined> {
  let left = MOST_SHEETS;
  let missing: 'store' | 'bound' | undefined;
  const readDay = async (day: string): Promise<void> => {
    const listed = account === undefined ? await tally.accounts(day) : { accounts: [account], all: true };
    const accounts = listed.accounts.slice(0, left);
    left -= accounts.length;
    if (!listed.all || accounts.length < listed.accounts.length) missing = 'bound';
    await fewAtATime(accounts, READ_AT_ONCE, async (one) => {
      visit({ ...(await tally.read(day, one)), day, account: one });
      return true;
    });
  };
  try {
    // With one workspace a day is one read; otherwise a day has reads enough.
    await fewAtATime(days, account === undefined ? 1 : READ_AT_ONCE, async (day) => {
      if (left > 0) await readDay(day);
      else missing = 'bound';
      return true;
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return 'store';
  }
  return missing;
}
