/**
 * What a frame of the live socket means for somebody who stands at a cursor.
 *
 * Lives here: the pure part of resuming: welcome, gap, event, beat.
 * Invariants: an event is given out once and in order, or a fresh snapshot is asked for.
 */
import { type Cursor, isStale, printCursor } from "./cursor";
import type { BookingEvent, LeadEvent, ServerFrame } from "./wire";

/** What to do with a frame. */
export type LiveStep = { do: "nothing" } | { do: "ready" } | { do: "apply"; event: LeadEvent | BookingEvent } | { do: "resync" };

const NOTHING: LiveStep = { do: "nothing" };

/** The cursor of a live log, and the meaning of each frame for it. */
export class LiveLog {
  #at: Cursor | null;

  constructor(at: Cursor | null = null) {
    this.#at = at;
  }

  /** What to say in `hello.after`. */
  get after(): string | null {
    return printCursor(this.#at);
  }

  /**
   * A snapshot was loaded: go on from there. Never goes back within an epoch: events that came in
   * while the snapshot was on its way are already given out.
   */
  adopt(at: Cursor): void {
    if (!isStale(this.#at, at)) this.#at = { epoch: at.epoch, seq: at.seq };
  }

  /** The server does not know this cursor any more. */
  forget(): void {
    this.#at = null;
  }

  take(frame: ServerFrame): LiveStep {
    const known = this.#at;
    switch (frame.type) {
      case "welcome": {
        if (frame.resumed && known?.epoch === frame.epoch) return { do: "ready" };
        // Not resumed from where we stand: unless nothing happened since, events are missing.
        this.#at = { epoch: frame.epoch, seq: frame.seq };
        return { do: known?.epoch === frame.epoch && known.seq === frame.seq ? "ready" : "resync" };
      }
      case "gap": {
        // A gap right after a welcome that did not resume says the same thing once more.
        this.#at = { epoch: frame.epoch, seq: frame.seq };
        return { do: known?.epoch === frame.epoch && known.seq === frame.seq ? "nothing" : "resync" };
      }
      case "event":
      case "booking": {
        if (!known || frame.seq <= known.seq) return NOTHING;
        this.#at = { epoch: known.epoch, seq: frame.seq };
        return { do: "apply", event: frame };
      }
      case "beat":
        // Frames arrive in order: whatever lies below a beat was sent, or was not for this topic.
        if (known && frame.seq > known.seq) this.#at = { epoch: known.epoch, seq: frame.seq };
        return NOTHING;
      default:
        // What stands in no log, and what a newer server says.
        return NOTHING;
    }
  }
}
