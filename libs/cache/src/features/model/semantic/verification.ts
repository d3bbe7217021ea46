import { type Clock, withDeadline } from '@mobius1/kernel';
import type { PlainAnswer } from '../model-types.js';
import { countFailure, TooSlowError } from './failures.js';
import { FewBehind, MOST_HEAVY } from './few-behind.js';
import { type Asked, type Candidate, type Found, nameOf, type Setup } from './lookups.js';
import type { SemanticCounts } from './semantic-stats.js';

interface VerificationParts {
  readonly clock: Clock;
  readonly counts: SemanticCounts;
}

/** A judge that asks a model takes seconds. */
const JUDGE_MS = 60_000;

/** What goes on behind the callers: fresh answers are compared with those of candidates, and questions are noted. */
export class Verification {
  readonly #parts: VerificationParts;
  readonly #behind = new FewBehind();

  constructor(parts: VerificationParts) {
    this.#parts = parts;
  }

  /** Compares the model's answer with that of the candidate, if there is one, and notes the question. Never fails, never waits. */
  answered(setup: Setup, { asked, candidate }: Found, fresh: PlainAnswer): void {
    if (candidate === undefined) {
      this.#later(() => keep(asked));
      return;
    }
    const verify = async (): Promise<void> => {
      await this.#verify(setup, { asked, candidate, fresh });
      await keep(asked);
    };
    this.#later(verify, MOST_HEAVY);
  }

  /** Notes a question once it is known how it is found. */
  note(find: () => Promise<Asked | undefined>): void {
    this.#later(async () => {
      const asked = await find();
      if (asked !== undefined) await keep(asked);
    });
  }

  async #verify(
    { options }: Setup,
    { asked, candidate, fresh }: { asked: Asked; candidate: Candidate; fresh: PlainAnswer },
  ): Promise<void> {
    const { clock, counts } = this.#parts;
    const { similarity, answer } = candidate;
    let same: boolean;
    try {
      const judged = Promise.resolve(options.equivalent(fresh.output, answer.output));
      same = await withDeadline(judged, JUDGE_MS, () => new TooSlowError('equivalent() took too long.'), clock);
    } catch {
      counts.judgeFailures++;
      return;
    }
    counts.verified++;
    if (!same) counts.wrong++;
    await asked.place.partition.learn({ similarity, wrong: !same });
  }

  #later(work: () => Promise<void>, most?: number): void {
    const { counts } = this.#parts;
    const added = this.#behind.add(() => work().catch((error: unknown) => countFailure(counts, error)), most);
    if (!added) counts.skipped++;
  }
}

const keep = ({ place, own, signature, vector }: Asked): Promise<void> =>
  place.partition.add({ name: nameOf(own), proof: own.proof, ...signature, vector });
