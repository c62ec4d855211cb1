import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FIRST_BYTE_MS, POLLING_MS, SessionStream, SILENCE_MS } from "./session";
import type { SessionSnapshot } from "./wire";

/** One request that the code under test made, and the way to answer it. */
interface Call {
  url: string;
  headers: Record<string, string>;
  aborted: boolean;
  answer(response: Response): void;
  /** Answers with a stream and returns its writer. */
  stream(): { write(text: string): Promise<void>; close(): Promise<void> };
}

let calls: Call[];
let log: string[];

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  log = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    return new Promise<Response>((resolve, reject) => {
      let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
      const call: Call = {
        url,
        headers: init.headers as Record<string, string>,
        aborted: false,
        answer: resolve,
        stream() {
          const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
          resolve(new Response(body, { status: 200 }));
          return {
            async write(text) {
              controller!.enqueue(new TextEncoder().encode(text));
              await settle();
            },
            async close() {
              controller!.close();
              await settle();
            },
          };
        },
      };
      init.signal?.addEventListener("abort", () => {
        call.aborted = true;
        reject(new DOMException("aborted", "AbortError"));
        try {
          controller?.error(new DOMException("aborted", "AbortError"));
        } catch {
          // The stream had already ended.
        }
      });
      calls.push(call);
    });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function start(random = () => 0.5): SessionStream {
  const stream = new SessionStream(
    {
      base: "https://forecourt.test",
      sessionId: "ses_1",
      token: "secret",
      onEvent: (event) => log.push(`${event.type} ${event.seq}`),
      onDraft: (text) => log.push(`draft ${text}`),
      onSnapshot: (snapshot) => log.push(`snapshot ${snapshot.messages.length}`),
      onState: (state) => log.push(state),
      onEnd: (reason) => log.push(`end ${reason}`),
      onTyping: ({ by, member_name }) => log.push(`typing ${by} ${member_name ?? ""}`),
      onQueue: ({ ahead, estimate_s }) => log.push(`queue ${ahead} ${estimate_s}`),
      onSeen: (upto) => log.push(`seen ${upto}`),
    },
    random,
  );
  stream.start({ epoch: 4, seq: 1 });
  return stream;
}

const posted = (seq: number, author = "assistant") =>
  `id: 4-${seq}\nevent: message.posted\ndata: ${JSON.stringify({
    type: "message.posted",
    seq,
    at: "2026-03-01T12:00:00Z",
    message: { message_id: `msg_${seq}`, seq, at: "2026-03-01T12:00:00Z", author, text: "x" },
  })}\n\n`;
const turn = (seq: number, type: string) =>
  `id: 4-${seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, seq, at: "", draft_id: "d1" })}\n\n`;
const delta = (offset: number, text: string) =>
  `event: draft.delta\ndata: ${JSON.stringify({ type: "draft.delta", draft_id: "d1", offset, text })}\n\n`;
const snapshot = (seq: number, messages: number, draft: SessionSnapshot["draft"] = null) =>
  new Response(
    JSON.stringify({
      session_id: "ses_1",
      lang: "nb",
      status: "open",
      epoch: 4,
      seq,
      messages: Array.from({ length: messages }, (_, i) => ({ message_id: `msg_${i}` })),
      draft,
    }),
  );
const problem = (status: number, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ code: "x", status }), { status, headers });

