import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ProblemError } from "./http";
import { LineLost, Live, MOST_QUEUED, QueueFull, REPLY_MS } from "./live";
import type { LeadEvent, Message } from "./wire";

type Frame = Record<string, unknown> & { type: string; ref: string };

/** The socket of the code under test, with the server's end in the hand of the test. */
class FakeSocket {
  static all: FakeSocket[] = [];
  static server: ((socket: FakeSocket, frame: Frame) => void) | null = null;
  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }
  readonly sent: Frame[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    FakeSocket.all.push(this);
    setTimeout(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.sent.push(frame);
    FakeSocket.server?.(this, frame);
  }

  close(): void {
    this.readyState = 3;
  }

  // ---- the server's end ----
  say(frame: object): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) });
  }
  reply(frame: Frame, body: object = { ok: true }): void {
    this.say({ type: "reply", ref: frame.ref, ...body });
  }
  cut(code = 1006): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code });
  }
  welcome(seq = 10, resumed = true): void {
    const hello = this.sent.find((frame) => frame.type === "hello");
    this.say({ type: "welcome", ref: hello?.ref, epoch: 1, seq, resumed });
  }
  of(type: string): Frame[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

const after = (ms = 1) => vi.advanceTimersByTimeAsync(ms);
const lines: Live[] = [];

async function connect(options: ConstructorParameters<typeof Live>[0] = {}): Promise<Live> {
  const live = new Live({ url: "https://forecourt.test", ...options }, () => 0.5);
  lines.push(live);
  live.adopt({ epoch: 1, seq: 10 });
  live.start();
  await after();
  return live;
}
async function ready(): Promise<Live> {
  const live = await connect();
  FakeSocket.last.welcome();
  return live;
}
/** Cuts the line and waits for the next. */
async function tunnel(code = 1006): Promise<void> {
  FakeSocket.last.cut(code);
  await after(600);
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  FakeSocket.server = null;
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => {
  lines.splice(0).forEach((live) => live.stop());
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the line", () => {
  test("says hello with its cursor, and no token in the address", async () => {
    await connect({ topics: ["leads"], only: { assignee: "mem_1" } });
    expect(FakeSocket.last.url).toBe("wss://forecourt.test/v1/live");
    expect(FakeSocket.last.protocols).toEqual(["forecourt.v1"]);
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: "hello", after: "1-10", topics: ["leads"], only: { assignee: "mem_1" } });
  });

  test("brings a fresh ticket for each connection, as a subprotocol", async () => {
    let n = 0;
    await connect({ ticket: async () => `t${++n}` });
    expect(FakeSocket.last.protocols).toEqual(["forecourt.v1", "ticket.t1"]);
    await tunnel();
    expect(FakeSocket.last.protocols).toEqual(["forecourt.v1", "ticket.t2"]);
  });

  test("tells that it is signed out, for a refused ticket and for a closed line", async () => {
    const told = vi.fn();
    const first = new Live({ url: "https://x.test", ticket: () => Promise.reject(new ProblemError(401, null, 0)) });
    first.on("signedout", told);
    first.start();
    await after();
    expect(told).toHaveBeenCalledTimes(1);
    const second = await ready();
    second.on("signedout", told);
    FakeSocket.last.cut(4001);
    await after(60_000);
    expect(told).toHaveBeenCalledTimes(2);
    expect(FakeSocket.all.length).toBe(1);
  });

  test("comes back with jitter, further and further apart while it fails", async () => {
    await ready();
    const times: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const before = Date.now();
      const count = FakeSocket.all.length;
      FakeSocket.last.cut();
      while (FakeSocket.all.length === count) await after(50);
      times.push(Date.now() - before);
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(3_000);
  });

  test("forgets its cursor when the server refuses the hello", async () => {
    await ready();
    await tunnel(4002);
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: "hello", after: null });
  });

  test("is given up when a reply does not come", async () => {
    const live = await ready();
    const waits = live.takeOver("ses_1");
    const lost = expect(waits).rejects.toBeInstanceOf(LineLost);
    await after(REPLY_MS + 6_000);
    await lost;
    await after(600);
    expect(FakeSocket.all.length).toBe(2);
  });

  test("says again what is of now: the view, what was seen, the availability", async () => {
    const live = await ready();
    live.view("ses_1");
    live.seen("ses_1", 7);
    live.seen("ses_1", 5);
    live.setAvailability("busy").catch(() => {});
    expect(FakeSocket.last.of("seen").map((frame) => frame["seq"])).toEqual([7]);
    await tunnel();
    FakeSocket.last.welcome();
    expect(FakeSocket.last.sent.slice(1).map((frame) => frame.type)).toEqual(["availability", "view", "seen"]);
  });

  test("one listener's fault takes nothing down", async () => {
    const live = await ready();
    const heard = vi.fn();
    live.on("presence", () => {
      throw new Error("mine");
    });
    live.on("presence", heard);
    vi.spyOn(globalThis, "setTimeout").mockImplementationOnce((() => 0) as never);
    FakeSocket.last.say({ type: "presence", session_id: "s", viewers: [], assistant: "idle" });
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

describe("a reply", () => {
  test("belongs to the frame with its ref", async () => {
    const live = await ready();
    const one = live.takeOver("ses_1");
    const two = live.giveBack("ses_2");
    const [first, second] = [FakeSocket.last.of("take_over")[0]!, FakeSocket.last.of("give_back")[0]!];
    FakeSocket.last.reply(second, { ok: false, problem: { status: 409, code: "not-yours" } });
    FakeSocket.last.reply(first);
    await expect(one).resolves.toBeUndefined();
    await expect(two).rejects.toMatchObject({ code: "not-yours" });
  });

  test("to an act that was lost with the line is not made up", async () => {
    const live = await ready();
    const act = live.assign("ses_1", "mem_2");
    FakeSocket.last.cut();
    await expect(act).rejects.toBeInstanceOf(LineLost);
    await expect(live.assign("ses_1", null)).rejects.toBeInstanceOf(LineLost);
  });

  test("of a draft tells the other's text on a conflict", async () => {
    const live = await ready();
    const saved = live.saveDraft("ses_1", "mine", 2);
    const draft = { session_id: "ses_1", revision: 4, text: "theirs" };
    FakeSocket.last.reply(FakeSocket.last.of("draft")[0]!, { ok: false, problem: { status: 409, code: "conflict" }, draft });
    await expect(saved).resolves.toEqual({ state: "conflict", draft });
  });
});

describe("a message", () => {
  const stored = (frame: Frame, seq = 1) => ({ ok: true, accepted: { message_id: `m${frame["client_id"]}`, seq, version: seq } });

  test("that somebody was faster than is held back, with what was written", async () => {
    const live = await ready();
    const sent = live.send("ses_1", "hi", { seen: 4 });
    const frame = FakeSocket.last.of("send")[0]!;
    expect(frame).toMatchObject({ seen_seq: 4, text: "hi" });
    const newer = [{ message_id: "m5", seq: 5, text: "before you" }] as Message[];
    FakeSocket.last.reply(frame, { ok: false, problem: { status: 409, code: "conflict" }, newer });
    await expect(sent).resolves.toEqual({ state: "conflict", newer });
    expect(live.queued).toBe(0);
  });

  test("waits for the line, and leaves in order with the id it had", async () => {
    const live = await ready();
    FakeSocket.last.cut();
    const sizes: number[] = [];
    live.on("queue", (n) => sizes.push(n));
    const both = [live.send("ses_1", "one", { clientId: "a" }), live.send("ses_1", "two", { clientId: "b" })];
    await after(600);
    FakeSocket.last.welcome();
    expect(FakeSocket.last.of("send").map((frame) => frame["client_id"])).toEqual(["a"]);
    FakeSocket.last.cut();
    await after(2_000);
    FakeSocket.last.welcome();
    FakeSocket.last.reply(FakeSocket.last.of("send")[0]!, stored(FakeSocket.last.of("send")[0]!));
    FakeSocket.last.reply(FakeSocket.last.of("send")[1]!, stored(FakeSocket.last.of("send")[1]!, 2));
    expect((await Promise.all(both)).map((one) => one.state === "sent" && one.accepted.message_id)).toEqual(["ma", "mb"]);
    expect(sizes).toEqual([1, 2, 1, 0]);
  });

  test("is tried again when the server is busy, and not overtaken meanwhile", async () => {
    const live = await ready();
    const both = Promise.all([live.send("ses_1", "one", { clientId: "a" }), live.send("ses_1", "two", { clientId: "b" })]);
    const busy = { ok: false, problem: { status: 429, code: "too-many", retry_after_s: 2 } };
    FakeSocket.last.reply(FakeSocket.last.of("send")[0]!, busy);
    await after(1_900);
    expect(FakeSocket.last.of("send").length).toBe(1);
    await after(2_000);
    for (let i = 1; i < 3; i += 1) FakeSocket.last.reply(FakeSocket.last.of("send")[i]!, stored(FakeSocket.last.of("send")[i]!));
    await both;
    expect(FakeSocket.last.of("send").map((frame) => frame["client_id"])).toEqual(["a", "a", "b"]);
  });

  test("of another conversation does not wait for it", async () => {
    const live = await ready();
    void live.send("ses_1", "one").catch(() => {});
    void live.send("ses_2", "two").catch(() => {});
    expect(FakeSocket.last.of("send").length).toBe(2);
  });

  test("that takes the line down each time is given up", async () => {
    const live = await ready();
    const sent = live.send("ses_1", "poison");
    const lost = expect(sent).rejects.toBeInstanceOf(LineLost);
    for (let i = 0; i < 3; i += 1) {
      FakeSocket.last.cut(1009);
      await after(10_000);
      FakeSocket.last.welcome();
    }
    await lost;
    expect(live.queued).toBe(0);
  });

  test("beyond the bound is refused at once", async () => {
    const live = await ready();
    FakeSocket.last.cut();
    for (let i = 0; i < MOST_QUEUED; i += 1) live.send("ses_1", String(i)).catch(() => {});
    await expect(live.send("ses_1", "one too many")).rejects.toBeInstanceOf(QueueFull);
  });
});

describe("a running answer", () => {
  const tokens = (offset: number, text: string) => ({ type: "tokens", session_id: "ses_1", draft_id: "d1", offset, text });

  test("grows, shows its steps, and ends with the message", async () => {
    const live = await ready();
    const told: unknown[] = [];
    live.on("answer", ({ text, step }) => told.push(step ?? text));
    live.view("ses_1");
    FakeSocket.last.say({ type: "progress", session_id: "ses_1", draft_id: "d1", step: "looking" });
    FakeSocket.last.say(tokens(0, "Vi har "));
    FakeSocket.last.say(tokens(7, "tre 🚗"));
    FakeSocket.last.say(tokens(12, "."));
    FakeSocket.last.say({ type: "event", seq: 11, event: "message.posted", session_id: "ses_1", message: { author: "assistant" } });
    expect(told).toEqual(["looking", "Vi har ", "Vi har tre 🚗", "Vi har tre 🚗.", null]);
  });

  test("goes on in the middle of a sentence after a tunnel", async () => {
    const live = await ready();
    const told: unknown[] = [];
    live.on("answer", ({ text }) => told.push(text));
    live.view("ses_1");
    FakeSocket.last.say(tokens(0, "Vi har tre"));
    await tunnel();
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "presence", session_id: "ses_1", viewers: [], assistant: "composing" });
    FakeSocket.last.say(tokens(0, "Vi har tre biler"));
    FakeSocket.last.say(tokens(16, " inne"));
    expect(told).toEqual(["Vi har tre", "Vi har tre biler", "Vi har tre biler inne"]);
  });

  test("never shows a hole: the view brings the whole", async () => {
    const live = await ready();
    const told: unknown[] = [];
    live.on("answer", ({ text }) => told.push(text));
    live.view("ses_1");
    FakeSocket.last.say(tokens(0, "Vi"));
    FakeSocket.last.say(tokens(9, "biler"));
    expect(told).toEqual(["Vi"]);
    expect(FakeSocket.last.of("view").length).toBe(2);
  });

  test("that ended in the tunnel is taken away", async () => {
    const live = await ready();
    const told: unknown[] = [];
    live.on("answer", ({ text }) => told.push(text));
    live.view("ses_1");
    FakeSocket.last.say(tokens(0, "Vi"));
    await tunnel();
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "presence", session_id: "ses_1", viewers: [], assistant: "idle" });
    expect(told).toEqual(["Vi", null]);
  });
});

