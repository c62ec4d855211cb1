/**
 * The conversation behind a chat window: what was said, what is on its way, who answers.
 *
 * Lives here: the session (opened by the first message, restored after a reload, shared by the tabs
 * of a visitor, renewed when its token ends), the ordered send queue with its retries, the list of
 * what to show, who types, what was seen. Draws nothing.
 * Invariants: no request and no storage before the visitor acts; messages leave one at a time and
 * in order; each keeps its `client_id` over every retry, so none is stored twice.
 */
import { Backoff } from "./backoff";
import { callAfter } from "./call";
import { ProblemError, request } from "./http";
import { newId } from "./id";
import { SessionStream, type StreamState } from "./session";
import { TypingNotice } from "./typing";
import type {
  ChatCall,
  AttachmentView,
  Author,
  ChatBooking,
  Message,
  MessageAccepted,
  OfferedTime,
  Pressed,
  PublicTenant,
  QueuePlace,
  SessionOpened,
  SessionStatus,
  Snapshot,
  Step,
  StoredEvent,
  Typing,
} from "./wire";

/** Refusals of the same message before it is shown as failed. */
const MOST_TRIES = 6;

/** How many lines are kept on screen (A9). */
const MOST_ITEMS = 500;

/** How long "types" holds without being said again. */
const TYPING_MS = 6_000;

/** How long a tab waits for another one that is opening the conversation. */
const TABS_MS = 50;

export type ItemState = "sending" | "queued" | "sent" | "seen" | "failed";
export type Note = "taken" | "back" | "closed" | "failedTurn" | "fresh";

/** One line of the conversation. `era` grows when a new session replaces an ended one. */
export interface Item {
  key: string;
  /** The message's own id, once it is stored. */
  id?: string;
  era: number;
  /** Place in the session; unsent lines have none and stand last. */
  seq: number;
  at: number;
  author: Author;
  name: string;
  text: string;
  note?: Note;
  state?: ItemState;
  /** What was sent, for another try. */
  sent?: Waiting;
}

export interface Brand {
  name?: string;
  color?: string;
  languages?: string[];
  /** IANA zone of the business. */
  zone?: string;
}

interface Waiting {
  client_id: string;
  text: string;
  pressed?: Pressed | undefined;
  attachments?: string[] | undefined;
}

interface Stored {
  id?: string;
  token?: string;
  greeting?: string;
  brand?: Brand;
  open?: boolean;
  out?: Waiting[];
}

export interface ChatOptions {
  /** Origin of the engine, without a trailing slash; empty for the page's own. */
  base: string;
  tenant: string;
  lang: () => string;
  /** Something is to be drawn anew. */
  onChange(): void;
}

/** What the tabs of a visitor tell each other. */
type TabNote = { ask: true } | { front: true } | { share: Stored };

export class Chat {
  items: Item[] = [];
  draft: string | null = null;
  status: SessionStatus = "open";
  connection: StreamState = "connecting";
  brand: Brand = {};
  greeting = "";
  memberName = "";
  /** What the assistant does before its next words. */
  step: Step | null = null;
  /** Who writes to the visitor right now. */
  typing: Typing | null = null;
  /** The visitor's place among those who wait for a person. */
  place: QueuePlace | null = null;
  /** The times that were offered and not answered. */
  offers: OfferedTime[] = [];
  /** The appointments of this conversation, as they stand. */
  bookings: ChatBooking[] = [];
  /** When somebody calls, or may. */
  call: ChatCall | null = null;
  /** The files that came with the visitor's messages; of one file the first says how it is. */
  files: AttachmentView[] = [];
  /** How far this clock is ahead of the server's, at most (ms). */
  skew = 0;
  loading = false;
  /** When a refused message is tried again (ms since the epoch); 0 when nothing was refused. */
  busyUntil = 0;

