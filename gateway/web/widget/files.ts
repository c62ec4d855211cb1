/**
 * Files of the visitor: chosen, uploaded while they write, shown with the message they came with.
 *
 * Lives here: the checks before anything is sent, the upload with its progress and its retries, the chips
 * in the tray and below messages, their words.
 * Invariants: an upload keeps its `client_id` over every retry, so a file is there once; what was taken
 * back is neither sent nor shown; a message never waits for an upload, only for its announcement.
 */
import { Backoff } from "../sdk/backoff";
import type { Chat } from "../sdk/chat";
import { el, icon } from "../sdk/dom";
import { ProblemError, problemOf, request } from "../sdk/http";
import { newId } from "../sdk/id";
import type { AttachmentView } from "../sdk/wire";
import css from "./files.css?inline";
import type { Lang } from "./texts";

/** As the server takes them. */
export const MAX_BYTES = 10 * 1024 * 1024;
export const MOST_PER_MESSAGE = 4;
const PICTURE = /^image\/(jpeg|png|webp|heic|heif)$/;
const DOCUMENT = "application/pdf";
/** What browsers draw by themselves. */
const SHOWN = /^image\/(jpeg|png|webp)$/;

/** Tries of one upload that the server did not refuse. */
const MOST_TRIES = 8;
/** How long a message waits for the server to know of its files. */
const ANNOUNCE_MS = 5_000;

const SHAPE =
  "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v11a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 17.5zM4 16l4.5-4.5 4 4 2.5-2.5 5 5";
const SHEET = "M7 3.5h7l4 4v13H7zM14 3.5v4h4M9.5 12h6M9.5 15.5h6";
const CLIP = "M19.5 11.5l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3 3 0 0 1 4.3 4.3l-8 8a1.5 1.5 0 0 1-2.1-2.1l7.2-7.2";
const CROSS = "M6.5 6.5l11 11M17.5 6.5l-11 11";

export type Fault = "tooLarge" | "wrongKind" | "tooMany" | "lost" | "cancelled";

interface Words extends Record<Fault, string> {
  attach: string;
  picture: string;
  document: string;
  remove: string;
  coming: string;
  there: string;
  sentPicture: string;
  sentDocument: string;
}

const WORDS: Record<Lang, Words> = {
  nb: {
    attach: "Legg ved et bilde eller en PDF",
    picture: "Bilde",
    document: "PDF",
    remove: "Fjern",
    coming: "På vei …",
    there: "Kommet fram",
    tooLarge: "For stort, høyst 10 MB",
    wrongKind: "Bare bilder og PDF",
    tooMany: "Det er ikke plass til flere",
    lost: "Kom ikke fram",
    cancelled: "Trukket tilbake",
    sentPicture: "Jeg sender et bilde.",
    sentDocument: "Jeg sender et dokument.",
  },
  en: {
    attach: "Attach a picture or a PDF",
    picture: "Picture",
    document: "PDF",
    remove: "Remove",
    coming: "On its way …",
    there: "Arrived",
    tooLarge: "Too large, 10 MB at most",
    wrongKind: "Pictures and PDFs only",
    tooMany: "There is no room for more",
    lost: "Did not arrive",
    cancelled: "Taken back",
    sentPicture: "I am sending a picture.",
    sentDocument: "I am sending a document.",
  },
  fr: {
    attach: "Joindre une photo ou un PDF",
    picture: "Photo",
    document: "PDF",
    remove: "Retirer",
    coming: "Envoi en cours …",
    there: "Bien arrivé",
    tooLarge: "Trop lourd, 10 Mo au plus",
    wrongKind: "Photos et PDF uniquement",
    tooMany: "Il n'y a plus de place",
    lost: "Non envoyé",
    cancelled: "Retiré",
    sentPicture: "J'envoie une photo.",
    sentDocument: "J'envoie un document.",
  },
  ar: {
    attach: "أرفق صورة أو ملف PDF",
    picture: "صورة",
    document: "PDF",
    remove: "إزالة",
    coming: "في الطريق …",
    there: "وصل",
    tooLarge: "كبير جدًا، الحد 10 ميغابايت",
    wrongKind: "الصور وملفات PDF فقط",
    tooMany: "لا مكان للمزيد",
    lost: "لم يصل",
    cancelled: "تم التراجع عنه",
    sentPicture: "أرسل صورة.",
    sentDocument: "أرسل مستندًا.",
  },
};

