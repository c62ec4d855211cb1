/**
 * Tells the other side that somebody types, without a frame for every key.
 *
 * Lives here: the rhythm. A frame holds for six seconds at the server, so it is repeated after three
 * while keys are pressed, and withdrawn when none was pressed for five.
 */

export const TYPING_AGAIN_MS = 3_000;
export const TYPING_OVER_MS = 5_000;

export class TypingNotice {
  readonly #tell: (on: boolean) => void;
  #toldAt = 0;
  #over: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (on: boolean) => void) {
    this.#tell = tell;
  }

  /** A key was pressed. */
  touch(): void {
    clearTimeout(this.#over);
    this.#over = setTimeout(() => this.stop(), TYPING_OVER_MS);
    const now = Date.now();
    if (now - this.#toldAt < TYPING_AGAIN_MS) return;
    this.#toldAt = now;
    this.#tell(true);
  }

  /** It was sent, or thrown away. */
  stop(): void {
    clearTimeout(this.#over);
    if (!this.#toldAt) return;
    this.#toldAt = 0;
    this.#tell(false);
  }
}