  readonly #options: ChatOptions;
  #session: { id: string; token: string } | null = null;
  #stream: SessionStream | null = null;
  readonly #out: Waiting[] = [];
  readonly #backoff = new Backoff();
  readonly #storageKey: string;
  #isOpen = false;
  #kept = false;
  #pumping = false;
  #era = 0;
  #asked = false;
  #skipWait: (() => void) | null = null;
  #seenByStaff = 0;
  #seenByVisitor = 0;
  #typingOver: ReturnType<typeof setTimeout> | undefined;
  readonly #notice = new TypingNotice((on) => this.#tell("typing", { on }));
  readonly #tabs: BroadcastChannel | null;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#storageKey = `forecourt:${options.tenant}`;
    addEventListener("online", () => this.#skipWait?.());
    this.#tabs = globalThis.BroadcastChannel ? new BroadcastChannel(this.#storageKey) : null;
    if (this.#tabs) this.#tabs.onmessage = ({ data }) => this.#hear(data as TabNote);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#stream?.pause(false);
      this.#toTabs({ front: true });
      this.#see();
    });
  }

  /** Goes on after a reload. Returns whether the panel was open; `null` when there is nothing. */
  restore(): boolean | null {
    let stored: Stored;
    try {
      stored = JSON.parse(sessionStorage.getItem(this.#storageKey) ?? "null") as Stored;
    } catch {
      return null;
    }
    if (!stored) {
      this.#toTabs({ ask: true });
      return null;
    }
    this.#isOpen = !!stored.open;
    for (const waiting of stored.out ?? []) this.#enqueue(waiting);
    this.#join(stored);
    return this.#isOpen;
  }

  /** Goes on with a conversation that this tab kept, or another one shares. */
  #join({ id, token, greeting = "", brand = {} }: Stored): void {
    this.#kept = true;
    this.greeting = greeting;
    this.brand = brand;
    if (id && token) {
      this.#session = { id, token };
      this.loading = true;
      void this.#load();
    } else {
      void this.#pump();
    }
  }

  // ---- the tabs of one visitor ------------------------------------------------------------------

  #toTabs(note: TabNote): void {
    this.#tabs?.postMessage(note);
  }

  #share(): void {
    const { greeting, brand } = this;
    if (this.#session) this.#toTabs({ share: { ...this.#session, greeting, brand } });
  }

  #hear(note: TabNote): void {
    if ("ask" in note) this.#share();
    else if ("front" in note) {
      // One tab that is looked at listens for all that are not: browsers allow six lines to a host.
      if (document.hidden) this.#stream?.pause(true);
    } else if (!this.#session && note.share.id) {
      this.#join(note.share);
      this.#keep();
      this.#options.onChange();
    }
  }

  /** The visitor opened or closed the panel. */
  setOpen(open: boolean): void {
    this.#isOpen = open;
    if (this.#kept) this.#keep();
    if (open && !this.#asked && !this.brand.languages) void this.#ask();
    this.#see();
  }

  /** A key was pressed in the field, or (`false`) it was emptied. */
  type(on: boolean): void {
    if (on) this.#notice.touch();
    else this.#notice.stop();
  }

  /** Tells the server what is of this moment; lost when it does not arrive. */
  #tell(what: string, body: object): void {
    const session = this.#session;
    if (!session) return;
    request(`${this.#options.base}/v1/sessions/${session.id}/${what}`, { token: session.token, body }).catch(() => {});
  }

  /** What stands on an open panel in a tab that is looked at has been seen. */
  #see(): void {
    if (!this.#isOpen || document.hidden) return;
    const upto = this.items.findLast((it) => it.era === this.#era && it.author !== "customer" && !it.note)?.seq ?? 0;
    if (upto <= this.#seenByVisitor) return;
    this.#seenByVisitor = upto;
    this.#tell("seen", { seq: upto });
  }

  /** `pressed`: the button that the text stands for; `attachments`: files that were announced. */
  send(text: string, pressed?: Pressed, attachments?: string[]): void {
    const trimmed = text.trim();
    if (!trimmed) return;
    this.#kept = true;
    this.type(false);
    this.#enqueue({ client_id: newId(), text: trimmed, pressed, attachments });
    this.#keep();
    this.#options.onChange();
    void this.#pump();
  }

  retry(key: string): void {
    const item = this.items.find((it) => it.key === key && it.state === "failed");
    if (!item?.sent) return;
    this.#drop(item);
    this.#enqueue(item.sent);
    this.#keep();
    this.#options.onChange();
    void this.#pump();
  }

  /** Name, colour and languages of the tenant; the widget does without when they do not come. */
  async #ask(): Promise<void> {
    this.#asked = true;
    const { base, tenant, lang } = this.#options;
    try {
      const slug = encodeURIComponent(tenant);
      const { name, color, languages, zone } = await request<PublicTenant>(`${base}/v1/public/tenant?slug=${slug}&lang=${lang()}`);
      this.brand = { name, color, languages, zone };
      this.#options.onChange();
    } catch {
      this.#asked = false;
    }
  }

  #keep(): void {
    const { greeting, brand } = this;
    const stored: Stored = { ...this.#session, greeting, brand, open: this.#isOpen, out: this.#out };
    try {
      sessionStorage.setItem(this.#storageKey, JSON.stringify(stored));
    } catch {
      // Storage is full or forbidden: the chat works, it only does not survive a reload.
    }
  }

  // ---- the list ---------------------------------------------------------------------------------

  #enqueue(waiting: Waiting): void {
    this.#out.push(waiting);
    this.#put({
      key: waiting.client_id,
      era: this.#era,
      seq: Infinity,
      at: Date.now(),
      author: "customer",
      name: "",
      text: waiting.text,
      state: "sending",
      sent: waiting,
    });
  }

  #put(item: Item): void {
    const found = this.items.findIndex((it) => it.key === item.key);
    if (found >= 0) this.items[found] = item;
    else this.items.push(item);
    // Stable: unsent lines (both Infinity) keep the order in which they were written.
    this.items.sort((a, b) => a.era - b.era || (a.seq === b.seq ? 0 : a.seq - b.seq));
    this.items.splice(0, this.items.length - MOST_ITEMS);
  }

  #drop(item: Item): void {
    this.items.splice(this.items.indexOf(item), 1);
  }

  #show(message: Message): void {
    const { client_id: clientId, author, seq, text } = message;
    if (author === "member") {
      if (message.member_name) this.memberName = message.member_name;
      this.place = null;
      if (this.call) this.call = { ...this.call, offered: [] };
    }
    if (author === "customer") this.offers = [];
    else this.typing = null;
    this.#put({
      key: clientId || message.message_id,
      id: message.message_id,
      era: this.#era,
      seq,
      at: Date.parse(message.at),
      author,
      name: message.member_name ?? "",
      text,
      ...(author === "customer" && { state: seq > this.#seenByStaff ? ("sent" as const) : ("seen" as const) }),
    });
  }

  /** A remark below what has been said so far; `id` keeps a repeat from being shown twice. */
  #note(note: Note, id: number | string): void {
    // Messages count on their own: a remark stands right after the last one of this session.
    const said = this.items.filter((it) => it.era === this.#era && it.seq < Infinity);
    const seq = (said.at(-1)?.seq ?? 0) + 0.01;
    const key = `${this.#era}:${note}:${id}`;
    this.#put({ key, era: this.#era, seq, at: 0, author: "assistant", name: this.memberName, text: "", note });
  }

  // ---- listening --------------------------------------------------------------------------------

  /** Loads the history of a session that was kept, however long the network takes. */
  async #load(): Promise<void> {
    const { base } = this.#options;
    while (this.#session && this.loading) {
      const { id, token } = this.#session;
      try {
        const snapshot = await request<Snapshot>(`${base}/v1/sessions/${id}`, { token });
        this.#adopt(snapshot);
        this.draft = snapshot.draft?.text ?? null;
        this.loading = false;
        this.#listen(snapshot);
        this.#see();
        if (!document.hidden) this.#toTabs({ front: true });
      } catch (error) {
        if (error instanceof ProblemError && error.status < 500 && error.status !== 429) {
          this.loading = false;
          this.#forget();
        } else {
          this.connection = "waiting";
          this.#options.onChange();
          await this.#wait(error instanceof ProblemError ? error.retryAfterMs : 0);
        }
      }
    }
    this.#options.onChange();
    void this.#pump();
  }

  #adopt(snapshot: Snapshot): void {
    this.status = snapshot.status;
    this.memberName = snapshot.member_name ?? this.memberName;
    const unsent = this.items.filter((it) => it.seq === Infinity);
    this.items = this.items.filter((it) => it.era < this.#era);
    unsent.forEach((item) => this.#put(item));
    snapshot.messages.forEach((message) => this.#show(message));
    this.bookings = snapshot.bookings ?? [];
    this.call = snapshot.call ?? null;
    this.files = snapshot.attachments ?? [];
    if (snapshot.messages.at(-1)?.author !== "customer") this.offers = snapshot.offers ?? [];
    if (snapshot.status === "closed") this.#note("closed", "end");
  }

  #listen(known: { epoch: number; seq: number }): void {
    const { id, token } = this.#session!;
    const changed = this.#options.onChange;
    this.#stream = new SessionStream({
      base: this.#options.base,
      sessionId: id,
      token,
      onEvent: (event) => this.#take(event),
      onDraft: (text, step) => {
        this.draft = text;
        this.step = step;
        changed();
      },
      onTyping: (typing) => {
        this.typing = typing.by ? typing : null;
        clearTimeout(this.#typingOver);
        this.#typingOver = setTimeout(() => {
          this.typing = null;
          changed();
        }, TYPING_MS);
        changed();
      },
      onQueue: (place) => {
        this.place = place;
        changed();
      },
      onSeen: (upto) => {
        this.#seenByStaff = Math.max(upto, this.#seenByStaff);
        for (const item of this.items) if (item.era === this.#era && item.state === "sent" && item.seq <= upto) item.state = "seen";
        changed();
      },
      onSnapshot: (snapshot) => {
        this.#adopt(snapshot);
        changed();
      },
      onState: (state) => {
        this.connection = state;
        changed();
      },
      onEnd: () => {
        this.#forget();
        changed();
        void this.#pump();
      },
    });
    this.#stream.start(known);
  }

  #take(event: StoredEvent): void {
    const ahead = Date.now() - Date.parse(event.at);
    this.skew = this.skew ? Math.min(this.skew, ahead) : ahead;
    if (event.type === "message.posted") {
      this.#show(event.message);
    } else if (event.type === "session.status") {
      const before = this.status;
      this.status = event.status;
      this.memberName = event.member_name ?? this.memberName;
      this.place = null;
      if (event.status === "closed") this.#note("closed", "end");
      else if (event.status === "with_human") this.#note("taken", event.seq);
      else if (before === "with_human") this.#note("back", event.seq);
    } else if (event.type === "times.offered") {
      this.offers = event.offers;
    } else if (event.type === "call.changed") {
      this.call = callAfter(this.call, event.news);
      if (event.news.kind === "agreed") this.place = null;
    } else if (event.type === "booking.changed") {
      this.bookings = [...this.bookings.filter((it) => it.booking_id !== event.booking.booking_id), event.booking];
    } else if (event.type === "attachments.changed") {
      this.files = [...event.attachments, ...this.files];
    } else if (event.type === "turn.failed") {
      this.#note("failedTurn", event.seq);
    }
    this.#see();
    this.#options.onChange();
  }

  /** The session is over for us. What was said stays on screen; the next message opens another. */
  #forget(): void {
    this.#stream?.stop();
    this.#stream = null;
    this.#session = null;
    this.draft = this.step = this.typing = this.place = null;
    this.#seenByStaff = this.#seenByVisitor = 0;
    this.status = "open";
    this.offers = [];
    this.bookings = [];
    this.call = null;
    const spoken = this.items.some((it) => it.seq < Infinity);
    const unsent = this.items.filter((it) => it.seq === Infinity);
    // Files stay with the conversation they were sent to.
    for (const one of this.#out) delete one.attachments;
    if (spoken) {
      this.#era += 1;
      for (const item of unsent) item.era = this.#era;
      this.#note("fresh", "start");
    }
    this.#keep();
  }

  // ---- sending ----------------------------------------------------------------------------------

  #wait(atLeast: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#skipWait = null;
        resolve();
      };
      const timer = setTimeout(done, this.#backoff.next(atLeast));
      // Coming back online ends a wait for the network, never one that the server asked for.
      this.#skipWait = atLeast ? null : done;
    });
  }

  /** The conversation that files are sent to; it is opened when there is none. */
  async reach(): Promise<{ url: string; token: string }> {
    if (this.status === "closed") this.#forget();
    if (!this.#session) await this.#open();
    this.#kept = true;
    this.#keep();
    const { id, token } = this.#session!;
    return { url: `${this.#options.base}/v1/sessions/${id}`, token };
  }

  /** Two tabs, or a message and a file, that are sent at once open one conversation. */
  async #open(): Promise<void> {
    const open = async (): Promise<void> => {
      if (this.#tabs) await new Promise((done) => setTimeout(done, TABS_MS));
      if (!this.#session) await this.#openNow();
    };
    await (navigator.locks?.request(this.#storageKey, open) ?? open());
  }

  async #openNow(): Promise<void> {
    const { base, tenant, lang } = this.#options;
    const opened = await request<SessionOpened>(`${base}/v1/sessions`, {
      body: { tenant, lang: lang(), page_url: location.href.split(/[?#]/)[0] },
    });
    this.#session = { id: opened.session_id, token: opened.token };
    const { name, color, languages, zone } = opened.tenant;
    this.brand = { name, color, languages, zone };
    this.greeting = opened.greeting;
    this.#keep();
    this.#share();
    this.#listen(opened);
  }

  async #pump(): Promise<void> {
    if (this.#pumping || this.loading) return;
    this.#pumping = true;
    let tries = 0;
    let renewed = 0;
    for (let next = this.#out[0]; next; next = this.#out[0]) {
      const item = this.items.find((it) => it.key === next!.client_id);
      try {
        if (this.status === "closed") this.#forget();
        if (!this.#session) await this.#open();
        if (item) item.state = "sending";
        this.#options.onChange();
        const { id, token } = this.#session!;
        const accepted = await request<MessageAccepted>(`${this.#options.base}/v1/sessions/${id}/messages`, { token, body: next });
        this.#out.shift();
        // The stream may have been faster: then the list already holds the stored line.
        if (item && item.seq === Infinity) {
          this.#put({ ...item, id: accepted.message_id, seq: accepted.seq, state: accepted.seq > this.#seenByStaff ? "sent" : "seen" });
        }
        tries = 0;
        this.busyUntil = 0;
        this.#backoff.reset();
        this.#keep();
      } catch (error) {
        const refused = error instanceof ProblemError ? error : null;
        const over = refused && ([401, 403, 404, 410].includes(refused.status) || refused.code === "conversation-closed");
        const ended = over && this.#session;
        if (ended && renewed < 2) {
          renewed += 1;
          this.#forget();
        } else if (!refused || refused.status === 408 || refused.status === 429 || refused.status >= 500) {
          tries += refused ? 1 : 0;
          if (tries >= MOST_TRIES) {
            this.#fail(item);
            tries = 0;
          } else {
            if (item) item.state = refused ? "sending" : "queued";
            const atLeast = refused?.retryAfterMs ?? 0;
            this.busyUntil = refused?.status === 429 ? Date.now() + Math.max(atLeast, 1000) : 0;
            this.#options.onChange();
            await this.#wait(atLeast);
            this.busyUntil = 0;
          }
        } else {
          // Tried again, the text goes without files, which may be what was refused.
          delete next.attachments;
          this.#fail(item);
        }
      }
      this.#options.onChange();
    }
    this.#pumping = false;
  }

  #fail(item: Item | undefined): void {
    this.#out.shift();
    if (item) item.state = "failed";
    this.#keep();
  }
}
