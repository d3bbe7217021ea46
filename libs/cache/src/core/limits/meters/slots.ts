/** Slots by the token of who holds them; one that is not renewed in time is free. */
export class Slots {
  readonly #until = new Map<string, number>();

  used(now: number): number {
    for (const [token, until] of this.#until) if (until <= now) this.#until.delete(token);
    return this.#until.size;
  }

  /** Milliseconds until one more is free, if nobody renews. */
  untilFree(now: number): number {
    return Math.max(0, Math.min(...this.#until.values()) - now);
  }

  hold(token: string, until: number): void {
    this.#until.set(token, until);
  }

  release(token: string): void {
    this.#until.delete(token);
  }
}
