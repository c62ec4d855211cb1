/**
 * What the visitor sees: the launcher and the panel, inside a shadow root.
 *
 * Lives here: DOM, focus, announcements. Text is always set as text, styles come from one adopted
 * sheet, so the widget lives under a strict content security policy of the page around it.
 * The running answer is hidden from screen readers and announced once, when it is complete.
 */
import { formatColor, parseColor, readableOn, textOn } from "../sdk/color";
import { el, icon } from "../sdk/dom";
import type { Chat, Item } from "../sdk/chat";
import type { Pressed } from "../sdk/wire";
import { linkify } from "./linkify";
import css from "./style.css?inline";
import { fill, type Lang, type Texts } from "./texts";

/** Longest message that the field takes. */
const MAX_TEXT = 4000;

const DEFAULT_BRAND = "#1d4f91";
// The grounds of a bubble: the accent is made readable there, and so it is on the panel, too.
const LIGHT = [242, 244, 247] as const;
const DARK = [33, 41, 53] as const;

const CHAT =
  "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5zM8.5 8.7h7M8.5 11.8h4.5";
const CROSS = "M6.5 6.5l11 11M17.5 6.5l-11 11";
const SEND = "M12 19V5.5M6 11l6-6 6 6";
const DOWN = "M6 10l6 6 6-6";
const SPARK = "M12 4l2.2 5.8L20 12l-5.8 2.2L12 20l-2.2-5.8L4 12l5.8-2.2z";
const PERSON = "M12 12a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4zM4.8 19.8a7.2 7.2 0 0 1 14.4 0";

/** What draws times, appointments and the queue: a file of its own. */
export type Later = typeof import("./later");
/** What sends files and draws them: another one. */
export type FilesModule = typeof import("./files");

export interface ViewOptions {
  /** Loads one of them. */
  load<T>(name: "later" | "files"): Promise<T>;
  lang(): Lang;
  texts(): Texts;
  theme: string | null;
  color: string | null;
  name: string | null;
}

export class View {
  readonly host = document.createElement("forecourt-chat");
  readonly #chat: Chat;
  readonly #options: ViewOptions;
  readonly #root: ShadowRoot;
  readonly #badge = el("span", { class: "badge", hidden: "" });
  readonly #launcher = el("button", { class: "launcher", type: "button", "aria-haspopup": "dialog" });
  readonly #title = el("h2");
  readonly #sub = el("p", { class: "sub" });
  readonly #face = el("span", { class: "face", "aria-hidden": "true" });
  readonly #closer = el("button", { class: "icon", type: "button" }, icon(CROSS));
  readonly #intro = el("div", { class: "intro" });
  readonly #log = el("div", { role: "log", "aria-live": "off" });
  readonly #writing = el("div", { "aria-hidden": "true", hidden: "" });
  #writer: HTMLElement = el("p");
  readonly #bubble = el("div", { class: "bubble", dir: "auto" });
  readonly #booking = el("div", { tabindex: "-1", hidden: "" });
  #later: Promise<Later> | undefined;
  readonly #starters = el("div", { class: "starters" });
  readonly #scroll: HTMLElement;
  readonly #latest = el("button", { class: "latest", type: "button", hidden: "" }, icon(DOWN));
  readonly #notice = el("p", { class: "notice", role: "status", hidden: "" });
  readonly #queue = el("p", { class: "notice queue", hidden: "" });
  #files: Promise<() => void> | undefined;
  readonly #field = el("textarea", { rows: "1", maxlength: String(MAX_TEXT), enterkeyhint: "send" });
  readonly #sender = el("button", { class: "send", type: "submit" }, icon(SEND));
  readonly #person = el("button", { class: "person", type: "button" }, icon(PERSON), el("span"));
  readonly #spoken = el("div", { class: "sr", role: "status" });
  readonly #panel: HTMLElement;
  readonly #lines = new Map<string, { node: HTMLElement; print: string }>();
  #opened = false;
  #seen = 0;
  #painted = "";
  #wasWriting: string | false = false;
  #ticking = 0;

