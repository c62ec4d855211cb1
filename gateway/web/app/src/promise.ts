/**
 * The promise clock as a person reads it.
 *
 * Lives here: pure functions from a lead's promise and the time to a phase, a share of the ring
 * and a sentence; the difference between the server's clock and this machine's.
 */
import type { LeadPromise } from "../../sdk/wire";
import { fill, formatNumber, type Lang, type Texts } from "./i18n";

/** Colour of the ring: plenty of time, soon, now, too late; or how it ended. */
export type Phase = "none" | "calm" | "soon" | "urgent" | "late" | "kept" | "broken";

export interface ClockFace {
  phase: Phase;
  /** How much of the ring is filled, 0 to 1. */
  share: number;
  /** Seconds left, rounded up; negative when late. `null` when nobody waits. */
  left: number | null;
  sentence: string;
  by: string;
}

/** A span as people say it: `4.2 s`, `47 s`, `6 min 52 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatSpan(ms: number, lang: Lang, units: Texts["units"]): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  if (tenths < 100) return `${formatNumber(tenths / 10, lang, 1)} ${units.s}`;
  const seconds = Math.round(ms / 1000);
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    `${formatNumber(big, lang)} ${bigUnit}` + (small ? ` ${small} ${smallUnit}` : "");
  if (seconds < 60) return `${seconds} ${units.s}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), units.min, seconds % 60, units.s);
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), units.h, minutes % 60, units.min);
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), units.d, hours % 24, units.h);
}

/** Whole seconds for a running clock, so that the text does not flicker. */
function formatWhole(seconds: number, lang: Lang, units: Texts["units"]): string {
  return seconds < 10 ? `${seconds} ${units.s}` : formatSpan(seconds * 1000, lang, units);
}

export function readPromise(promise: LeadPromise, now: number, lang: Lang, t: Texts): ClockFace {
  const words = t.promise;
  const by = promise.by ? words.by[promise.by] : "";
  const after = promise.answered_after_ms;
  switch (promise.state) {
    case "none":
      return { phase: "none", share: 0, left: null, sentence: words.none, by: "" };
    case "kept": {
      const sentence = fill(words.kept, { d: formatSpan(after ?? 0, lang, t.units) });
      return { phase: "kept", share: 1, left: null, sentence, by };
    }
    case "broken": {
      const sentence = after == null ? words.missed : fill(words.broken, { d: formatSpan(after, lang, t.units) });
      return { phase: "broken", share: 1, left: null, sentence, by };
    }
    case "waiting": {
      const deadline = Date.parse(promise.deadline ?? "");
      const since = Date.parse(promise.since ?? "");
      if (!Number.isFinite(deadline)) return { phase: "calm", share: 1, left: null, sentence: "", by: "" };
      const leftMs = deadline - now;
      if (leftMs < 0) {
        const over = Math.floor(-leftMs / 1000);
        const sentence = fill(words.late, { d: formatWhole(over, lang, t.units) });
        return { phase: "late", share: 1, left: -over, sentence, by: "" };
      }
      const whole = Math.max(deadline - since, 1);
      const share = Number.isFinite(whole) ? Math.min(1, leftMs / whole) : 1;
      const left = Math.ceil(leftMs / 1000);
      const phase = share > 0.5 ? "calm" : share > 0.2 ? "soon" : "urgent";
      return { phase, share, left, sentence: fill(words.waiting, { d: formatWhole(left, lang, t.units) }), by: "" };
    }
  }
}

/**
 * The server's time, told from this machine's clock.
 *
 * A promise counts on the server's clock; a laptop may be minutes off. Every frame that carries
 * the server's `at` says how far: the smallest lag heard is the best guess.
 */
export class ServerClock {
  #ahead = 0;
  #known = false;

  /** The server wrote `at` a moment before `heard` (ms on this machine). */
  heard(at: string, heard = Date.now()): void {
    const ahead = Date.parse(at) - heard;
    if (!Number.isFinite(ahead)) return;
    // A frame takes time to arrive, so the truth is at least this far ahead.
    if (!this.#known || ahead > this.#ahead) this.#ahead = ahead;
    this.#known = true;
  }

  now(local = Date.now()): number {
    // Below two seconds it is the network, not the clock.
    return local + (Math.abs(this.#ahead) > 2000 ? this.#ahead : 0);
  }
}
