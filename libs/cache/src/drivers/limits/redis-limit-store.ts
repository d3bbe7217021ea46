import type { Charge, Claim, LimitRule, LimitStore, Ruling } from '../../core/limits/limit-store.js';
import { StoreUnavailableError } from '../../core/errors.js';
import { isCluster, type RedisClient } from '../redis-client.js';
import type { RedisConnection } from '../redis-connection.js';
import { ALLOWED, DENIED, type GroupRuling, isSimple, itemOf, LATE, rulingOf } from './limit-words.js';
import { BLOCK, CHARGE, DROP, HOLD, RESET, SETTLE } from './limit-scripts.js';

export interface RedisLimitStoreOptions {
  /** Stands before every key. */
  readonly prefix: string;
  /** Milliseconds a decision waits. */
  readonly timeout: number;
}

type Place = Pick<Charge, 'identity' | 'rule'>;

// A window of the calendar that ends between two questions is asked for again; twice in a row is a clock gone mad.
const MOST_ATTEMPTS = 3;
const NO_TOKEN = '-';

/**
 * Rate limits in Redis: one script for all limits of a request, on the server's clock. `<prefix>{<identity>}:<limit>` holds the state of a limit,
 * `…:!` the blocks of an identity, `…:@<token>` a reservation; all of an identity lie in one slot of a Cluster.
 */
export class RedisLimitStore implements LimitStore {
  readonly kind = 'redis';
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #timeout: number;
  readonly #within: <T>(command: () => Promise<T>) => Promise<T>;