test("typing is told every three seconds while keys are pressed, and withdrawn after five without", async () => {
  const live = await ready();
  for (let i = 0; i < 40; i += 1) {
    live.typing("ses_1");
    await after(100);
  }
  expect(FakeSocket.last.of("typing").map((frame) => frame["on"])).toEqual([true, true]);
  await after(5_000);
  expect(FakeSocket.last.of("typing").map((frame) => frame["on"])).toEqual([true, true, false]);
});

describe("under thousands of random cuts", () => {
  /** The same numbers for the same seed. */
  function seeded(seed: number): () => number {
    let a = seed;
    return () => {
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  test.each([1, 2, 3, 4])("every event is heard once and in order, every message stored once and in order (seed %i)", async (seed) => {
    const random = seeded(seed);
    // The server: a log with a ring of the last 40 events, and the messages by their ids.
    let seq = 10;
    const log: LeadEvent[] = [];
    const messages = new Map<string, { seq: number; text: string }>();
    const happens = () => {
      const event = { type: "event", seq: ++seq, event: "lead.changed", at: "", session_id: "s" } as LeadEvent;
      log.push(event);
      FakeSocket.last.say(event);
    };
    FakeSocket.server = (socket, frame) => {
      if (socket.readyState !== 1) return;
      if (frame.type === "hello") {
        const from = Number(String(frame["after"]).split("-")[1]);
        const resumed = from >= seq - 40;
        socket.say({ type: "welcome", ref: frame.ref, epoch: 1, seq, resumed });
        if (resumed) for (const event of log) if (event.seq > from) socket.say(event);
        return;
      }
      if (random() < 0.25) return socket.cut(); // Lost on the way there.
      if (frame.type === "send") {
        const id = String(frame["client_id"]);
        if (random() < 0.1) return socket.reply(frame, { ok: false, problem: { status: 503, code: "busy" } });
        const known = messages.get(id) ?? { seq: messages.size + 1, text: String(frame["text"]) };
        messages.set(id, known);
        if (random() < 0.25) return socket.cut(); // Lost on the way back.
        return socket.reply(frame, { ok: true, accepted: { message_id: id, seq: known.seq, version: 0 } });
      }
      socket.reply(frame);
    };

    const live = new Live({ url: "https://forecourt.test" }, random);
    lines.push(live);
    const heard: number[] = [];
    let snapshots = 0;
    live.on("event", (event) => heard.push(event.seq));
    live.on("gap", () => {
      // The snapshot is where the log stands; what was missed is in it.
      snapshots += 1;
      heard.push(-seq);
      live.adopt({ epoch: 1, seq });
    });
    live.adopt({ epoch: 1, seq });
    live.start();
    const results: Promise<unknown>[] = [];
    let cuts = 0;
    for (let round = 0; round < 1500; round += 1) {
      const dice = random();
      if (dice < 0.35) happens();
      else if (dice < 0.5 && live.queued < 20) results.push(live.send("s", String(results.length), { clientId: `c${results.length}` }));
      else if (dice < 0.55) live.view(random() < 0.5 ? "s" : null);
      else if (dice < 0.9) {
        cuts += 1;
        FakeSocket.last.cut();
      }
      await after(Math.floor(random() * 400));
    }
    FakeSocket.server = ((server) => (socket: FakeSocket, frame: Frame) => {
      void server;
      if (frame.type === "hello") {
        socket.say({ type: "welcome", ref: frame.ref, epoch: 1, seq, resumed: false });
      } else if (frame.type === "send") {
        const id = String(frame["client_id"]);
        const known = messages.get(id) ?? { seq: messages.size + 1, text: String(frame["text"]) };
        messages.set(id, known);
        socket.reply(frame, { ok: true, accepted: { message_id: id, seq: known.seq, version: 0 } });
      } else socket.reply(frame);
    })(FakeSocket.server);
    await after(60_000);
    expect(cuts).toBeGreaterThan(400);
    expect(live.queued).toBe(0);
    await Promise.all(results);
    // Each message once, in the order in which it was written.
    expect([...messages.values()].map((one) => Number(one.text))).toEqual(results.map((_, i) => i));
    // Each event once and in order; what is missing was covered by a snapshot.
    let at = 10;
    for (const next of heard) {
      if (next < 0) at = Math.max(at, -next);
      else {
        expect(next).toBe(at + 1);
        at = next;
      }
    }
    expect(snapshots).toBeLessThan(cuts);
  });
});
