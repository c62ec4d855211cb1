/**
 * The parser of `text/event-stream`, after the algorithm of the HTML standard.
 *
 * Lives here: text in, events out; the text may be cut anywhere, also between CR and LF.
 * Invariants: a comment never becomes an event; an event without data is dropped; one line or one
 * event larger than {@link MAX_EVENT} ends the stream, so memory never grows with the peer (A9).
 */

/** One dispatched event. `id` is what the stream last said, also in an earlier event. */
export interface SseEvent {
  event: string;
  data: string;
  id: string;
}

/** The largest event, in UTF-16 units: far above a whole draft, far below trouble. */
export const MAX_EVENT = 1 << 20;

export class SseParser {
  /** The last id seen; survives events that carry none. */
  lastId = "";
  #rest = "";
  #started = false;
  #afterCr = false;
  #event = "";
  #data: string[] = [];
  #size = 0;

  /** Takes the next piece of text and returns the events that it completes; a `RangeError` when one is too large. */
  push(chunk: string): SseEvent[] {
    const out: SseEvent[] = [];
    let text = chunk;
    if (!this.#started && text) {
      this.#started = true;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    if (this.#afterCr && text) {
      // The CR that ended the last piece already ended the line; its LF belongs to it.
      if (text[0] === "\n") text = text.slice(1);
      this.#afterCr = false;
    }
    text = this.#rest + text;
    const breaks = /\r\n|\r|\n/g;
    let from = 0;
    for (let found = breaks.exec(text); found; found = breaks.exec(text)) {
      this.#line(text.slice(from, found.index), out);
      from = breaks.lastIndex;
      if (found[0] === "\r" && from === text.length) this.#afterCr = true;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > MAX_EVENT) throw new RangeError();
    return out;
  }

  #line(line: string, out: SseEvent[]): void {
    if (line === "") {
      if (this.#data.length) {
        out.push({ event: this.#event || "message", data: this.#data.join("\n"), id: this.lastId });
      }
      this.#event = "";
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    if (field === "data") {
      this.#size += value.length;
      if (this.#size > MAX_EVENT) throw new RangeError();
      this.#data.push(value);
    } else if (field === "event") {
      this.#event = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.lastId = value;
    }
    // `retry:` is left out on purpose: the back-off of this client spreads its own retries.
  }
}