interface Upload {
  key: string;
  file: File;
  picture: boolean;
  /** What browsers draw, once it is drawn. */
  preview: HTMLCanvasElement | null;
  /** From 0 to 1. */
  progress: number;
  fault: Fault | null;
  /** Where it goes, and under which id, once the server expects it. */
  to?: { url: string; id: string };
  announced: Promise<void>;
  abort: AbortController;
  /** It went with a message. */
  taken: boolean;
}

/** Why a file is not worth sending; `null` when it is. */
export function faultOf(file: { type: string; size: number }, waiting: number): Fault | null {
  if (waiting >= MOST_PER_MESSAGE) return "tooMany";
  if (!PICTURE.test(file.type) && file.type !== DOCUMENT) return "wrongKind";
  return file.size > MAX_BYTES || file.size === 0 ? "tooLarge" : null;
}

/** What a refusal of the server's means to the visitor. */
export function faultOfProblem(code: string): Fault {
  const faults: Record<string, Fault> = {
    "too-large": "tooLarge",
    "unsupported-media-type": "wrongKind",
    "too-many-attachments": "tooMany",
    "attachment-over": "cancelled",
  };
  return faults[code] ?? "lost";
}

/** `1.2 MB` in the visitor's language. */
export function sizeOf(bytes: number, lang: Lang): string {
  const big = bytes >= 1_000_000;
  const format = new Intl.NumberFormat(lang === "ar" ? "ar-u-nu-latn" : lang, {
    style: "unit",
    unit: big ? "megabyte" : "kilobyte",
    maximumFractionDigits: big ? 1 : 0,
  });
  return format.format(Math.max(bytes / (big ? 1_000_000 : 1_000), 1));
}

/** Begins to take files; gives what draws them. */
export function draw(chat: Chat, root: ShadowRoot, lang: () => Lang): () => void {
  const files = new Files(chat, root, lang);
  return () => files.draw();
}

class Files {
  readonly #chat: Chat;
  readonly #root: ShadowRoot;
  readonly #lang: () => Lang;
  readonly #uploads: Upload[] = [];
  readonly #drawn = new WeakMap<HTMLElement, string>();
  /** Where files wait for the message they go with. */
  readonly #tray = el("div", { class: "tray", role: "list", hidden: "" });
  readonly #button = el("button", { class: "clip", type: "button" }, icon(CLIP));
  // Without HEIC phones send a JPEG, which every browser of a seller shows.
  readonly #picker = el("input", { type: "file", multiple: "", hidden: "", accept: "image/jpeg,image/png,image/webp,application/pdf" });
  readonly #field: HTMLTextAreaElement;
  #sending = false;

