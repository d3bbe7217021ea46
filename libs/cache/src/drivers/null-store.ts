import { systemClock } from '@mobius1/kernel';
import type { Drawn, Reading, ReadQuery, Store } from '../core/store.js';
import { NO_TOKEN } from '../core/token.js';
import { PollingWatch, type Watch } from '../core/watch.js';

/** The store of a cache that is turned off: holds nothing, grants nothing, fails nothing. */
export class NullStore implements Store {
  readonly kind = 'none';
  readonly audible = true;

  listen(): void {
    // Nothing changes.
  }

  watch(): Watch {
    return new PollingWatch(systemClock);
  }

  now(): number {
    return Date.now();
  }

  peek(): undefined {
    return undefined;
  }

  async read({ names }: ReadQuery): Promise<Reading> {
    return { found: { kind: 'absent' }, generations: names.map(() => undefined), sequence: undefined };
  }

  async acquire(): Promise<boolean> {
    return false;
  }

  async force(): Promise<boolean> {
    return false;
  }

  async fence(): Promise<void> {
    // Nothing is stored anyway.
  }

  async lift(): Promise<void> {
    // Nothing was fenced.
  }

  async renew(): Promise<boolean> {
    return false;
  }

  async release(): Promise<boolean> {
    return false;
  }

  async fail(): Promise<boolean> {
    return false;
  }

  async fill(): Promise<boolean> {
    return false;
  }

  async delete(): Promise<number> {
    return 0;
  }

  async draw(names: readonly string[]): Promise<Drawn> {
    const sequence = { epoch: 'none', number: 0 };
    return { generations: names.map(() => `${NO_TOKEN}:none:0`), sequence, previous: sequence };
  }

  async sweep(): Promise<number> {
    return 0;
  }

  forget(): void {
    // Nothing is held.
  }

  /** Counts nothing: every increment is the first one. */
  async increment(_id: string, by: number): Promise<number> {
    return by;
  }

  async usage(): Promise<{ keys: number; memory: number }> {
    return { keys: 0, memory: 0 };
  }
}
