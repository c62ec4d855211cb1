/**
 * The event stream of one lead session, kept alive.
 *
 * Lives here: the streaming fetch with its bearer, resume, back-off, the heartbeat watchdog, the
 * snapshot after a gap, the draft of a running answer. Knows nothing of screens.
 * Invariants: an event is given out once and in order, or a snapshot is given out instead; a draft
 * never shows a hole; after {@link SessionStream.stop} nothing is given out.
 */
import { Backoff } from "./backoff";
import { type Cursor, isStale, parseCursor, printCursor } from "./cursor";
import { DraftAssembler } from "./draft";
import { ProblemError, problemOf, request } from "./http";
import { type SseEvent, SseParser } from "./sse";
import type { Draft, SessionEvent, SessionSnapshot, StoredEvent } from "./wire";

/** The server sends a heartbeat every 10 s: after this long the line is dead. */
export const SILENCE_MS = 25_000;

/** A line that has been healthy this long starts its next back-off from the beginning. */
const HEALTHY_MS = 5_000;

/** `waiting`: the next try is scheduled. `offline`: the browser says that there is no network. */
export type StreamState = "connecting" | "live" | "waiting" | "offline";

/** Where a client stands: in the log, and in the answer that is being written. */
export type Known = Pick<SessionSnapshot, "epoch" | "seq"> & { draft?: Draft | null };

export interface SessionStreamOptions {
  /** Origin of the server, without a trailing slash; empty for the page's own. */
  base: string;
  sessionId: string;
  token: string;
  onEvent(event: StoredEvent): void;
  /** The text of the running answer so far; `null` when none is running. */
  onDraft(text: string | null): void;
  /** Replaces everything that was shown: events in between were not replayed. */
  onSnapshot(snapshot: SessionSnapshot): void;
  onCursor(cursor: string): void;
  onState(state: StreamState): void;
  /** The token is no longer good, or the session is gone: open a new one. */
  onEnd(reason: "expired" | "gone"): void;
}

