import { describe, expect, test } from "vitest";
import { LiveLog } from "./log";
import type { LeadEvent, ServerFrame } from "./wire";

const event = (seq: number) => ({ type: "event", seq, event: "lead.changed" }) as LeadEvent;
const welcome = (epoch: number, seq: number, resumed: boolean): ServerFrame => ({
  type: "welcome",
  ref: "1",
  epoch,
  seq,
  resumed,
});
const gap = (epoch: number, seq: number): ServerFrame => ({
  type: "gap",
  snapshot_url: "/v1/leads",
  epoch,
  seq,
});

describe("the live log", () => {
  test("asks to go on from the snapshot it was given", () => {
    const log = new LiveLog();
    expect(log.after).toBeNull();
    log.adopt({ epoch: 2, seq: 10 });
    expect(log.after).toBe("2-10");
  });

  test("applies replayed events once and in order", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    expect(log.take(welcome(2, 13, true))).toEqual({ do: "ready" });
    expect(log.take(event(11)).do).toBe("apply");
    expect(log.take(event(13)).do).toBe("apply");
    expect(log.take(event(13)).do).toBe("nothing");
    expect(log.take(event(12)).do).toBe("nothing");
    expect(log.after).toBe("2-13");
  });

  test("asks for a snapshot when the server could not resume", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    expect(log.take(welcome(3, 5, false)).do).toBe("resync");
    expect(log.after).toBe("3-5");
    expect(log.take(event(6)).do).toBe("apply");
  });

  test("asks for one snapshot, not two, when a gap follows such a welcome", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    expect(log.take(welcome(2, 500, false)).do).toBe("resync");
    expect(log.take(gap(2, 500)).do).toBe("nothing");
    expect(log.take(gap(2, 900)).do).toBe("resync");
    expect(log.after).toBe("2-900");
  });

  test("needs no snapshot when nothing happened in between", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    expect(log.take(welcome(2, 10, false)).do).toBe("ready");
  });

  test("moves its cursor with the beat, so that a quiet topic resumes near the end", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    log.take({ type: "beat", seq: 40 });
    expect(log.after).toBe("2-40");
    log.take({ type: "beat", seq: 39 });
    expect(log.after).toBe("2-40");
    expect(log.take(event(41)).do).toBe("apply");
  });

  test("never goes back when a snapshot arrives after newer events", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    log.take(event(12));
    log.adopt({ epoch: 2, seq: 11 });
    expect(log.after).toBe("2-12");
    log.adopt({ epoch: 3, seq: 1 });
    expect(log.after).toBe("3-1");
  });

  test("starts from nothing after the server refused the cursor", () => {
    const log = new LiveLog({ epoch: 2, seq: 10 });
    log.forget();
    expect(log.after).toBeNull();
    expect(log.take(welcome(2, 44, false)).do).toBe("resync");
  });
});
