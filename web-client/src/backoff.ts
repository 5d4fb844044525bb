/** How long to wait before the next attempt to connect. */

/** The bounds of the waits between attempts. */
export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. Default 1,000. */
  firstMs?: number;
  /** Upper bound of every wait, in milliseconds. Default 30,000. */
  maxMs?: number;
  /** A number from 0 up to, not including, 1. Default `Math.random`. */
  random?: () => number;
}

/** Exponential backoff with full jitter: any wait from nothing to a bound that doubles. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempt = 0;

  constructor(options: BackoffOptions = {}) {
    this.#firstMs = options.firstMs ?? 1_000;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#random = options.random ?? Math.random;
  }

  /** How many waits were handed out since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /**
   * The next wait, in whole milliseconds. The whole range is drawn from, so that the clients of a gateway that
   * restarts come back spread out and not in waves.
   */
  next(): number {
    const bound = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.floor(this.#random() * bound);
  }

  /** Starts again with the first wait. */
  reset(): void {
    this.#attempt = 0;
  }
}
