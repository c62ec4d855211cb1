/**
 * Puts a streamed answer together from its pieces.
 *
 * Lives here: the draft of one running turn. Offsets count Unicode scalar values, while strings
 * in the browser count UTF-16 units, so the two are kept side by side.
 * Invariants: the text only ever grows within one draft id; a repeated or overlapping piece changes
 * nothing twice; a piece that would leave a hole is refused, and the caller asks for the whole.
 */
import type { DeltaEvent } from "./wire";

/** Upper bound of a draft in UTF-16 units (A9); what comes after it is not shown until posted. */
export const MAX_DRAFT = 64 * 1024;

/** `grown`: the text changed. `known`: nothing new. `gap`: something in between was missed. */
export type DraftStep = "grown" | "known" | "gap";

/** The number of Unicode scalar values in `text`. */
export function scalars(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** `text` without its first `count` Unicode scalar values. */
function skip(text: string, count: number): string {
  let units = 0;
  for (const char of text) {
    if (count-- <= 0) break;
    units += char.length;
  }
  return text.slice(units);
}

export class DraftAssembler {
  id: string | null = null;
  text = "";
  #length = 0;

  /** A turn began; nothing is written yet. */
  start(id: string): void {
    if (this.id === id) return;
    this.id = id;
    this.text = "";
    this.#length = 0;
  }

  /** Takes over a draft as a snapshot gave it. */
  restore(id: string, text: string): void {
    this.id = id;
    this.text = text;
    this.#length = scalars(text);
  }

  /** Adds one piece. */
  apply(delta: Omit<DeltaEvent, "type">): DraftStep {
    if (delta.draft_id !== this.id) {
      if (delta.offset > 0) return "gap";
      this.start(delta.draft_id);
    }
    if (delta.offset > this.#length) return "gap";
    const fresh = skip(delta.text, this.#length - delta.offset);
    if (!fresh || this.text.length + fresh.length > MAX_DRAFT) return "known";
    this.text += fresh;
    this.#length += scalars(fresh);
    return "grown";
  }

  /** The turn is over, or its text was withdrawn; an older id is ignored. */
  end(id?: string): void {
    if (id !== undefined && id !== this.id) return;
    this.id = null;
    this.text = "";
    this.#length = 0;
  }
}
