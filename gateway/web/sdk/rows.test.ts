import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Emitter } from "./emitter";
import { keepInbox } from "./inbox";
import type { Live, LiveEvents } from "./live";
import { changed, rowAfter } from "./rows";
import type { Lead, LeadEvent, LeadPage } from "./wire";

const lead = (n: number, part: Partial<Lead> = {}): Lead => ({
  lead_id: `lead_${n}`,
  session_id: `ses_${n}`,
  source: "website",
  status: "new",
  created_at: "",
  updated_at: "",
  excerpt: "Hei",
  repeats: 0,
  language: "nb",
  promise: { state: "waiting" },
  needs_human: true,
  human_reason: "still_waiting",
  session_status: "open",
  ...part,
});
const event = (seq: number, n: number, part: Partial<LeadEvent>): LeadEvent => ({
  type: "event",
  seq,
  event: "lead.changed",
  at: "",
  session_id: `ses_${n}`,
  ...part,
});

describe("what an event changed of a lead", () => {
  test("is merged; what is absent is as it was, and null takes away", () => {
    const before = lead(1, { assignee: "mem_1" });
    const after = changed(before, { updated_at: "2", needs_human: false, human_reason: null, status: "won" });
    expect(after).toMatchObject({ updated_at: "2", needs_human: false, status: "won", assignee: "mem_1", excerpt: "Hei" });
    expect("human_reason" in after).toBe(false);
    expect("assignee" in changed(after, { updated_at: "3", assignee: null })).toBe(false);
    expect(before.assignee).toBe("mem_1");
  });

  test("is never made into a row that is not known", () => {
    expect(rowAfter(undefined, event(2, 1, { changes: { updated_at: "2" } }))).toBeNull();
    expect(rowAfter(undefined, event(2, 1, { lead: lead(1) }))?.lead_id).toBe("lead_1");
    expect(rowAfter(lead(1), event(2, 1, {}))).toEqual(lead(1));
  });
});

describe("the inbox", () => {
  class FakeLive extends Emitter<LiveEvents> {
    started = 0;
    adopted: number[] = [];
    start = () => void (this.started += 1);
    adopt = ({ seq }: { seq: number }) => void this.adopted.push(seq);
    tell = (frame: LeadEvent) => this.emit("event", frame);
    gap = () => this.emit("gap", null);
  }
  const page = (seq: number, ...leads: Lead[]): LeadPage => ({
    leads,
    total: leads.length,
    page: 1,
    pages: 1,
    per_page: 3,
    epoch: 1,
    seq,
  });
  let live: FakeLive;
  let shown: string[][];
  let answers: ((page: LeadPage | Error) => void)[];
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    live = new FakeLive();
    shown = [];
    answers = [];
    keepInbox(live as unknown as Live, {
      load: () => new Promise((resolve, reject) => answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)))),
      onLeads: (leads) => shown.push(leads.map((one) => `${one.lead_id} ${one.status}`)),
    });
  });
  afterEach(() => vi.useRealTimers());

  test("shows a page, then what changes, and puts new leads on top", async () => {
    answers[0]!(page(5, lead(1), lead(2)));
    await settle();
    expect(live.started).toBe(1);
    expect(live.adopted).toEqual([5]);
    live.tell(event(6, 2, { changes: { updated_at: "", status: "won" } }));
    live.tell(event(7, 3, { event: "lead.captured", lead: lead(3) }));
    live.tell(event(8, 4, { event: "lead.captured", lead: lead(4) }));
    expect(shown.at(-1)).toEqual(["lead_4 new", "lead_3 new", "lead_1 new"]);
    expect(shown[1]).toEqual(["lead_1 new", "lead_2 won"]);
  });

  test("applies what came while the page was on its way, once", async () => {
    live.tell(event(5, 1, { changes: { updated_at: "", status: "lost" } }));
    live.tell(event(6, 1, { changes: { updated_at: "", status: "won" } }));
    answers[0]!(page(5, lead(1)));
    await settle();
    expect(shown).toEqual([["lead_1 won"]]);
  });

  test("asks once more for a row it does not know, and after a gap, one load at a time", async () => {
    answers[0]!(page(5, lead(1)));
    await settle();
    live.tell(event(6, 9, { changes: { updated_at: "", status: "won" } }));
    live.gap();
    expect(answers.length).toBe(2);
    answers[1]!(page(6, lead(1)));
    await settle();
    answers[2]!(page(7, lead(9, { status: "won" }), lead(1)));
    await settle();
    expect(shown.at(-1)).toEqual(["lead_9 won", "lead_1 new"]);
    expect(answers.length).toBe(3);
  });

  test("tries again when the page does not come", async () => {
    answers[0]!(new Error("no"));
    await vi.advanceTimersByTimeAsync(1_000);
    answers[1]!(page(5, lead(1)));
    await settle();
    expect(shown.length).toBe(1);
  });
});
