/**
 * The event stream of one lead session, kept alive.
 *
 * Lives here: the streaming fetch with its bearer, resume, back-off, the heartbeat watchdog, the
 * snapshot after a gap, the draft of a running answer, and long-polling for networks that hold
 * streams back. Knows nothing of screens.
 * Invariants: an event is given out once and in order, or a snapshot is given out instead; a draft
 * never shows a hole; after {@link SessionStream.stop} nothing is given out.
 */
import { Backoff } from "./backoff";
import { type Cursor, isStale, parseCursor, printCursor } from "./cursor";
import { DraftAssembler } from "./draft";
import { ProblemError, problemOf, request } from "./http";
import { SseParser } from "./sse";
import type { Draft, QueuePlace, SessionPoll, Snapshot, Step, StoredEvent, Typing, VisitorEvent } from "./wire";

/** The server sends a heartbeat every 10 s: after this long the line is dead. */
export const SILENCE_MS = 25_000;

/** A stream says something at once: one that is silent this long is held back on its way. */
export const FIRST_BYTE_MS = 12_000;

/** So many streams without a byte in a row, and the events are asked for by long-polling. */
export const MOST_MUTE = 2;

/** How long long-polling goes on before a stream is tried again. */
export const POLLING_MS = 120_000;

/** A line that has been healthy this long starts its next back-off from the beginning. */
const HEALTHY_MS = 5_000;

/** `waiting`: the next try is scheduled. `offline`: the browser says that there is no network. */
export type StreamState = "connecting" | "live" | "waiting" | "offline";

/** Where a client stands: in the log, and in the answer that is being written. */
export type Known = Pick<Snapshot, "epoch" | "seq"> & { draft?: Draft | null };

export interface SessionStreamOptions {
  /** Origin of the server, without a trailing slash; empty for the page's own. */
  base: string;
  sessionId: string;
  token: string;
  onEvent(event: StoredEvent): void;
  /** The text of the running answer so far, and what the assistant does; `null` when none is running. */
  onDraft(text: string | null, step: Step | null): void;
  /** Replaces everything that was shown: events in between were not replayed. */
  onSnapshot(snapshot: Snapshot): void;
  onState(state: StreamState): void;
  /** The token is no longer good, or the session is gone: open a new one. */
  onEnd(reason: "expired" | "gone"): void;
  /** Who writes to the visitor; nobody when `by` is absent. */
  onTyping?(typing: Typing): void;
  onQueue?(place: QueuePlace): void;
  /** Staff has seen everything up to this message. */
  onSeen?(upto: number): void;
}