export class SessionStream {
  readonly #options: SessionStreamOptions;
  readonly #backoff: Backoff;
  readonly #draft = new DraftAssembler();
  #cursor: Cursor | null = null;
  #abort: AbortController | null = null;
  #stopped = false;
  #heardAt = 0;
  #openedAt = 0;
  #skipPause: (() => void) | null = null;
  #watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(options: SessionStreamOptions, random?: () => number) {
    this.#options = options;
    this.#backoff = new Backoff(random);
  }

  /** Starts after what is already known: a fresh session's answer, or a snapshot. */
  start(known: Known): void {
    this.#adopt(known);
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#sleep);
    globalThis.document?.addEventListener("visibilitychange", this.#look);
    this.#watchdog = setInterval(() => {
      if (this.#openedAt && Date.now() - this.#heardAt > SILENCE_MS) this.#abort?.abort();
    }, 5_000);
    void this.#run();
  }

  async #refetch(): Promise<void> {
    const { base, sessionId, token } = this.#options;
    const snapshot = await request<SessionSnapshot>(`${base}/v1/sessions/${sessionId}`, { token });
    if (this.#stopped) return;
    this.#adopt(snapshot);
    this.#options.onSnapshot(snapshot);
    this.#options.onDraft(snapshot.draft?.text ?? null);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#watchdog);
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#sleep);
    globalThis.document?.removeEventListener("visibilitychange", this.#look);
    this.#abort?.abort();
    this.#skipPause?.();
  }

  #adopt({ epoch, seq, draft }: Known): void {
    this.#cursor = { epoch, seq };
    this.#options.onCursor(`${epoch}-${seq}`);
    if (draft) this.#draft.restore(draft.draft_id, draft.text);
    else this.#draft.end();
  }

  readonly #wake = (): void => {
    this.#backoff.reset();
    this.#skipPause?.();
  };

  readonly #sleep = (): void => this.#abort?.abort();

  /** A page that comes back to the front may hold a line that died while its timers slept. */
  readonly #look = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.#openedAt && Date.now() - this.#heardAt > SILENCE_MS / 2) this.#abort?.abort();
    this.#wake();
  };

  async #run(): Promise<void> {
    for (let first = true; !this.#stopped; first = false) {
      let atLeast = 0;
      if (globalThis.navigator?.onLine !== false) {
        try {
          this.#options.onState("connecting");
          await this.#listen(first);
        } catch (error) {
          if (this.#stopped) return;
          if (error instanceof ProblemError) {
            const { status } = error;
            if (status === 401) return this.#end("expired");
            if (status === 403 || status === 404 || status === 410) return this.#end("gone");
            atLeast = error.retryAfterMs;
          }
        } finally {
          this.#abort?.abort();
          this.#openedAt = 0;
        }
      }
      if (this.#stopped) return;
      const online = globalThis.navigator?.onLine !== false;
      this.#options.onState(online ? "waiting" : "offline");
      // Without a network the `online` event ends the pause; the long one is the net under it.
      await this.#pause(online ? this.#backoff.next(atLeast) : 30_000);
    }
  }

  #end(reason: "expired" | "gone"): void {
    this.stop();
    this.#options.onEnd(reason);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#skipPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #listen(first: boolean): Promise<void> {
    const { base, sessionId, token } = this.#options;
    const abort = (this.#abort = new AbortController());
    this.#heardAt = this.#openedAt = Date.now();
    const headers: Record<string, string> = {
      accept: "text/event-stream",
      authorization: `Bearer ${token}`,
    };
    const after = printCursor(this.#cursor);
    if (after) headers["last-event-id"] = after;
    const response = await fetch(`${base}/v1/sessions/${sessionId}/events`, {
      headers,
      cache: "no-store",
      credentials: "omit",
      signal: abort.signal,
    });
    if (!response.ok || !response.body) throw await problemOf(response);
    this.#options.onState("live");
    // A draft may have been withdrawn while nobody listened, and that is not replayed.
    if (!first && this.#draft.id) await this.#refetch();
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped || done) return;
      this.#heardAt = Date.now();
      if (this.#heardAt - this.#openedAt > HEALTHY_MS) this.#backoff.reset();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        await this.#take(event);
        if (this.#stopped || abort.signal.aborted) return;
      }
    }
  }

  async #take({ data, id }: SseEvent): Promise<void> {
    let body: SessionEvent;
    try {
      body = JSON.parse(data) as SessionEvent;
    } catch {
      return; // A frame of a newer server: what cannot be read is not shown.
    }
    if (body.type === "draft.delta") {
      const step = this.#draft.apply(body);
      if (step === "gap") this.#abort?.abort();
      else if (step === "grown") this.#options.onDraft(this.#draft.text);
    } else if (body.type === "draft.discarded") {
      if (body.draft_id === this.#draft.id) this.#endDraft();
    } else if (body.type === "gap") {
      await this.#refetch();
    } else if (body.type === "error") {
      throw new ProblemError(body.problem.status, body.problem, (body.problem.retry_after_s ?? 0) * 1000);
    } else if ("seq" in body) {
      // Ephemeral frames repeat the last id; stored ones bring their own.
      const at = parseCursor(id) ?? { epoch: this.#cursor?.epoch ?? 0, seq: body.seq };
      if (isStale(this.#cursor, at)) return;
      this.#cursor = at;
      this.#backoff.reset();
      this.#apply(body);
      this.#options.onCursor(`${at.epoch}-${at.seq}`);
    }
  }

  #apply(event: StoredEvent): void {
    if (event.type === "turn.started") {
      this.#draft.start(event.draft_id);
      this.#options.onDraft(this.#draft.text);
    } else if (
      (event.type === "turn.failed" && event.draft_id === this.#draft.id) ||
      (event.type === "message.posted" && event.message.author !== "customer") ||
      (event.type === "session.status" && event.status !== "open")
    ) {
      this.#endDraft();
    }
    this.#options.onEvent(event);
  }

  #endDraft(): void {
    this.#draft.end();
    this.#options.onDraft(null);
  }
}