describe("a session stream", () => {
  test("says who asks and where to go on, and gives stored events out once", async () => {
    const stream = start();
    const first = calls[0]!;
    expect(first.url).toBe("https://forecourt.test/v1/sessions/ses_1/events");
    expect(first.headers["authorization"]).toBe("Bearer secret");
    expect(first.headers["last-event-id"]).toBe("4-1");
    const line = first.stream();
    await line.write(posted(1) + posted(2) + posted(2) + ": hb\n\n" + posted(3));
    expect(log.filter((entry) => entry.startsWith("message"))).toEqual(["message.posted 2", "message.posted 3"]);
    stream.stop();
  });

  test("comes back after a clean end, with jitter, from the last event", async () => {
    const stream = start(() => 0.5);
    const line = calls[0]!.stream();
    await line.write(posted(2));
    await line.close();
    expect(log.at(-1)).toBe("waiting");
    await vi.advanceTimersByTimeAsync(249);
    expect(calls.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls[1]!.headers["last-event-id"]).toBe("4-2");
    stream.stop();
  });

  test("writes a running answer on, mid-sentence, after a drop", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write(turn(2, "turn.started") + delta(0, "Vi har ") + delta(7, "tre"));
    await line.close();
    await vi.advanceTimersByTimeAsync(500);
    const again = calls[1]!.stream();
    await settle();
    calls[2]!.answer(snapshot(2, 1, { draft_id: "d1", text: "Vi har tre b" }));
    await again.write(delta(0, "Vi har tre biler"));
    await again.write(delta(16, "."));
    await again.write(posted(3));
    expect(log.filter((entry) => entry.startsWith("draft"))).toEqual([
      "draft ",
      "draft Vi har ",
      "draft Vi har tre",
      "draft Vi har tre b",
      "draft Vi har tre biler",
      "draft Vi har tre biler.",
      "draft null",
    ]);
    stream.stop();
  });

  test("forgets a draft that was withdrawn while nobody listened", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write(turn(2, "turn.started") + delta(0, "Vi har "));
    await line.close();
    await vi.advanceTimersByTimeAsync(500);
    calls[1]!.stream();
    await settle();
    calls[2]!.answer(snapshot(2, 1));
    await settle();
    expect(log.at(-1)).toBe("draft null");
    stream.stop();
  });

  test("reconnects instead of showing a hole in the answer", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write(turn(2, "turn.started") + delta(0, "Vi") + delta(9, "biler"));
    expect(calls[0]!.aborted).toBe(true);
    expect(log).not.toContain("draft Vibiler");
    stream.stop();
  });

  test("loads the snapshot after a gap and drops what it already holds", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    const gap = { type: "gap", snapshot_url: "/v1/sessions/ses_1" };
    await line.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n` + posted(8) + posted(10));
    expect(calls[1]!.url).toBe("https://forecourt.test/v1/sessions/ses_1");
    calls[1]!.answer(snapshot(9, 5));
    await settle();
    expect(log).toContain("snapshot 5");
    expect(log.filter((entry) => entry.startsWith("message"))).toEqual(["message.posted 10"]);
    stream.stop();
  });

  test("gives a silent line up after the watchdog's time, and not while it beats", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    for (let beat = 0; beat < 6; beat += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      await line.write(": hb\n\n");
    }
    expect(calls[0]!.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(SILENCE_MS + 5_000);
    expect(calls[0]!.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(calls.length).toBe(2);
    stream.stop();
  });

  test("ends when the token is no longer good", async () => {
    start();
    calls[0]!.answer(problem(401));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log.at(-1)).toBe("end expired");
    expect(calls.length).toBe(1);
  });

  test("waits as long as a busy server asks for", async () => {
    const stream = start(() => 0);
    calls[0]!.answer(problem(503, { "retry-after": "7" }));
    await vi.advanceTimersByTimeAsync(6_999);
    expect(calls.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.length).toBe(2);
    stream.stop();
  });

  test("tells of a withdrawn draft, a failed turn and a person who takes over", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write(turn(2, "turn.started") + delta(0, "a"));
    await line.write(`event: draft.discarded\ndata: {"type":"draft.discarded","draft_id":"d1"}\n\n`);
    expect(log.at(-1)).toBe("draft null");
    await line.write(turn(3, "turn.started") + turn(4, "turn.failed"));
    expect(log.slice(-2)).toEqual(["draft null", "turn.failed 4"]);
    await line.write(turn(5, "turn.started") + delta(0, "b"));
    const status = { type: "session.status", seq: 6, at: "", status: "with_human", by: "member" };
    await line.write(`id: 4-6\nevent: session.status\ndata: ${JSON.stringify(status)}\n\n`);
    expect(log.slice(-2)).toEqual(["draft null", "session.status 6"]);
    stream.stop();
  });

  test("ignores frames it cannot read and types it does not know", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write('data: {oops\n\nevent: new.thing\ndata: {"type":"new.thing"}\n\n' + posted(2));
    expect(log).toContain("message.posted 2");
    stream.stop();
  });

  test("tells who types, what was seen and how long the queue is", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    const say = (body: { type: string; [more: string]: unknown }, id = "") =>
      line.write(`${id && `id: ${id}\n`}event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`);
    await say({ type: "typing", by: "member", member_name: "Ola" });
    await say({ type: "queue", ahead: 2, estimate_s: 90 });
    await say({ type: "messages.seen", seq: 9, upto: 3 }, "4-9");
    expect(log.slice(-3)).toEqual(["typing member Ola", "queue 2 90", "seen 3"]);
    await line.close();
    await vi.advanceTimersByTimeAsync(500);
    expect(calls[1]!.headers["last-event-id"]).toBe("4-9");
    stream.stop();
  });

  describe("where streams are held back", () => {
    const poll = (cursor: string, ...events: object[]) => new Response(JSON.stringify({ events, cursor }));
    const message = (seq: number) => ({
      type: "message.posted",
      seq,
      at: "",
      message: { message_id: `m${seq}`, seq, at: "", author: "assistant", text: "x" },
    });
    /** Two streams without a byte. */
    const mute = async () => {
      for (let i = 0; i < 2; i += 1) {
        calls[i]!.stream();
        await vi.advanceTimersByTimeAsync(FIRST_BYTE_MS + 5_000);
        await vi.advanceTimersByTimeAsync(1_000);
      }
    };

    test("asks by long-polling after two streams without a byte, and gives events out once", async () => {
      const stream = start();
      await mute();
      expect(calls.length).toBe(3);
      expect(calls[2]!.url).toBe("https://forecourt.test/v1/sessions/ses_1/events?poll=1&after=4-1");
      calls[2]!.answer(poll("4-3", message(2), message(3)));
      await settle();
      expect(calls[3]!.url).toContain("after=4-3");
      calls[3]!.answer(poll("4-4", message(3), message(4), { type: "typing" }));
      await settle();
      expect(log.filter((entry) => entry.startsWith("message"))).toEqual(["message.posted 2", "message.posted 3", "message.posted 4"]);
      expect(calls[4]!.url).toContain("after=4-4");
      stream.stop();
    });

    test("does not reconnect for pieces that are missing between two polls", async () => {
      const stream = start();
      await mute();
      const piece = { type: "draft.delta", draft_id: "d1", offset: 30, text: "biler" };
      calls[2]!.answer(poll("4-1", piece));
      await settle();
      expect(calls[3]!.url).toContain("poll=1");
      expect(calls[3]!.aborted).toBe(false);
      stream.stop();
    });

    test("tries the stream again after a while", async () => {
      const stream = start();
      await mute();
      await vi.advanceTimersByTimeAsync(POLLING_MS);
      calls[2]!.answer(poll("4-1"));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(calls[3]!.url).not.toContain("poll");
      stream.stop();
    });

    test("a server that answers with an error holds no stream back", async () => {
      const stream = start(() => 0);
      for (let i = 0; i < 6; i += 1) {
        calls[i]!.answer(Response.error());
        await vi.advanceTimersByTimeAsync(20);
      }
      expect(calls.slice(0, 6).some((call) => call.url.includes("poll"))).toBe(false);
      stream.stop();
    });

    test("a tab that rests asks for nothing, and goes on from its cursor", async () => {
      const stream = start();
      const line = calls[0]!.stream();
      await line.write(posted(2));
      stream.pause(true);
      expect(calls[0]!.aborted).toBe(true);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(calls.length).toBe(1);
      stream.pause(false);
      await settle();
      expect(calls[1]!.headers["last-event-id"]).toBe("4-2");
      stream.stop();
    });
  });

  test("gives nothing out after it was stopped", async () => {
    const stream = start();
    const line = calls[0]!.stream();
    await line.write(posted(2));
    stream.stop();
    const before = [...log];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(before);
    expect(calls.length).toBe(1);
  });
});