export class SessionStream {
  readonly #options: SessionStreamOptions;
  readonly #backoff: Backoff;
  readonly #draft = new DraftAssembler();
  #step: Step | null = null;
  #cursor: Cursor | null = null;
  #abort: AbortController | null = null;
  readonly #over = new AbortController();
  #stopped = false;
  #paused = false;
  #heardAt = 0;
  #openedAt = 0;
  #mute = 0;
  #heard = false;
  #pollUntil = 0;
  #skipPause: (() => void) | null = null;
  #watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(options: SessionStreamOptions, random?: () => number) {
    this.#options = options;
    this.#backoff = new Backoff(random);
  }

  /** Starts after what is already known: a fresh session's answer, or a snapshot. */
  start(known: Known): void {
    this.#adopt(known);
    const { signal } = this.#over;
    globalThis.addEventListener?.("online", this.#wake, { signal });
    globalThis.addEventListener?.("offline", this.#sleep, { signal });
    globalThis.document?.addEventListener("visibilitychange", this.#look, { signal });
    this.#watchdog = setInterval(() => {
      const silence = this.#heard || this.#pollUntil ? SILENCE_MS + (this.#pollUntil && 10_000) : FIRST_BYTE_MS;
      if (this.#openedAt && Date.now() - this.#heardAt > silence) this.#abort?.abort();
    }, 5_000);
    void this.#run();
  }

  /** Another tab of the visitor listens: this one need not, until it is looked at. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (paused) this.#abort?.abort();
    else this.#wake();
  }

  async #refetch(): Promise<void> {
    const { base, sessionId, token } = this.#options;
    const snapshot = await request<Snapshot>(`${base}/v1/sessions/${sessionId}`, { token });
    if (this.#stopped) return;
    this.#adopt(snapshot);
    this.#options.onSnapshot(snapshot);
    this.#options.onDraft(snapshot.draft?.text ?? null, null);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#watchdog);
    this.#over.abort();
    this.#abort?.abort();
    this.#skipPause?.();
  }

  #adopt({ epoch, seq, draft }: Known): void {
    this.#cursor = { epoch, seq };
    this.#step = null;
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
    if (document.hidden) return;
    if (this.#openedAt && !this.#pollUntil && Date.now() - this.#heardAt > SILENCE_MS / 2) this.#abort?.abort();
    this.#wake();
  };

  async #run(): Promise<void> {
    for (let first = true; !this.#stopped; first = false) {
      let atLeast = 0;
      const online = (): boolean => globalThis.navigator?.onLine !== false;
      if (online() && !this.#paused) {
        const poll = Date.now() < this.#pollUntil;
        if (!poll) this.#pollUntil = 0;
        this.#heard = false;
        try {
          this.#options.onState("connecting");
          if (poll) await this.#poll();
          else await this.#listen(first);
        } catch (error) {
          if (this.#stopped) return;
          if (error instanceof ProblemError) {
            if ([401, 403, 404, 410].includes(error.status)) {
              this.stop();
              return this.#options.onEnd(error.status === 401 ? "expired" : "gone");
            }
            atLeast = error.retryAfterMs;
          }
        } finally {
          this.#abort?.abort();
          this.#openedAt = 0;
        }
        if (poll) {
          // Polls that fail, too: then the server was away, and the stream was not held back.
          if (!this.#heard) this.#pollUntil = 0;
        } else if (this.#heard) this.#mute = 0;
        else if (++this.#mute >= MOST_MUTE) this.#pollUntil = Date.now() + POLLING_MS;
      }
      if (this.#stopped) return;
      const long = !online() || this.#paused;
      this.#options.onState(online() ? "waiting" : "offline");
      // Without a network the `online` event ends the pause; the long one is the net under it.
      await this.#pause(long ? 30_000 : this.#backoff.next(atLeast));
    }
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

  /** Opens the stream, or one poll. */
  async #open(query: string, accept: string): Promise<Response> {
    const { base, sessionId, token } = this.#options;
    const abort = (this.#abort = new AbortController());
    this.#heardAt = this.#openedAt = Date.now();
    const headers: Record<string, string> = { accept, authorization: `Bearer ${token}` };
    const after = printCursor(this.#cursor);
    if (after && !query) headers["last-event-id"] = after;
    const response = await fetch(`${base}/v1/sessions/${sessionId}/events${query && `${query}&after=${after ?? ""}`}`, {
      headers,
      cache: "no-store",
      credentials: "omit",
      signal: abort.signal,
    });
    if (!response.ok) {
      this.#heard = true;
      throw await problemOf(response);
    }
    return response;
  }

  async #listen(first: boolean): Promise<void> {
    const response = await this.#open("", "text/event-stream");
    const { signal } = this.#abort!;
    this.#options.onState("live");
    // A draft may have been withdrawn while nobody listened, and that is not replayed.
    if (!first && this.#draft.id) await this.#refetch();
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped || done) return;
      this.#heard = true;
      this.#heardAt = Date.now();
      if (this.#heardAt - this.#openedAt > HEALTHY_MS) this.#backoff.reset();
      for (const { data, id } of parser.push(decoder.decode(value, { stream: true }))) {
        let body: VisitorEvent;
        try {
          body = JSON.parse(data) as VisitorEvent;
        } catch {
          continue; // A frame of a newer server: what cannot be read is not shown.
        }
        await this.#take(body, parseCursor(id));
        if (this.#stopped || signal.aborted) return;
      }
    }
  }

  /** Asks again and again; each answer waits until there is something to tell. */
  async #poll(): Promise<void> {
    while (!this.#stopped && !this.#paused && Date.now() < this.#pollUntil) {
      const response = await this.#open("?poll=1", "application/json");
      const answer = (await response.json()) as SessionPoll;
      if (this.#stopped) return;
      this.#heard = true;
      this.#options.onState("live");
      const { signal } = this.#abort!;
      for (const event of answer.events) {
        await this.#take(event, null);
        if (this.#stopped) return;
      }
      if (signal.aborted) return;
      const at = parseCursor(answer.cursor);
      if (at && !isStale(this.#cursor, at)) this.#cursor = at;
      this.#backoff.reset();
    }
  }

  async #take(body: VisitorEvent, place: Cursor | null): Promise<void> {
    const { onDraft, onTyping, onQueue, onSeen } = this.#options;
    switch (body.type) {
      case "draft.delta": {
        const step = this.#draft.apply(body);
        // Between two polls pieces are missing: the message comes whole.
        if (step === "gap" && !this.#pollUntil) this.#abort?.abort();
        if (step !== "grown") return;
        this.#step = null;
        return onDraft(this.#draft.text, null);
      }
      case "draft.progress":
        this.#draft.start(body.draft_id);
        this.#step = body.step;
        return onDraft(this.#draft.text, body.step);
      case "draft.discarded":
        if (body.draft_id === this.#draft.id) this.#endDraft();
        return;
      case "typing":
        return onTyping?.(body);
      case "queue":
        return onQueue?.(body);
      case "gap":
        return this.#refetch();
      case "error":
        throw new ProblemError(body.problem.status, body.problem, (body.problem.retry_after_s ?? 0) * 1000);
      case "messages.seen":
        onSeen?.(body.upto);
        if (place && !isStale(this.#cursor, place)) this.#cursor = place;
        return;
      case "message.posted":
      case "session.status":
      case "turn.started":
      case "turn.failed":
      case "times.offered":
      case "call.changed":
      case "booking.changed":
      case "attachments.changed": {
        const at = place ?? { epoch: this.#cursor?.epoch ?? 0, seq: body.seq };
        if (isStale(this.#cursor, at)) return;
        this.#cursor = at;
        this.#backoff.reset();
        this.#apply(body);
      }
    }
  }

  #apply(event: StoredEvent): void {
    if (event.type === "turn.started") {
      this.#draft.start(event.draft_id);
      this.#options.onDraft(this.#draft.text, this.#step);
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
    this.#step = null;
    this.#options.onDraft(null, null);
  }
}