  constructor(chat: Chat, root: ShadowRoot, lang: () => Lang) {
    this.#chat = chat;
    this.#root = root;
    this.#lang = lang;
    this.#field = root.querySelector("textarea")!;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    const form = this.#field.form!;
    form.before(this.#tray);
    form.prepend(this.#button, this.#picker);
    this.#button.onclick = () => this.#picker.click();
    this.#picker.onchange = () => {
      this.add([...(this.#picker.files ?? [])]);
      this.#picker.value = "";
    };
    const panel = form.parentElement!;
    const take = (event: Event, files: FileList | undefined) => {
      if (!files?.length) return;
      event.preventDefault();
      this.add([...files]);
    };
    this.#field.addEventListener("paste", (event) => take(event, event.clipboardData?.files));
    panel.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
    panel.addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
    // With files the message is sent from here; without, this stays out of its way.
    panel.addEventListener("submit", (event) => this.#submit(event), true);
  }

  #submit(event: Event): void {
    if (this.#sending || this.#waiting().length) {
      event.preventDefault();
      event.stopPropagation();
      if (!this.#sending) void this.#write();
    }
  }

  /** Sends what is written with the files in the tray; they need not have arrived. */
  async #write(): Promise<void> {
    this.#sending = true;
    const { ids, text } = await this.take();
    this.#sending = false;
    const written = this.#field.value.trim();
    if (written || ids.length) this.#chat.send(written || text, undefined, ids);
    this.#field.value = "";
    // The field takes its height anew.
    this.#field.dispatchEvent(new Event("input"));
    this.#field.focus();
  }

  /** Begins to send what was picked, pasted or dropped. */
  add(files: File[]): void {
    for (const file of files) {
      const fault = faultOf(file, this.#waiting().length);
      const upload: Upload = {
        key: newId(),
        file,
        picture: file.type !== DOCUMENT,
        preview: null,
        progress: 0,
        fault,
        announced: Promise.resolve(),
        abort: new AbortController(),
        taken: false,
      };
      this.#uploads.push(upload);
      if (fault) continue;
      upload.announced = new Promise((resolve) => void this.#send(upload, resolve));
      if (SHOWN.test(file.type)) void this.#preview(upload);
    }
    this.draw();
  }

  /** The files that go with the next message, and what it says when nothing was written. */
  async take(): Promise<{ ids: string[]; text: string }> {
    const waiting = this.#waiting();
    const late = new Promise((resolve) => setTimeout(resolve, ANNOUNCE_MS));
    await Promise.race([Promise.all(waiting.map((one) => one.announced)), late]);
    const known = waiting.filter((one) => one.to && !one.fault);
    for (const one of known) one.taken = true;
    // Those that were refused have been read.
    this.#drop(this.#uploads.filter((one) => one.fault && !one.taken));
    this.draw();
    const words = WORDS[this.#lang()];
    const text = known.some((one) => one.picture) ? words.sentPicture : words.sentDocument;
    return { ids: known.map((one) => one.to!.id), text };
  }

  /** Draws the tray, and the files of each message that stands in the conversation. */
  draw(): void {
    const [chat, root] = [this.#chat, this.#root];
    const label = WORDS[this.#lang()].attach;
    this.#button.title = label;
    this.#button.setAttribute("aria-label", label);
    this.#fill(
      this.#tray,
      this.#uploads.filter((one) => !one.taken).map((one) => ({ upload: one, view: null })),
    );
    for (const host of root.querySelectorAll<HTMLElement>(".files")) {
      const message = chat.items.find((item) => item.key === host.id)?.id;
      const seen = new Set<string>();
      const views = chat.files.filter((view) => {
        const first = view.message_id === message && !seen.has(view.attachment_id);
        seen.add(view.attachment_id);
        return first;
      });
      this.#fill(
        host,
        views.map((view) => ({ view, upload: this.#uploads.find((one) => one.to?.id === view.attachment_id) ?? null })),
      );
    }
  }

  #waiting(): Upload[] {
    return this.#uploads.filter((one) => !one.taken && !one.fault);
  }

  #drop(gone: Upload[]): void {
    for (const one of gone) this.#uploads.splice(this.#uploads.indexOf(one), 1);
  }

  /** Drawn by hand: the page around may forbid pictures of its own memory (`blob:`). */
  async #preview(upload: Upload): Promise<void> {
    try {
      const picture = await createImageBitmap(upload.file);
      const [side, size] = [Math.min(picture.width, picture.height), 72];
      const canvas = el("canvas", { width: String(size), height: String(size), "aria-hidden": "true" });
      const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
      canvas.getContext("2d")?.drawImage(picture, x, y, side, side, 0, 0, size, size);
      picture.close();
      upload.preview = canvas;
      this.draw();
    } catch {
      // No picture that this browser reads: a sign stands for it.
    }
  }

  async #send(upload: Upload, announced: () => void): Promise<void> {
    const { file, key, abort } = upload;
    const backoff = new Backoff();
    for (let tries = 1; !abort.signal.aborted; tries++) {
      try {
        const { url, token } = await this.#chat.reach();
        if (upload.to && upload.to.url !== url) throw new ProblemError(404, null, 0); // another conversation by now
        if (!upload.to) {
          const body = { client_id: key, bytes: file.size };
          const view = await request<AttachmentView>(`${url}/attachments`, { token, body, signal: abort.signal });
          upload.to = { url, id: view.attachment_id };
          announced();
        }
        await put(`${url}/attachments/${upload.to.id}`, token, file, abort.signal, (part) => {
          upload.progress = part;
          this.draw();
        });
        upload.progress = 1;
        break;
      } catch (error) {
        if (abort.signal.aborted) break;
        const refused = error instanceof ProblemError ? error : null;
        const passing = !refused || refused.status === 408 || refused.status === 429 || refused.status >= 500;
        if (!passing || tries >= MOST_TRIES) {
          upload.fault = refused ? faultOfProblem(refused.code) : "lost";
          if (passing) void this.#tellGone(upload);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, backoff.next(refused?.retryAfterMs ?? 0)));
      }
    }
    announced();
    this.draw();
  }

  /** The visitor thought better of it. */
  #cancel(upload: Upload): void {
    upload.abort.abort();
    void this.#tellGone(upload);
    if (upload.taken) upload.fault = "cancelled";
    else this.#drop([upload]);
    this.draw();
    this.#field.focus();
  }

  /** Nobody need wait for it any longer; when this is lost, the answer waits until its cap. */
  async #tellGone({ to }: Upload): Promise<void> {
    if (!to) return;
    try {
      const { url, token } = await this.#chat.reach();
      if (url === to.url) await request(`${url}/attachments/${to.id}`, { method: "DELETE", token });
    } catch {
      // It is done with, or the line is gone.
    }
  }

  #fill(host: HTMLElement, files: Shown[]): void {
    const lang = this.#lang();
    const print = JSON.stringify([
      lang,
      files.map(({ upload, view }) => [upload?.key, upload?.fault, upload?.progress === 1, !upload?.preview, view]),
    ]);
    host.hidden = !files.length;
    host.setAttribute("role", "list");
    if (this.#drawn.get(host) !== print) {
      this.#drawn.set(host, print);
      host.replaceChildren(...files.map((file) => this.#chip(file, lang)));
    }
    // The bars move without anything being built anew.
    host.querySelectorAll("progress").forEach((bar) => {
      const upload = this.#uploads.find((one) => one.key === bar.dataset["key"]);
      if (upload) bar.value = upload.progress;
    });
  }

  #chip({ upload, view }: Shown, lang: Lang): HTMLElement {
    const words = WORDS[lang];
    const picture = view?.kind ? view.kind !== "pdf" : (upload?.picture ?? true);
    const fault = view?.state === "arrived" ? null : view?.reason ? faultNamed(view.reason) : (upload?.fault ?? null);
    const there = view ? view.state === "arrived" : upload?.progress === 1;
    const state = fault ? "failed" : there ? "there" : "coming";
    const bytes = view?.bytes ?? upload!.file.size;
    const about = fault ? words[fault] : there ? `${words.there} · ${sizeOf(bytes, lang)}` : words.coming;
    const name = picture ? words.picture : words.document;
    const node = el("div", { class: "file", role: "listitem", "data-state": state });
    const sign = el("span", { class: "shape", "aria-hidden": "true" }, icon(picture ? SHAPE : SHEET));
    node.append((!fault && upload?.preview) || sign);
    node.append(el("span", {}, name, el("small", {}, about)));
    if (upload && state === "coming") node.append(el("progress", { max: "1", "data-key": upload.key, "aria-label": name }));
    if (upload && (!view || state === "coming")) {
      const remove = el("button", { type: "button", "aria-label": `${words.remove}: ${name}` }, icon(CROSS));
      remove.onclick = () => this.#cancel(upload);
      node.append(remove);
    }
    return node;
  }
}

/** A file of this page, of the conversation, or both. */
interface Shown {
  upload: Upload | null;
  view: AttachmentView | null;
}

function faultNamed(reason: NonNullable<AttachmentView["reason"]>): Fault {
  return reason === "too_large" ? "tooLarge" : reason === "wrong_kind" ? "wrongKind" : "cancelled";
}

/** Sends the bytes; `fetch` cannot tell how far it is. */
function put(url: string, token: string, file: File, signal: AbortSignal, onProgress: (part: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const line = new XMLHttpRequest();
    signal.addEventListener("abort", () => line.abort(), { once: true });
    line.open("PUT", url);
    line.setRequestHeader("authorization", `Bearer ${token}`);
    line.setRequestHeader("content-type", "application/octet-stream");
    // What was sent is not yet stored: the last of the bar belongs to the answer.
    line.upload.onprogress = ({ loaded, total }) => onProgress(Math.min(loaded / (total || file.size), 0.99));
    line.onload = async () => {
      if (line.status < 300) return resolve();
      const headers = { "retry-after": line.getResponseHeader("retry-after") ?? "" };
      reject(await problemOf(new Response(line.responseText, { status: line.status, headers })));
    };
    line.onerror = line.onabort = () => reject(new Error("line"));
    line.send(file);
  });
}
