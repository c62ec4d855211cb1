/**
 * Times to choose from, and what is held or booked.
 *
 * Lives here: the chips of the offered times, the card of the newest appointment with its countdown, their
 * words. Shown is the business's clock, and the visitor's beside it where the two differ.
 */
import type { Chat } from "../sdk/chat";
import { el } from "../sdk/dom";
import type { ChatBooking } from "../sdk/wire";
import type { Stage } from "./later";
import css from "./times.css?inline";
import type { Lang } from "./texts";

interface Words {
  free: string;
  held: string;
  left: string;
  over: string;
  booked: string;
  cancelled: string;
  accept: string;
  decline: string;
  yes: string;
  no: string;
  yours: string;
}

const WORDS: Record<Lang, Words> = {
  nb: {
    free: "Ledige tider",
    held: "Holdt av til deg",
    left: "Holdes i",
    over: "Tiden holdes ikke lenger. Spør gjerne om en ny.",
    booked: "Bestilt",
    cancelled: "Avbestilt",
    accept: "Ja, bestill",
    decline: "Nei takk",
    yes: "Ja, jeg tar {t}.",
    no: "Nei takk, ikke {t}.",
    yours: "hos deg {t}",
  },
  en: {
    free: "Free times",
    held: "Held for you",
    left: "Held for",
    over: "This time is no longer held. Ask for another one.",
    booked: "Booked",
    cancelled: "Cancelled",
    accept: "Yes, book it",
    decline: "No, thanks",
    yes: "Yes, I will take {t}.",
    no: "No thanks, not {t}.",
    yours: "{t} where you are",
  },
  fr: {
    free: "Créneaux libres",
    held: "Réservé pour vous",
    left: "Encore",
    over: "Ce créneau n'est plus retenu. Demandez-en un autre.",
    booked: "Rendez-vous pris",
    cancelled: "Annulé",
    accept: "Oui, je confirme",
    decline: "Non merci",
    yes: "Oui, je prends {t}.",
    no: "Non merci, pas {t}.",
    yours: "{t} chez vous",
  },
  ar: {
    free: "أوقات متاحة",
    held: "محجوز لك مؤقتًا",
    left: "يُحفظ لمدة",
    over: "لم يعد هذا الموعد محفوظًا. اطلب موعدًا آخر.",
    booked: "تم الحجز",
    cancelled: "أُلغي الموعد",
    accept: "نعم، احجز",
    decline: "لا، شكرًا",
    yes: "نعم، أختار {t}.",
    no: "لا شكرًا، ليس {t}.",
    yours: "{t} بتوقيتك",
  },
};

let ticking = 0;
let print = "";

/** Draws what there is; called again whenever the conversation changes. */
export function drawTimes(stage: Stage): void {
  const { chat, times: host, lang } = stage;
  const root = host.getRootNode() as ShadowRoot;
  if (!host.dataset["dressed"]) {
    host.dataset["dressed"] = "1";
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
  const booking = newest(chat);
  const offers = chat.status === "open" ? chat.offers : [];
  const now = JSON.stringify([lang, chat.brand.zone, booking, offers, chat.status]);
  if (now !== print) {
    print = now;
    const held = root.activeElement;
    const inside = !!held && host.contains(held);
    host.replaceChildren(...(booking ? [card(stage, booking)] : []), ...(offers.length ? [chips(stage)] : []));
    // A keyboard that stood on a button is not thrown out of the panel.
    if (inside) (host.querySelector<HTMLElement>("button") ?? host).focus();
  }
  host.hidden = !host.childElementCount;
  clearInterval(ticking);
  if (booking?.status === "held") {
    tick(stage, booking);
    ticking = window.setInterval(() => tick(stage, booking), 1_000);
  }
}

/** The appointment that the conversation is about: what is held, else what changed last. */
function newest({ bookings }: Chat): ChatBooking | undefined {
  return bookings.findLast((one) => one.status === "held") ?? bookings.findLast((one) => one.status !== "expired");
}

function chips({ chat, lang, say }: Stage): HTMLElement {
  const words = WORDS[lang];
  const list = el("div", { class: "chips", role: "group", "aria-label": words.free });
  for (const offer of chat.offers) {
    const { service_id, starts_at, resource_id } = offer;
    const [text, yours] = when(starts_at, lang, chat.brand.zone);
    const button = el("button", { type: "button" }, text, yours && el("small", {}, words.yours.replace("{t}", yours)));
    button.onclick = () => say(text, { action: "pick", service_id, starts_at, ...(resource_id && { resource_id }) });
    list.append(button);
  }
  return el("div", { class: "times" }, el("p", { class: "caption" }, words.free), list);
}

function card({ chat, lang, say }: Stage, booking: ChatBooking): HTMLElement {
  const words = WORDS[lang];
  const { status, offer_id } = booking;
  const [text, yours] = when(booking.starts_at, lang, chat.brand.zone);
  const head = status === "held" ? words.held : status === "booked" ? words.booked : words.cancelled;
  const node = el(
    "section",
    { class: "times card", "data-status": status, "aria-label": head },
    el("p", { class: "caption" }, head),
    el("p", { class: "when" }, el("bdi", {}, text), yours && el("small", {}, words.yours.replace("{t}", yours))),
  );
  if (status !== "held") return node;
  const yes = el("button", { type: "button", class: "yes" }, words.accept);
  const no = el("button", { type: "button" }, words.decline);
  const answer = (sentence: string, action: "accept" | "decline") => () => {
    yes.disabled = no.disabled = true;
    say(sentence.replace("{t}", text), { action, offer_id });
  };
  yes.onclick = answer(words.yes, "accept");
  no.onclick = answer(words.no, "decline");
  node.append(el("p", { class: "left", role: "timer" }), el("div", { class: "chips" }, yes, no));
  return node;
}

/** Seconds count down by the server's clock, as far as it is known. */
function tick({ chat, times: host, lang }: Stage, booking: ChatBooking): void {
  const left = Math.ceil((Date.parse(booking.hold_until) - Date.now() + chat.skew) / 1_000);
  const line = host.querySelector(".left");
  if (!line) return;
  const words = WORDS[lang];
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  line.textContent = left > 0 ? `${words.left} ${clock}` : words.over;
  if (left > 0) return;
  clearInterval(ticking);
  host.querySelectorAll("button").forEach((button) => (button.disabled = true));
}

/** A time at the business's clock; the visitor's own beside it when theirs shows another. */
export function when(at: string, lang: string, zone: string | undefined): [string, string] {
  const date = new Date(at);
  const format = (timeZone: string | undefined) =>
    new Intl.DateTimeFormat(lang === "ar" ? "ar-u-nu-latn" : lang, {
      weekday: "long",
      day: "numeric",
      month: "long",
      hour: "2-digit",
      minute: "2-digit",
      ...(timeZone && { timeZone }),
    }).format(date);
  const theirs = format(undefined);
  try {
    const ours = format(zone);
    return [ours, ours === theirs ? "" : theirs];
  } catch {
    return [theirs, ""]; // a zone that this browser does not know
  }
}