  constructor(chat: Chat, options: ViewOptions) {
    this.#chat = chat;
    this.#options = options;
    this.#root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.#root.adoptedStyleSheets = [sheet];

    this.#launcher.append(icon(CHAT), icon(CROSS), this.#badge);
    this.#writing.append(this.#writer, el("div", { class: "line writing", "data-who": "assistant" }, this.#bubble));
    this.#scroll = el("div", { class: "scroll", tabindex: "0" }, this.#intro, this.#log, this.#writing, this.#booking, this.#starters);
    const form = el("form", {}, this.#field, this.#sender);
    this.#panel = el(
      "section",
      { class: "panel", role: "dialog", id: "panel", "aria-labelledby": "title", tabindex: "-1", hidden: "" },
      el("div", { class: "head" }, this.#face, el("div", { class: "who" }, this.#title, this.#sub), this.#closer),
      el("div", { class: "body" }, this.#scroll, this.#latest),
      this.#queue,
      this.#notice,
      form,
      el("div", { class: "foot" }, this.#person),
    );
    this.#title.id = "title";
    this.#launcher.setAttribute("aria-controls", "panel");
    this.#root.append(this.#panel, this.#launcher, this.#spoken);

    this.#launcher.onclick = () => this.toggle(!this.#opened);
    this.#closer.onclick = () => this.toggle(false);
    this.#person.onclick = () => this.#say(this.#options.texts().personText);
    this.#latest.onclick = () => this.#toEnd(true);
    this.#scroll.onscroll = () => (this.#latest.hidden = this.#atEnd());
    this.#field.oninput = () => {
      this.#chat.type(!!this.#field.value.trim());
      this.#fit();
    };
    this.#field.onkeydown = (event) => {
      // 229: Enter confirms a word in an input method, it does not send.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
        event.preventDefault();
        form.requestSubmit();
      }
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#say(this.#field.value);
      this.#field.value = "";
      this.#fit();
      this.#field.focus();
    };
    this.#panel.onkeydown = (event) => this.#keys(event);
    const viewport = visualViewport;
    const resize = () => viewport && this.host.style.setProperty("--vh", `${viewport.height}px`);
    viewport?.addEventListener("resize", resize);
    resize();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.render());
    this.render();
  }

  /** Opens or closes the panel; `quiet` leaves the focus where it is. */
  toggle(open: boolean, quiet = false, prefill = ""): void {
    const changed = open !== this.#opened;
    this.#opened = open;
    this.#panel.hidden = !open;
    if (changed) this.#chat.setOpen(open);
    this.render();
    if (prefill && !this.#field.value) this.#field.value = prefill;
    this.#fit();
    if (open) this.#toEnd();
    if (quiet) return;
    // A touch keyboard that jumps up would hide the greeting.
    if (open) (matchMedia("(pointer: coarse)").matches && !prefill ? this.#panel : this.#field).focus();
    else if (changed) this.#launcher.focus();
  }

  render(): void {
    const chat = this.#chat;
    const options = this.#options;
    const texts = options.texts();
    this.#paint();
    const name = chat.brand.name ?? options.name ?? "";
    const human = chat.status === "with_human";
    this.host.lang = options.lang();
    this.host.dir = options.lang() === "ar" ? "rtl" : "ltr";
    this.host.toggleAttribute("open", this.#opened);

    this.#title.textContent = name || texts.title;
    const who = chat.memberName || name || texts.member;
    this.#sub.textContent = human ? fill(texts.human, { name: who }) : texts.now;
    if (this.#face.dataset["human"] !== String(human)) {
      this.#face.dataset["human"] = String(human);
      this.#face.replaceChildren(icon(human ? PERSON : SPARK));
    }
    const label = (node: HTMLElement, text: string) => node.setAttribute("aria-label", text);
    label(this.#closer, texts.close);
    label(this.#sender, texts.send);
    label(this.#latest, texts.latest);
    label(this.#scroll, texts.title);
    label(this.#field, texts.write);
    this.#field.placeholder = texts.write;
    this.#person.lastElementChild!.textContent = texts.person;
    this.#person.hidden = human;

    this.#renderIntro(texts, name);
    const stick = this.#atEnd();
    this.#renderLog(texts, name);
    this.#renderDraft(texts, who);
    this.#renderLater(stick);
    // Files are taken and shown by an open panel; what does not load is tried again with the next change.
    if (this.#opened) {
      this.#files ??= this.#options.load<FilesModule>("files").then((files) => files.draw(chat, this.#root, this.#options.lang));
      this.#files.then(
        (draw) => draw(),
        () => (this.#files = undefined),
      );
    }
    if (stick) this.#toEnd();
    this.#renderNotice(texts);
    this.#renderLauncher(texts, label);
    // Only what comes from now on is read out, not the history.
    if (!chat.loading) requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
  }

  /** Brand colour and theme as variables; the text on the brand is always readable. */
  #paint(): void {
    const theme = this.#options.theme;
    const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const wish = this.#chat.brand.color ?? this.#options.color ?? DEFAULT_BRAND;
    if (this.#painted === wish + dark) return;
    this.#painted = wish + dark;
    const brand = parseColor(wish) ?? parseColor(DEFAULT_BRAND)!;
    const set = (key: string, value: string) => this.host.style.setProperty(key, value);
    this.host.toggleAttribute("dark", dark);
    set("--brand", formatColor(brand));
    set("--on-brand", formatColor(textOn(brand)));
    set("--accent", formatColor(readableOn(brand, dark ? DARK : LIGHT)));
  }

  #renderIntro(texts: Texts, name: string): void {
    const first = this.#chat.items[0];
    const greeting = this.#chat.greeting || fill(texts.hello, { name: name || texts.title });
    // A server that stores its greeting as the first line has it in the history already.
    const doubled = first?.author === "assistant" && first.text === greeting;
    const print = doubled + greeting + texts.auto;
    if (this.#intro.dataset["print"] === print) return;
    this.#intro.dataset["print"] = print;
    this.#intro.replaceChildren();
    if (!doubled) {
      this.#intro.append(
        this.#who("assistant", texts.assistant, texts.auto),
        el("div", { class: "line", "data-who": "assistant" }, el("div", { class: "bubble", dir: "auto" }, greeting)),
      );
    }
    this.#intro.append(el("p", { class: "small" }, texts.privacy));
    this.#starters.replaceChildren(
      ...texts.starters.map((text) => {
        const button = el("button", { type: "button" }, text);
        button.onclick = () => this.#say(text);
        return button;
      }),
    );
  }

  #renderLog(texts: Texts, name: string): void {
    const { items } = this.#chat;
    this.#starters.hidden = items.length > 0 || this.#chat.loading;
    const keys = new Set(items.map((item) => item.key));
    for (const [key, line] of this.#lines) {
      if (keys.has(key)) continue;
      line.node.remove();
      this.#lines.delete(key);
    }
    const seen = items.findLast((item) => item.state === "seen");
    let before: Item | undefined;
    let at: ChildNode | null = this.#log.firstChild;
    items.forEach((item, index) => {
      const follows = !!before && !before.note && before.author === item.author && before.name === item.name;
      // One mark is enough: the last message that was seen, or the last one at all.
      const last = item.state === "seen" ? item === seen : index === items.length - 1;
      const print = [follows, item.state, item.seq, last, texts.send, this.#chat.memberName].join();
      const known = this.#lines.get(item.key);
      let node = known?.node;
      if (!known || known.print !== print) {
        const fresh = this.#line(item, texts, name, follows, last);
        // The finished answer takes the place of its draft without a second entrance.
        if (known || this.#chat.loading || item.author === this.#wasWriting) fresh.classList.add("calm");
        if (node === at) at = fresh;
        node?.replaceWith(fresh);
        node = fresh;
        this.#lines.set(item.key, { node, print });
      }
      if (node !== at) this.#log.insertBefore(node!, at);
      at = node!.nextSibling;
      before = item;
    });
  }

  #renderLater(stick: boolean): void {
    const chat = this.#chat;
    if (!this.#later && !chat.place && !chat.offers.length && !chat.bookings.length && !chat.call) return;
    this.#later ??= this.#options.load<Later>("later");
    this.#later.then(
      ({ draw }) => {
        draw({
          chat,
          times: this.#booking,
          place: this.#queue,
          lang: this.#options.lang(),
          say: (text, pressed) => this.#say(text, pressed),
          prefill: (text) => this.toggle(true, false, text),
        });
        if (stick) this.#toEnd();
      },
      // The words of the answer say the same; it is loaded again with the next change.
      () => (this.#later = undefined),
    );
  }

  #who(author: string, name: string, role: string): HTMLElement {
    const avatar = el("span", { class: "avatar", "aria-hidden": "true" }, icon(author === "assistant" ? SPARK : PERSON));
    return el("p", { class: "name", "data-who": author }, avatar, el("bdi", {}, name), el("span", { class: "role" }, role));
  }

  #line(item: Item, texts: Texts, name: string, follows: boolean, last: boolean): HTMLElement {
    if (item.note) {
      const text = fill(texts[item.note], { name: item.name || texts.member, tenant: name });
      return el("p", { class: "note" }, text);
    }
    const mine = item.author === "customer";
    const node = el("div", { class: follows ? "turn" : "turn first" });
    if (mine) node.append(el("span", { class: "sr" }, `${texts.you}: `));
    else if (!follows) {
      const assistant = item.author === "assistant";
      const speaker = assistant ? texts.assistant : item.name || texts.member;
      node.append(this.#who(item.author, speaker, assistant ? texts.auto : name));
    }
    const bubble = el("div", { class: "bubble", dir: "auto" });
    fillText(bubble, item.text);
    const time = new Intl.DateTimeFormat(this.#options.lang(), { timeStyle: "short", numberingSystem: "latn" });
    bubble.title = time.format(item.at);
    const line = el("div", { class: "line", "data-who": item.author }, bubble);
    node.append(line);
    if (mine) node.append(el("div", { class: "files", id: item.key, hidden: "" }));
    const { state } = item;
    if (mine && state && (last || !["sent", "seen"].includes(state))) {
      const foot = el("p", { class: "state", "data-state": state }, texts[state]);
      if (state === "failed") {
        const again = el("button", { type: "button" }, texts.retry);
        again.onclick = () => this.#chat.retry(item.key);
        foot.append(" ", again);
      }
      node.append(foot);
    }
    return node;
  }

  #renderDraft(texts: Texts, member: string): void {
    const { draft, step, typing, items } = this.#chat;
    const human = draft === null && typing?.by === "member";
    const author = human ? "member" : "assistant";
    const writing = draft !== null || !!typing;
    this.#writing.hidden = !writing;
    if (writing) {
      // The draft stands exactly where its message will stand.
      const last = items.at(-1);
      const follows = last?.author === author && !last.note;
      const name = human ? typing.member_name || member : texts.assistant;
      const writer = follows ? el("p") : this.#who(author, name, human ? "" : texts.auto);
      this.#writer.replaceWith(writer);
      this.#writer = writer;
      (this.#bubble.parentNode as HTMLElement).dataset["who"] = author;
      this.#bubble.classList.toggle("dots", !draft);
      if (draft) fillText(this.#bubble, draft);
      else this.#bubble.replaceChildren(el("i"), el("i"), el("i"), step === "looking" ? el("span", {}, texts.looking) : "");
      const spoken = human ? fill(texts.types, { name }) : texts.writing;
      if (this.#wasWriting !== author) this.#spoken.textContent = spoken;
    } else {
      this.#bubble.replaceChildren();
      if (this.#wasWriting) this.#spoken.textContent = "";
    }
    this.#wasWriting = writing && author;
  }

  #renderNotice(texts: Texts): void {
    const chat = this.#chat;
    const left = Math.ceil((chat.busyUntil - Date.now()) / 1000);
    clearTimeout(this.#ticking);
    let text = "";
    if (chat.loading) text = texts.loading;
    else if (chat.busyUntil) text = fill(texts.busy, { n: Math.max(left, 1) });
    else if (navigator.onLine === false || chat.items.some((item) => item.state === "queued")) text = texts.offline;
    if (chat.busyUntil) this.#ticking = window.setTimeout(() => this.render(), 1000);
    this.#notice.hidden = !text;
    if (this.#notice.textContent !== text) this.#notice.textContent = text;
  }

  #renderLauncher(texts: Texts, label: (node: HTMLElement, text: string) => void): void {
    const theirs = this.#chat.items.filter((item) => item.author !== "customer" && !item.note).length;
    if (this.#opened || this.#chat.loading || this.#seen > theirs) this.#seen = theirs;
    const unseen = theirs - this.#seen;
    this.#badge.hidden = !unseen;
    this.#badge.textContent = String(unseen);
    label(this.#launcher, this.#opened ? texts.close : unseen ? `${texts.launch} (${unseen})` : texts.launch);
    this.#launcher.setAttribute("aria-expanded", String(this.#opened));
    if (unseen && this.#spoken.textContent === "") this.#spoken.textContent = texts.newOne;
  }

  #say(text: string, pressed?: Pressed): void {
    this.#chat.send(text, pressed);
    this.#toEnd();
  }

  #fit(): void {
    // An empty field stands on the side of the page's language, a filled one on its own.
    if (this.#field.value) this.#field.dir = "auto";
    else this.#field.removeAttribute("dir");
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, 132)}px`;
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < 48;
  }

  #toEnd(smooth = false): void {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroll.scrollTo({ top: this.#scroll.scrollHeight, behavior: smooth && !still ? "smooth" : "instant" });
  }

  #keys(event: KeyboardEvent): void {
    // Shortcuts of the page must not hear what is typed here.
    event.stopPropagation();
    if (event.key === "Escape") return this.toggle(false);
    if (event.key !== "Tab") return;
    const stops = [...this.#panel.querySelectorAll<HTMLElement>("button,textarea,a[href],.scroll")].filter(
      (node) => node.getClientRects().length,
    );
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    const active = this.#root.activeElement;
    if (active === edge || active === this.#panel) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
    }
  }
}

function fillText(node: HTMLElement, text: string): void {
  node.replaceChildren(
    ...linkify(text).map((part) =>
      part.href
        ? el("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow ugc", dir: "ltr" }, part.text)
        : part.text,
    ),
  );
}
