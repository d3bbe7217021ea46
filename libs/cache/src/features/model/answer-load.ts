import type { Clock } from '@mobius1/kernel';
import type { CacheEngine } from '../../core/engine.js';
import type { Standing } from '../../core/flight.js';
import type { RefusalReason } from './admission.js';
import { type AnswerEntries, UNLESS_ASKED_FOR } from './answer-entries.js';
import type { Inquiry, Make, Outcome } from './inquiry.js';
import type { ModelLedger } from './model-stats.js';
import type { PlainAnswer, StoredAnswer } from './model-types.js';
import { mayPass } from './provider-failure.js';

/** Why an answer that was to be kept is not, by what the cache says of it. */
const WHY_NOT_STORED: Readonly<Record<Exclude<Standing, 'stored'> | 'bypassed', RefusalReason>> = {
  fenced: 'invalidated',
  current: 'output-too-large',
  unleased: 'unavailable',
  bypassed: 'bypassed',
};

const isRefused = ({ refusal }: StoredAnswer): boolean => refusal !== undefined;

interface LoadParts {
  readonly engine: CacheEngine;
  readonly clock: Clock;
  readonly ledger: ModelLedger;
  readonly entries: AnswerEntries;
}

/** Whatever stands under a key, and what became of it if it was made for this caller. */
interface Asked {
  readonly value: StoredAnswer | null;
  readonly standing?: Standing | undefined;
}

interface Shown<What> {
  readonly shown: What;
}

interface Manner {
  /** Whatever stands there makes room. */
  readonly renew: boolean;
  /** When the inference of somebody else fails, one of those who waited for it asks once more. */
  readonly elects: boolean;
}

/**
 * One inference for all who ask the same, as a load of the cache: what comes of it is stored, or only handed to those who wait, when it is
 * not to be kept (G1, G6, G18).
 */
export class AnswerLoads {
  readonly #parts: LoadParts;

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  /** The stored answer, or the one that `make` makes. Who joins an inference of this process may get what it shows instead. */
  load<T, What = never>(inquiry: Inquiry, make: Make<What>): Promise<Outcome<T> | Shown<What>> {
    const { noCache = false, onLeaderFailure = 'fail' } = inquiry.controls;
    return this.#load<T, What>(inquiry, make, { renew: noCache, elects: onLeaderFailure === 'elect' });
  }

  async #load<T, What>(
    inquiry: Inquiry,
    make: Make<What>,
    { renew, elects }: Manner,
  ): Promise<Outcome<T> | Shown<What>> {
    const { clock, entries } = this.#parts;
    const { key, proof, oldestMs } = inquiry;
    const asked = clock.now();
    const mine: { led: boolean; made?: PlainAnswer } = { led: false };
    const run = async (show?: (what: What) => void): Promise<StoredAnswer> => {
      mine.led = true;
      const answer = { ...(await make(show)), proof };
      const entry = answer.refusal === undefined ? entries.toKeep(answer, key) : undefined;
      mine.made = entry === undefined ? entries.withheld(answer, answer.refusal ?? 'unkeyable') : answer;
      return entry ?? mine.made;
    };
    const joined = await this.#ask(inquiry, run, renew).catch((error: unknown) => {
      if (mine.led || !elects) throw error;
      // The one whom this caller waited for failed: whoever of those who wait is first asks once more for all of them.
      return undefined;
    });
    if (joined === undefined) return this.#load(inquiry, make, { renew, elects: false });
    if ('shown' in joined) return joined;
    const found = joined.value;
    if (mine.made !== undefined && found?.id === mine.made.id) return this.#mine<T>(mine.made, key, joined.standing);
    const entry = entries.open(found, inquiry);
    // What stands there is nobody's answer, or too old for this one: it makes room.
    if (entry === undefined || entries.isTooOld(entry, oldestMs))
      return this.#load(inquiry, make, { renew: true, elects });
    const stale = clock.now() > entry.storedAt + entry.ttlMs;
    return entries.hit<T>(entry, stale ? 'stale' : entry.storedAt > asked ? 'coalesced' : 'exact', inquiry);
  }

  /** Whatever stands under the key, or comes of running the inference. */
  async #ask<What>(
    { key, tags, lifeMs, oldestMs, waitTimeout, controls }: Inquiry,
    run: (show?: (what: What) => void) => Promise<StoredAnswer>,
    renew: boolean,
  ): Promise<Asked | Shown<What>> {
    const { engine, entries } = this.#parts;
    const options = {
      ...UNLESS_ASKED_FOR,
      ...{ ttl: `${lifeMs}ms` as const, tags, waitTimeout, unless: isRefused },
      staleWhileRevalidate: renew ? 0 : (controls.staleWhileRevalidate ?? 0),
      staleIfError: renew ? 0 : (controls.staleIfError ?? 0),
      staleIf: controls.staleIf ?? mayPass,
    };
    if (!renew && oldestMs === Infinity) return engine.getOrJoin(key, run, options);
    const accepts = (found: unknown): boolean => !entries.isTooOld(found as StoredAnswer | null, oldestMs);
    if (!renew) return engine.getOrJoin(key, run, { ...options, accepts });
    const put = await engine.put(key, run, options);
    if (put.standing !== 'stored') return put;
    // The key was held all the while; of a tag that was invalidated meanwhile only a reader hears.
    const now = await entries.under(key);
    return { ...put, standing: now?.id === put.value.id ? 'stored' : 'fenced' };
  }

  /** What this caller's own inference gave, and what became of it. */
  #mine<T>(made: PlainAnswer, key: string, standing: Standing | undefined): Outcome<T> {
    const { ledger, entries } = this.#parts;
    if (made.pointer === undefined) ledger.misses++;
    if (made.refusal !== undefined) return entries.outcome<T>(made, 'none', key);
    if (standing !== 'stored') {
      const refusal = WHY_NOT_STORED[standing ?? 'bypassed'];
      return ledger.refused(refusal, entries.outcome<T>({ ...made, refusal }, 'none', key));
    }
    ledger.stored++;
    return entries.outcome<T>(made, 'none', key);
  }
}
