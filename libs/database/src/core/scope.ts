import { AsyncLocalStorage } from 'node:async_hooks';
import type { CommitOutcome, UnitOfWork } from '@mobius1/kernel';
import { TransactionEndedError } from './errors.js';

/** What waits for the end of a transaction. */
export type Effect = () => void | Promise<void>;

/** What waits for the commit. */
export type CommitEffect = (outcome: CommitOutcome) => void | Promise<void>;

interface Hook {
  readonly effect: CommitEffect;
  /** It is needed as well when nobody knows whether the transaction was committed: an invalidation, for example. */
  readonly evenIfUnclear: boolean;
}

/**
 * One attempt of a transaction, or of a part of it between a savepoint and its release: its client, and what is to be done when
 * it ends. A part that is rolled back takes its hooks along; one that succeeds hands them to what it is a part of.
 */
export class Scope {
  readonly client: unknown;
  readonly parent: Scope | undefined;
  readonly #beforeCommit: ((ms: number) => Promise<void>)[] = [];
  readonly #afterCommit: Hook[] = [];
  readonly #afterRollback: Effect[] = [];
  /** Parts of one transaction share one connection, so they run one after the other. */
  #lastPart: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(client: unknown, parent?: Scope) {
    this.client = client;
    this.parent = parent;
  }

  /** How many savepoints deep. */
  get depth(): number {
    return this.parent === undefined ? 0 : this.parent.depth + 1;
  }

  /** Nothing may be done in it any more. */
  get ended(): boolean {
    return this.#ended || (this.parent?.ended ?? false);
  }

  beforeCommit(effect: (ms: number) => Promise<void>): void {
    this.#beforeCommit.push(effect);
  }

  /** Does what is to be done before COMMIT is sent, which will be within `ms`. */
  async prepare(ms: number): Promise<void> {
    await Promise.all(this.#beforeCommit.map((effect) => effect(ms)));
  }

  afterCommit(effect: CommitEffect, { evenIfUnclear = false }: { evenIfUnclear?: boolean } = {}): void {
    this.#afterCommit.push({ effect, evenIfUnclear });
  }

  afterRollback(effect: Effect): void {
    this.#afterRollback.push(effect);
  }

  /** Runs a part of this transaction after the parts before it. */
  inTurn<T>(part: () => Promise<T>): Promise<T> {
    const turn = this.#lastPart.then(part);
    this.#lastPart = turn.catch(() => undefined);
    return turn;
  }

  /** Ends a part that succeeded: what it wants to do depends on the whole from now on. */
  join(): void {
    this.#ended = true;
    const { parent } = this;
    if (parent === undefined) return;
    parent.#beforeCommit.push(...this.#beforeCommit);
    parent.#afterCommit.push(...this.#afterCommit);
    parent.#afterRollback.push(...this.#afterRollback);
  }

  /** Ends it; what is to be done now. `unclear`: nobody knows whether it was committed. */
  end(outcome: 'committed' | 'rolled-back' | 'unclear'): Effect[] {
    this.#ended = true;
    if (outcome === 'rolled-back') return this.#afterRollback;
    return this.#afterCommit
      .filter(({ evenIfUnclear }) => outcome === 'committed' || evenIfUnclear)
      .map(
        ({ effect }) =>
          () =>
            effect(outcome),
      );
  }
}

/** The transactions of one database: which one is active where, and what waits for its end. */
export class Scopes implements UnitOfWork {
  readonly #storage = new AsyncLocalStorage<Scope | undefined>();

  /** The innermost transaction that the running code was called from, which has not ended. @throws TransactionEndedError */
  get living(): Scope | undefined {
    const scope = this.#storage.getStore();
    if (scope?.ended) throw new TransactionEndedError();
    return scope;
  }

  get active(): boolean {
    const scope = this.#storage.getStore();
    return scope !== undefined && !scope.ended;
  }

  /** Awaits `run` there: a promise of Prisma begins only when it is awaited. */
  async within<T>(scope: Scope | undefined, run: () => PromiseLike<T>): Promise<T> {
    // Before Node.js 24 the first context makes every promise of the process dearer: without transactions there is none.
    if (scope === undefined && this.#storage.getStore() === undefined) return run();
    return this.#storage.run(scope, async () => await run());
  }

  beforeCommit(effect: (ms: number) => Promise<void>): void {
    this.living?.beforeCommit(effect);
  }

  afterCommit(effect: CommitEffect): void | Promise<void> {
    const scope = this.living;
    if (scope === undefined) return effect('committed');
    scope.afterCommit(effect, { evenIfUnclear: true });
  }

  afterCertainCommit(effect: CommitEffect): void | Promise<void> {
    const scope = this.living;
    if (scope === undefined) return effect('committed');
    scope.afterCommit(effect);
  }

  afterRollback(effect: Effect): void {
    this.living?.afterRollback(effect);
  }
}
