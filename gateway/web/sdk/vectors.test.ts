/** The protocol's test vectors (`gateway/wire/vectors`): the Rust types, the Rust client and this SDK read the same. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import liveLogVectors from "../../wire/vectors/live_log.json";
import sessionStreamVectors from "../../wire/vectors/session_stream.json";
import { LiveLog } from "./log";
import { parseCursor } from "./cursor";
import { SessionStream } from "./session";
import type { ServerFrame, SessionEvent, SessionSnapshot } from "./wire";

type Transcripts<T> = { name: string; at: string | null; steps: T[] }[];
const liveLog = liveLogVectors.transcripts as unknown as Transcripts<LogStep>;
const sessionStream = sessionStreamVectors.transcripts as unknown as Transcripts<StreamStep>;

interface LogStep {
  frame?: ServerFrame;
  snapshot?: { epoch: number; seq: number };
  closed?: number | null;
  do?: string;
  after: string | null;
}

describe("the live log, by the protocol's vectors", () => {
  for (const { name, at, steps } of liveLog) {
    test(name, () => {
      const log = new LiveLog(parseCursor(at));
      for (const step of steps) {
        if (step.frame) expect(log.take(step.frame)?.do ?? "nothing", JSON.stringify(step)).toBe(step.do);
        else if (step.snapshot) log.adopt(step.snapshot);
        else if (step.closed === 4002) log.forget();
        expect(log.after, JSON.stringify(step)).toBe(step.after);
      }
    });
  }
});

interface StreamStep {
  id?: string;
  event: SessionEvent;
  gives: "apply" | "seen" | "typing" | "gap" | "draft" | "nothing" | "again" | "over";
  draft?: string | null;
  after: string;
}

describe("a session's stream, by the protocol's vectors", () => {
  /** One request of the code under test, and the way to answer it. */
  interface Call {
    url: string;
    after: string | undefined;
    answer(response: Response): void;
  }
  let calls: Call[];
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      return new Promise<Response>((resolve, reject) => {
        const headers = init.headers as Record<string, string> | undefined;
        calls.push({ url, after: headers?.["last-event-id"], answer: resolve });
        init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      });
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  /** A line that can be written on, hung up by the peer, or given up by the client. */
  function line(call: Call) {
    let to!: ReadableStreamDefaultController<Uint8Array>;
    let given = false;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (to = c), cancel: () => void (given = true) });
    call.answer(new Response(body, { status: 200 }));
    return {
      async write({ id, event }: StreamStep) {
        if (!given)
          to.enqueue(new TextEncoder().encode(`${id ? `id: ${id}\n` : ""}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
        await settle();
      },
      close() {
        try {
          to.close();
        } catch {
          // The client has given it up already.
        }
      },
    };
  }

  for (const { name, at, steps } of sessionStream) {
    test(name, async () => {
      const given: string[] = [];
      let draft: string | null = null;
      let snapshots = 0;
      const stream = new SessionStream(
        {
          base: "https://forecourt.test",
          sessionId: "ses_1",
          token: "secret",
          onEvent: (event) => given.push(`${event.type} ${event.seq}`),
          onDraft: (text) => void (draft = text),
          onSnapshot: () => void (snapshots += 1),
          onState: () => {},
          onEnd: (reason) => given.push(`over ${reason}`),
          onSeen: () => given.push("seen"),
          onTyping: () => given.push("typing"),
        },
        () => 0.5,
      );
      stream.start(parseCursor(at)!);
      const open = line(calls[0]!);
      await settle();
      let after = at;
      for (const step of steps) {
        const told = JSON.stringify(step);
        const [before, loaded, draftBefore] = [given.length, snapshots, draft];
        await open.write(step);
        if (step.gives === "gap") {
          const asked = calls.at(-1)!;
          expect(asked.url, told).toBe("https://forecourt.test/v1/sessions/ses_1");
          const { epoch, seq } = parseCursor(step.after)!;
          const snapshot: SessionSnapshot = { session_id: "ses_1", lang: "nb", status: "open", epoch, seq, messages: [], draft: null };
          asked.answer(new Response(JSON.stringify(snapshot)));
          await settle();
        }
        expect(snapshots - loaded, told).toBe(step.gives === "gap" ? 1 : 0);
        const body = step.event as { type: string; seq?: number };
        const expected = { apply: [`${body.type} ${body.seq}`], seen: ["seen"], typing: ["typing"] }[step.gives as "apply"] ?? [];
        expect(given.slice(before), told).toEqual(expected);
        if (step.draft !== undefined) expect(draft, told).toBe(step.draft);
        if (step.gives === "nothing") expect(draft, told).toBe(draftBefore);
        after = step.after;
      }
      // What it stands at is what it asks for when it comes back.
      open.close();
      await vi.advanceTimersByTimeAsync(20_000);
      const again = calls.slice(1).find((call) => call.url.endsWith("/events"));
      expect(again?.after).toBe(after);
      stream.stop();
    });
  }
});
