/**
 * How long to wait before the next try.
 *
 * Lives here: exponential back-off with full jitter: the ceiling doubles from 0.5 s to 10 s, the
 * wait is drawn evenly below it, so a thousand clients cut at once do not come back at once.
 */

export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MOST_MS = 10_000;

export class Backoff {
  readonly #random: () => number;
  #tries = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The highest wait that the next call of {@link next} can return. */
  get ceiling(): number {
    return Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#tries, 16));
  }

  /** Milliseconds to wait; `atLeast` is what the server asked for (`Retry-After`). */
  next(atLeast = 0): number {
    const wait = this.#random() * this.ceiling;
    this.#tries += 1;
    return atLeast + wait;
  }

  /** Call when something was heard from the server: the next failure starts small again. */
  reset(): void {
    this.#tries = 0;
  }
}
