/**
 * The live socket of staff: every change of the inbox in order, who is at what, and what a person does.
 *
 * Lives here: the WebSocket with hello, replay, gap, beat and ping; one promise per `ref`; the queue
 * of messages; what is said again after a reconnect (the view, the availability, what was seen).
 * Invariants: an event is given out once and in order, or `gap` asks for a fresh snapshot; a message
 * leaves in the order of its conversation and keeps its `client_id` over every reconnect, so it is
 * stored at most once; a running answer never shows a hole; everything that waits is bounded (A9).
 */
import { Backoff } from "./backoff";
import type { Cursor } from "./cursor";
import { DraftAssembler } from "./draft";
import { Emitter } from "./emitter";
import { ProblemError } from "./http";
import { newId } from "./id";
import { LiveLog } from "./log";
import { TypingNotice } from "./typing";
import type {
  Availability,
  BookingEvent,
  DraftFrame,
  LeadEvent,
  MemberFrame,
  Message,
  MessageAccepted,
  Only,
  PresenceFrame,
  RatingFrame,
  ReplyFrame,
  ServerFrame,
  Step,
  Topic,
  Wish,
} from "./wire";

/** The server beats every 15 s: after this long the line is dead. */
export const BEAT_SILENCE_MS = 35_000;

/** A reply that does not come means that the line is dead. */
export const REPLY_MS = 20_000;

/** How long a ping may stay without its reply when the page comes back to the front. */
const PING_MS = 5_000;

/** A line that lived this long starts its next back-off from the beginning. */
const HEALTHY_MS = 5_000;

/** Messages that wait for the line at most. */
export const MOST_QUEUED = 100;

/** How often a message may take the line down with it before it is given up. */
const MOST_FALLS = 3;

/** The line went down before the reply: nobody knows whether it was done. */
export class LineLost extends Error {}

/** More waits than may wait. */
export class QueueFull extends Error {}

export type LiveState = "connecting" | "live" | "waiting" | "offline";

/** The assistant's running answer in the conversation that is viewed; `text` is null when none runs. */
export interface RunningAnswer {
  session_id: string;
  text: string | null;
  step: Step | null;
}

/** A message is stored, or somebody wrote meanwhile and nothing has left. */
export type SendResult = { state: "sent"; accepted: MessageAccepted } | { state: "conflict"; newer: Message[] };

/** A draft is saved, or somebody else changed it: then `draft` is theirs. */
export type DraftResult = { state: "saved" | "conflict"; draft: DraftFrame };

export interface LiveEvents {
  state: LiveState;
  event: LeadEvent;
  /** A step of a booking, where topic `bookings` is asked for. */
  booking: BookingEvent;
  /** Events are missing: load the snapshot again and call {@link Live.adopt}. */
  gap: null;
  presence: PresenceFrame;
  member: MemberFrame;
  answer: RunningAnswer;
  draft: DraftFrame;
  /** What a member thinks of a reply in the conversation that is viewed. */
  rating: RatingFrame;
  /** How many messages wait to be stored. */
  queue: number;
  /** The cookie or ticket is no longer good. */
  signedout: null;
}

export interface LiveOptions {
  /** Origin of the engine; the page's own when absent. */
  url?: string;
  /** Clients without the staff cookie: a fresh ticket from `POST /v1/live/ticket` for each connection. */
  ticket?(): Promise<string>;
  /** Empty: everything. */
  topics?: Topic[];
  only?: Only;
}

interface Pending {
  wish: Wish;
  lasting: boolean;
  /** When it was written to the line; 0 while it waits. */
  at: number;
  notBefore: number;
  falls: number;
  resolve(reply: ReplyFrame): void;
  reject(error: Error): void;
}

const sessionOf = (wish: Wish): unknown => "session_id" in wish && wish.session_id;

