/**
 * The live socket of the dashboard: every change of a lead, in order, resumed after a drop.
 *
 * Lives here: the WebSocket with hello, replay, gap, beat and ping; and {@link LiveLog}, the pure
 * part that decides what a frame means for somebody who stands at a cursor.
 * Invariants: an event is given out once and in order, or `onGap` asks for a fresh snapshot.
 */
import { Backoff } from "./backoff";
import { type Cursor, isStale, printCursor } from "./cursor";
import type { ClientFrame, LeadEvent, ServerFrame } from "./wire";

/** The server beats every 15 s: after this long the line is dead. */
export const BEAT_SILENCE_MS = 35_000;

/** How long a ping may stay without its reply when the page comes back to the front. */
const PING_MS = 5_000;

/** What to do with a frame. */
export type LiveStep = { do: "nothing" } | { do: "ready" } | { do: "apply"; event: LeadEvent } | { do: "resync" };

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
    switch (frame.type) {
      case "welcome": {
        const here = { epoch: frame.epoch, seq: frame.seq };
        const known = this.#at;
        if (frame.resumed && known?.epoch === frame.epoch) return { do: "ready" };
        // Not resumed from where we stand: unless nothing happened since, events are missing.
        this.#at = here;
        const same = known?.epoch === here.epoch && known.seq === here.seq;
        return same ? { do: "ready" } : { do: "resync" };
      }
      case "gap": {
        // A gap right after a welcome that did not resume says the same thing once more.
        const same = this.#at?.epoch === frame.epoch && this.#at.seq === frame.seq;
        this.#at = { epoch: frame.epoch, seq: frame.seq };
        return { do: same ? "nothing" : "resync" };
      }
      case "event": {
        if (!this.#at) return { do: "nothing" };
        const next = { epoch: this.#at.epoch, seq: frame.seq };
        if (isStale(this.#at, next)) return { do: "nothing" };
        this.#at = next;
        return { do: "apply", event: frame };
      }
      case "beat":
        // Frames arrive in order: whatever lies below a beat was sent, or was not for this topic.
        if (this.#at && frame.seq > this.#at.seq) this.#at = { epoch: this.#at.epoch, seq: frame.seq };
        return { do: "nothing" };
      case "reply":
        return { do: "nothing" };
    }
  }
}

export type LiveState = "connecting" | "live" | "waiting" | "offline";

export interface LiveOptions {
  url: string;
  onEvent(event: LeadEvent): void;
  /** Events are missing: load the snapshot again and call {@link Live.adopt}. */
  onGap(): void;
  onState(state: LiveState): void;
  /** The cookie is no longer good. */
  onUnauthorised(): void;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #log = new LiveLog();
  readonly #backoff: Backoff;
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #pinged: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  #refs = 0;
  #stopped = true;

  constructor(options: LiveOptions, random?: () => number) {
    this.#options = options;
    this.#backoff = new Backoff(random);
  }

  /** A snapshot with this place in the log was loaded. */
  adopt(at: Cursor): void {
    this.#log.adopt(at);
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#sleep);
    globalThis.document?.addEventListener("visibilitychange", this.#look);
    this.#watchdog = setInterval(() => {
      if (this.#socket && Date.now() - this.#heardAt > BEAT_SILENCE_MS) this.#drop();
    }, 5_000);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#sleep);
    globalThis.document?.removeEventListener("visibilitychange", this.#look);
    clearInterval(this.#watchdog);
    clearTimeout(this.#retry);
    clearTimeout(this.#pinged);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  readonly #wake = (): void => {
    this.#backoff.reset();
    if (!this.#socket) this.#connect();
  };

  readonly #sleep = (): void => this.#drop();

  /** A socket can die while the machine sleeps, and nothing says so: ask. */
  readonly #look = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.#socket?.readyState !== WebSocket.OPEN) return this.#wake();
    this.#send({ type: "ping", ref: this.#ref() });
    clearTimeout(this.#pinged);
    this.#pinged = setTimeout(() => this.#drop(), PING_MS);
  };

  #ref(): string {
    return String(++this.#refs);
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #connect(): void {
    clearTimeout(this.#retry);
    if (this.#stopped || this.#socket) return;
    if (globalThis.navigator?.onLine === false) return this.#options.onState("offline");
    this.#options.onState("connecting");
    this.#heardAt = Date.now();
    const socket = (this.#socket = new WebSocket(this.#options.url, "forecourt.v1"));
    socket.onopen = () => this.#send({ type: "hello", ref: this.#ref(), after: this.#log.after, topics: ["leads"] });
    socket.onmessage = (message) => this.#take(socket, message.data as string);
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  #take(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return;
    this.#heardAt = Date.now();
    clearTimeout(this.#pinged);
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return;
    }
    const step = this.#log.take(frame) as LiveStep | undefined; // An unknown type has no meaning yet.
    if (frame.type === "welcome" || frame.type === "gap") {
      this.#backoff.reset();
      this.#options.onState("live");
    }
    if (step?.do === "apply") this.#options.onEvent(step.event);
    else if (step?.do === "resync") this.#options.onGap();
  }

  /** Gives the line up without waiting for a close handshake that may never come. */
  #drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.close();
    this.#closed(socket, 1006);
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#pinged);
    if (this.#stopped) return;
    if (code === 4001) {
      this.stop();
      return this.#options.onUnauthorised();
    }
    if (code === 4002) this.#log.forget();
    if (globalThis.navigator?.onLine === false) return this.#options.onState("offline");
    this.#options.onState("waiting");
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
  }
}