  constructor(connection: RedisConnection, { prefix, timeout }: RedisLimitStoreOptions) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#timeout = timeout;
    this.#within = connection.within(timeout);
  }

  charge(charges: readonly Charge[], claim?: Claim): Promise<Ruling> {
    const groups = this.#groups(charges);
    const ruling = groups === undefined ? this.#rule('c', charges, claim) : this.#together(charges, groups, claim);
    if (claim !== undefined && charges.some(isSlots)) this.#orGiveBack(ruling, charges, claim);
    return ruling;
  }

  async peek(charges: readonly Charge[]): Promise<Ruling> {
    const groups = this.#groups(charges) ?? [charges];
    return joined(charges, await Promise.all(groups.map((group) => this.#rule('p', group, undefined))));
  }

  async renew(charges: readonly Charge[], token: string): Promise<void> {
    const slots = charges.filter(isSlots);
    await Promise.all(
      slots.map(({ identity, rule }) =>
        this.#run((client) => HOLD.run(client, [this.#stateKey(identity, rule)], [token, rule.windowMs])),
      ),
    );
  }

  async release(charges: readonly Charge[], token: string): Promise<void> {
    const slots = charges.filter(isSlots);
    await Promise.all(
      slots.map(({ identity, rule }) =>
        this.#run((client) => DROP.run(client, [this.#stateKey(identity, rule)], [token])),
      ),
    );
  }

  async settle(charges: readonly Charge[], token: string, actual: number): Promise<boolean> {
    const settling = charges.filter(({ settles }) => settles);
    const groups = this.#groups(settling) ?? [settling];
    const done = await Promise.all(
      groups.filter(({ length }) => length > 0).map((group) => this.#settle(group, { token, actual, noted: '' })),
    );
    return done.length > 0 && done.every(Boolean);
  }

  async reset(places: readonly Place[]): Promise<void> {
    const reset = (some: readonly Place[]): Promise<unknown> => {
      const states = some.map(({ identity, rule }) => this.#stateKey(identity, rule));
      const blocks = some.map(({ identity }) => this.#blocksKey(identity));
      return this.#run((client) =>
        RESET.run(
          client,
          [...states, ...blocks],
          some.map(({ rule }) => rule.id),
        ),
      );
    };
    await Promise.all(this.#cluster ? places.map((place) => reset([place])) : [reset(places)]);
  }

  async block(identity: string, ms: number): Promise<void> {
    await this.#run((client) => BLOCK.run(client, [this.#blocksKey(identity)], [ms]));
  }

  async unblock(identity: string): Promise<void> {
    await this.#run((client) => client.del(this.#blocksKey(identity)));
  }

  get #cluster(): boolean {
    return isCluster(this.#connection.client);
  }

  #run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#within(() => command(this.#connection.client));
  }

  #stateKey(identity: string, rule: LimitRule): string {
    return this.#base(identity) + rule.id;
  }

  #base(identity: string): string {
    return `${this.#prefix}{${identity}}:`;
  }

  #blocksKey(identity: string): string {
    return `${this.#base(identity)}!`;
  }

  /** Slots that may have been taken though nobody heard of it: nobody would give them back. */
  #orGiveBack(ruling: Promise<unknown>, charges: readonly Charge[], { token }: Claim): void {
    ruling.catch(() => this.release(charges, token).catch(() => undefined));
  }

  /** In a Cluster one script for each identity; `undefined`: one for all. */
  #groups(charges: readonly Charge[]): Charge[][] | undefined {
    if (!this.#cluster) return undefined;
    const groups = new Map<string, Charge[]>();
    for (const charge of charges) {
      const group = groups.get(charge.identity);
      if (group === undefined) groups.set(charge.identity, [charge]);
      else group.push(charge);
    }
    return groups.size > 1 ? [...groups.values()] : undefined;
  }

  /** Several slots cannot be asked in one step: what some have charged is taken back when another one denies, or does not answer. */
  async #together(charges: readonly Charge[], groups: readonly Charge[][], claim: Claim | undefined): Promise<Ruling> {
    const rulings = await Promise.allSettled(groups.map((group) => this.#rule('n', group, claim)));
    const done = rulings.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = rulings.find((one) => one.status === 'rejected');
    const allowed = failed === undefined && done.every((ruling) => ruling.allowed);
    if (!allowed) await Promise.allSettled(done.map((ruling) => this.#undo(ruling, claim)));
    if (failed !== undefined) throw failed.reason;
    return joined(charges, done);
  }

  async #undo({ allowed, charges, verdicts, at }: GroupRuling, claim: Claim | undefined): Promise<void> {
    if (!allowed) return;
    if (claim !== undefined) await this.release(charges, claim.token);
    const counted = charges.map((charge, i) => ({ charge, at: at[i], fits: verdicts[i]?.allowed === true }));
    const group = counted.filter(({ charge, fits }) => fits && !isSlots(charge));
    const noted = group.map(({ charge, at: since }) => `${since ?? 0}:${charge.cost}`).join(' ');
    if (group.length > 0)
      await this.#settle(
        group.map(({ charge }) => charge),
        { token: claim?.token ?? NO_TOKEN, actual: 0, noted },
      );
  }

  async #settle(
    group: readonly Charge[],
    { token, actual, noted }: { token: string; actual: number; noted: string },
  ): Promise<boolean> {
    const states = group.map(({ identity, rule }) => this.#stateKey(identity, rule));
    const now = this.#connection.serverNow();
    const lines = group.map((charge) => itemOf(charge, 1, now)).join(';');
    const keys = [...states, this.#reservationKey(group, token)];
    return (await this.#run((client) => SETTLE.run(client, keys, [actual, noted, lines]))) === 1;
  }

  /** Of those that settle: it is found again by them alone. */
  #reservationKey([first]: readonly Charge[], token: string): string {
    return `${this.#prefix}{${first?.identity ?? ''}}:@${token}`;
  }

  async #rule(mode: 'c' | 'n' | 'p', charges: readonly Charge[], claim: Claim | undefined): Promise<GroupRuling> {
    const { keys, blockOf } = this.#keysOf(charges);
    const settling = charges.filter(({ settles }) => settles);
    if (claim !== undefined && settling.length > 0) keys.push(this.#reservationKey(settling, claim.token));
    const simple = mode === 'c' && isSimple(charges);
    let now = this.#connection.serverNow();
    // A command that waits in a frozen server's queue would charge long after everybody has gone (G15).
    let due = Math.ceil(now + this.#timeout);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const items = charges.map((charge, i) => itemOf(charge, blockOf[i] ?? 1, now)).join(';');
      const special = simple ? [] : [mode, charges.length, claim?.token ?? NO_TOKEN, claim?.ms ?? 0];
      const reply = (await this.#run((client) => CHARGE.run(client, keys, [items, due, ...special]))) as string;
      const verdict = reply.charCodeAt(0);
      if (verdict === ALLOWED || verdict === DENIED) return rulingOf(charges, reply);
      // It came in time, so it is our idea of the server's clock that is wrong.
      if (verdict === LATE) due = 0;
      else now = Number(reply.slice(2));
    }
    throw new StoreUnavailableError(this.#connection.place, 'its clock jumps');
  }

  /** States, then the blocks of each identity; and which of these is whose, counted from 1. */
  #keysOf(charges: readonly Charge[]): { keys: string[]; blockOf: number[] } {
    const keys: string[] = [];
    const identities: string[] = [];
    const bases: string[] = [];
    const blockOf = charges.map(({ identity, rule }) => {
      let known = identities.indexOf(identity);
      if (known < 0) {
        known = identities.push(identity) - 1;
        bases.push(this.#base(identity));
      }
      keys.push((bases[known] ?? '') + rule.id);
      return known + 1;
    });
    for (const base of bases) keys.push(`${base}!`);
    return { keys, blockOf };
  }
}

const isSlots = ({ rule }: Charge): boolean => rule.kind === 'slots';

/** Rulings of parts, in the order of the charges. */
function joined(
  charges: readonly Charge[],
  rulings: readonly (Ruling & { readonly charges?: readonly Charge[] })[],
): Ruling {
  const verdicts = charges.map((charge) => {
    const part = rulings.find((ruling) => ruling.charges?.includes(charge));
    return part?.verdicts[part.charges?.indexOf(charge) ?? -1];
  });
  return {
    allowed: rulings.every(({ allowed }) => allowed),
    verdicts: verdicts.filter((verdict) => verdict !== undefined),
  };
}