export class Live extends Emitter<LiveEvents> {
  state: LiveState = "connecting";
  readonly #options: LiveOptions;
  readonly #log = new LiveLog();
  readonly #backoff: Backoff;
  readonly #answer = new DraftAssembler();
  readonly #pending = new Map<string, Pending>();
  readonly #queue: Pending[] = [];
  readonly #seen = new Map<string, number>();
  readonly #typing: TypingNotice;
  #socket: WebSocket | null = null;
  #ready = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #heardAt = 0;
  #readyAt = 0;
  #refs = 0;
  #tries = 0;
  #stopped = true;
  #viewed: string | null = null;
  #blind = false;
  #typesIn = "";
  #step: Step | null = null;
  #availability: Availability | null = null;

  constructor(options: LiveOptions = {}, random?: () => number) {
    super();
    this.#options = options;
    this.#backoff = new Backoff(random);
    this.#typing = new TypingNotice((on) => void this.#say({ type: "typing", session_id: this.#typesIn, on }));
  }

  /** How many messages wait to be stored. */
  get queued(): number {
    return this.#queue.length;
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
      const now = Date.now();
      const late = [...this.#pending.values()].some(({ at }) => now - at > REPLY_MS);
      if (this.#socket && (late || now - this.#heardAt > BEAT_SILENCE_MS)) this.#drop();
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
    this.#typing.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#fall(0);
    this.#queue.splice(0).forEach((one) => one.reject(new LineLost()));
  }

  // ---- what a person does -------------------------------------------------------------------------

  /** What is on the screen; its presence, running answer and draft follow, also after a reconnect. */
  view(sessionId: string | null): void {
    if (this.#viewed === sessionId) return;
    this.#typing.stop();
    this.#viewed = sessionId;
    this.#endAnswer();
    this.#say({ type: "view", session_id: sessionId });
  }

  /** A key was pressed (`true`), or the text is gone. Call it for every key: it keeps the rhythm. */
  typing(sessionId: string, on = true): void {
    if (this.#typesIn !== sessionId) this.#typing.stop();
    this.#typesIn = sessionId;
    if (on) this.#typing.touch();
    else this.#typing.stop();
  }

  /**
   * Sends, now or when the line is back. With `seen`, the newest message on the screen, nothing leaves
   * when somebody has written since. Throws {@link ProblemError} when it is refused.
   */
  async send(sessionId: string, text: string, how: { seen?: number; clientId?: string } = {}): Promise<SendResult> {
    const client_id = how.clientId ?? newId();
    const wish: Wish = { type: "send", session_id: sessionId, text, client_id };
    if (how.seen !== undefined) wish.seen_seq = how.seen;
    this.typing(sessionId, false);
    const reply = await this.#ask(wish, true);
    if (reply.accepted) return { state: "sent", accepted: reply.accepted };
    if (reply.problem?.code === "conflict") return { state: "conflict", newer: reply.newer ?? [] };
    throw refused(reply);
  }

  async saveDraft(sessionId: string, text: string, revision: number): Promise<DraftResult> {
    const reply = await this.#ask({ type: "draft", session_id: sessionId, text, revision });
    if (reply.draft && (reply.ok || reply.problem?.code === "conflict")) {
      return { state: reply.ok ? "saved" : "conflict", draft: reply.draft };
    }
    throw refused(reply);
  }

  /** Everything up to `seq` was on the screen. */
  seen(sessionId: string, seq: number): void {
    if (seq <= (this.#seen.get(sessionId) ?? 0)) return;
    this.#seen.delete(sessionId);
    this.#seen.set(sessionId, seq);
    if (this.#seen.size > 50) this.#seen.delete(this.#seen.keys().next().value!);
    this.#say({ type: "seen", session_id: sessionId, seq });
  }

  takeOver(sessionId: string): Promise<void> {
    return this.#do({ type: "take_over", session_id: sessionId });
  }

  giveBack(sessionId: string): Promise<void> {
    return this.#do({ type: "give_back", session_id: sessionId });
  }

  assign(sessionId: string, memberId: string | null): Promise<void> {
    return this.#do({ type: "assign", session_id: sessionId, member_id: memberId });
  }

  close(sessionId: string): Promise<void> {
    return this.#do({ type: "close", session_id: sessionId });
  }

  /** Holds over reconnects. */
  setAvailability(availability: Availability): Promise<void> {
    this.#availability = availability;
    return this.#do({ type: "availability", availability });
  }

  async #do(wish: Wish): Promise<void> {
    const reply = await this.#ask(wish);
    if (!reply.ok) throw refused(reply);
  }

  /** Says it if anybody listens; what matters is said again after the welcome. */
  #say(wish: Wish): void {
    this.#ask(wish).catch(() => {});
  }

  #ask(wish: Wish, lasting = false): Promise<ReplyFrame> {
    return new Promise((resolve, reject) => {
      const one: Pending = { wish, lasting, at: 0, notBefore: 0, falls: 0, resolve, reject };
      if (lasting) {
        if (this.#stopped) return reject(new LineLost());
        if (this.#queue.length >= MOST_QUEUED) return reject(new QueueFull());
        this.#queue.push(one);
        this.#pump();
        this.emit("queue", this.queued);
      } else if (this.#ready) this.#put(one);
      else reject(new LineLost());
    });
  }

  #put(one: Pending): void {
    const ref = String(++this.#refs);
    one.at = Date.now();
    this.#pending.set(ref, one);
    this.#socket?.send(JSON.stringify({ ...one.wish, ref }));
  }

  /** One message of a conversation at a time: a later one never overtakes one that is tried again. */
  #pump(): void {
    if (!this.#ready) return;
    const busy = new Set();
    for (const one of this.#queue) {
      const session = sessionOf(one.wish);
      if (!busy.has(session) && !one.at && one.notBefore <= Date.now()) this.#put(one);
      busy.add(session);
    }
  }

  #settle(frame: ReplyFrame): void {
    const one = this.#pending.get(frame.ref);
    if (!one) return;
    this.#pending.delete(frame.ref);
    const status = frame.problem?.status ?? 0;
    if (one.lasting) {
      if (status === 408 || status === 429 || status >= 500) {
        const wait = (frame.problem?.retry_after_s ?? 0) * 1000 + 200 + Math.random() * 1000;
        one.at = 0;
        one.notBefore = Date.now() + wait;
        setTimeout(() => this.#pump(), wait + 1);
        return;
      }
      this.#leave(one);
      this.#pump();
    }
    one.resolve(frame);
  }

  #leave(one: Pending): void {
    this.#queue.splice(this.#queue.indexOf(one), 1);
    this.emit("queue", this.queued);
  }

  // ---- the line -----------------------------------------------------------------------------------

  readonly #wake = (): void => {
    this.#backoff.reset();
    if (!this.#socket) this.#connect();
  };

  readonly #sleep = (): void => this.#drop();

  /** A socket can die while the machine sleeps, and nothing says so: ask. */
  readonly #look = (): void => {
    if (document.visibilityState !== "visible") return;
    const socket = this.#socket;
    if (!socket || socket.readyState > 1) return this.#wake();
    if (!this.#ready) return;
    const before = this.#heardAt;
    this.#say({ type: "ping" });
    setTimeout(() => socket === this.#socket && this.#heardAt === before && this.#drop(), PING_MS);
  };

  #to(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    if (this.#stopped || this.#socket) return;
    if (globalThis.navigator?.onLine === false) return this.#to("offline");
    this.#to("connecting");
    const mine = ++this.#tries;
    const open = (ticket?: string): void => {
      if (mine !== this.#tries || this.#stopped || this.#socket) return;
      this.#open(ticket === undefined ? ["forecourt.v1"] : ["forecourt.v1", `ticket.${ticket}`]);
    };
    const { ticket } = this.#options;
    if (!ticket) return open();
    ticket().then(open, (error) => {
      if (mine !== this.#tries || this.#stopped) return;
      if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) this.#signOut();
      else this.#later();
    });
  }

  #open(protocols: string[]): void {
    this.#heardAt = Date.now();
    const base = new URL(this.#options.url || location.origin);
    const socket = (this.#socket = new WebSocket(`${base.origin.replace(/^http/, "ws")}/v1/live`, protocols));
    const { topics = [], only } = this.#options;
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "hello", ref: String(++this.#refs), after: this.#log.after, topics, ...(only && { only }) }));
    socket.onmessage = (message) => this.#take(socket, message.data as string);
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  #take(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return;
    this.#heardAt = Date.now();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return;
    }
    const step = this.#log.take(frame);
    if (frame.type === "welcome") this.#greeted();
    if (step.do === "resync") this.emit("gap", null);
    else if (step.do === "apply") this.#apply(step.event);
    else if (frame.type === "reply") this.#settle(frame);
    else if (frame.type === "presence") {
      this.emit("presence", frame);
      // The first one after a view tells how things stand: an answer may have ended while nobody listened.
      if (frame.session_id === this.#viewed && this.#blind) {
        this.#blind = false;
        if (frame.assistant === "idle") this.#endAnswer();
      }
    } else if (frame.type === "member") this.emit("member", frame);
    else if (frame.type === "draft") this.emit("draft", frame);
    else if (frame.type === "rating") this.emit("rating", frame);
    else if ("draft_id" in frame && frame.session_id === this.#viewed) this.#running(frame);
  }

  #apply(event: LeadEvent | BookingEvent): void {
    if (event.type === "booking") return this.emit("booking", event);
    if (event.session_id === this.#viewed && event.message && event.message.author !== "customer") this.#endAnswer();
    this.emit("event", event);
  }

  #greeted(): void {
    this.#ready = true;
    this.#readyAt = Date.now();
    this.#to("live");
    if (this.#availability) this.#say({ type: "availability", availability: this.#availability });
    if (this.#viewed) {
      this.#blind = true;
      this.#say({ type: "view", session_id: this.#viewed });
      const seq = this.#seen.get(this.#viewed);
      if (seq) this.#say({ type: "seen", session_id: this.#viewed, seq });
    }
    this.#pump();
  }

  #running(frame: Extract<ServerFrame, { draft_id: string }>): void {
    if (frame.type === "draft_discarded") {
      if (frame.draft_id === this.#answer.id) this.#endAnswer();
      return;
    }
    if (frame.type === "progress") {
      this.#answer.start(frame.draft_id);
      this.#step = frame.step;
    } else {
      const step = this.#answer.apply(frame);
      // A piece is missing: the view brings the whole.
      if (step === "gap") return this.#say({ type: "view", session_id: frame.session_id });
      if (step === "known" && !this.#step) return;
      this.#step = null;
    }
    this.emit("answer", { session_id: frame.session_id, text: this.#answer.text, step: this.#step });
  }

  #endAnswer(): void {
    if (this.#answer.id === null) return;
    this.#answer.end();
    this.#step = null;
    if (this.#viewed) this.emit("answer", { session_id: this.#viewed, text: null, step: null });
  }

  /** Gives the line up without waiting for a close handshake that may never come. */
  #drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.close();
    this.#closed(socket, 1006);
  }

  /** What was under way: messages wait for the next line, all else is lost. */
  #fall(code: number): void {
    this.#ready = false;
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of all) {
      one.at = 0;
      // 1002 to 1009: the server hung up on something that was said.
      if (one.lasting && code >= 1002 && code <= 1009 && code !== 1006) one.falls += 1;
      if (one.lasting && one.falls < MOST_FALLS) continue;
      if (one.lasting) this.#leave(one);
      one.reject(new LineLost());
    }
  }

  #signOut(): void {
    this.stop();
    this.emit("signedout", null);
  }

  #later(): void {
    if (globalThis.navigator?.onLine === false) return this.#to("offline");
    this.#to("waiting");
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (this.#ready && Date.now() - this.#readyAt > HEALTHY_MS) this.#backoff.reset();
    this.#fall(code);
    if (this.#stopped) return;
    if (code === 4001) return this.#signOut();
    if (code === 4002) this.#log.forget();
    this.#later();
  }
}

function refused(reply: ReplyFrame): ProblemError {
  const { problem } = reply;
  return new ProblemError(problem?.status ?? 0, problem ?? null, (problem?.retry_after_s ?? 0) * 1000);
}
