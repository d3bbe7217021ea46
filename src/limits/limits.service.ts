import { Inject, Injectable } from '@nestjs/common';
import {
  answerRateLimit,
  type LimitedRequest,
  RateLimitKeys,
  type RateLimitResult,
  RateLimitService,
  type SettledAnswer,
} from '@mobius1/cache';
import { LIMIT_NUMBERS } from './limit-numbers.module.js';
import { type LimitNumbers, policiesOf, userOf } from './limits.js';

/** Units to reserve before anything is known of a model in a workspace. */
const FIRST_ESTIMATE = 200;

/** Whose tokens a call of a model uses, and what answers whoever asked. */
interface Spending {
  readonly workspaceId: string;
  readonly modelId: string;
  readonly response: object;
}

@Injectable()
export class LimitsService {
  readonly #policies: ReturnType<typeof policiesOf>;

  constructor(
    private readonly limits: RateLimitService,
    private readonly keys: RateLimitKeys,
    @Inject(LIMIT_NUMBERS) numbers: LimitNumbers,
  ) {
    this.#policies = policiesOf(numbers);
  }

  /** How the limits stand for a request, without counting it. */
  async standing(request: LimitedRequest & { ip?: string }, workspaceId?: string): Promise<readonly RateLimitResult[]> {
    const { requests, writes, questions, tokens } = this.#policies;
    const address = this.keys.of({ ip: request.ip ?? '' });
    const user = userOf(request);
    const key = user === undefined ? address : this.keys.of({ user });
    const targets = [
      { key: address, policy: requests },
      { key, policy: writes },
      { key, policy: questions },
      ...(workspaceId === undefined ? [] : [{ key: this.keys.of({ workspace: workspaceId }), policy: tokens }]),
    ];
    return (await this.limits.peek(targets)).results;
  }

  /**
   * Asks a model within the tokens of a workspace: an estimate is reserved before, and what was used is charged after. An answer from the
   * cache uses none.
   *
   * @throws RateLimitException when the workspace has too few left
   */
  async spend<Answer extends SettledAnswer>(
    { workspaceId, modelId, response }: Spending,
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    const key = this.keys.of({ workspace: workspaceId });
    const estimate = { workspaceId, modelId, initial: FIRST_ESTIMATE };
    const reservation = await this.limits.reserve(key, this.#policies.tokens, estimate);
    answerRateLimit(response, reservation.decision);
    try {
      const answer = await ask();
      await reservation.settle(answer);
      return answer;
    } catch (error) {
      await reservation.release();
      throw error;
    }
  }
}
