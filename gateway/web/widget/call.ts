/**
 * When somebody calls: the times to choose from, and the card of the agreed one.
 *
 * Shown is the business's clock, and the visitor's beside it where the two differ.
 */
import { el } from "../sdk/dom";
import type { CallOfferReason, CallTime } from "../sdk/wire";
import type { Stage } from "./later";
import type { Lang } from "./texts";
import { when } from "./times";

interface Words {
  closed: string;
  nobody: string;
  long: string;
  again: string;
  times: string;
  agreed: string;
  ringing: string;
  move: string;
  cancel: string;
  yes: string;
  other: string;
  no: string;
  yours: string;
}

const WORDS: Record<Lang, Words> = {
  nb: {
    closed: "Vi har stengt nå. Skal vi ringe deg?",
    nobody: "Ingen av oss er ledig akkurat nå. Skal vi ringe deg?",
    long: "Dette tar tid. Skal vi heller ringe deg?",
    again: "Når kan vi ringe deg?",
    times: "Tidspunkter vi kan ringe",
    agreed: "Vi ringer deg",
    ringing: "Vi ringer deg nå",
    move: "Et annet tidspunkt",
    cancel: "Ikke ring",
    yes: "Ring meg {t}.",
    other: "Kan dere ringe på et annet tidspunkt?",
    no: "Dere trenger ikke å ringe meg.",
    yours: "hos deg {t}",
  },
  en: {
    closed: "We are closed now. Shall we call you?",
    nobody: "None of us is free right now. Shall we call you?",
    long: "This is taking a while. Shall we call you instead?",
    again: "When may we call you?",
    times: "Times when we can call",
    agreed: "We will call you",
    ringing: "We are calling you now",
    move: "Another time",
    cancel: "Do not call",
    yes: "Call me {t}.",
    other: "Could you call at another time?",
    no: "You do not need to call me.",
    yours: "{t} where you are",
  },
  fr: {
    closed: "Nous sommes fermés. Voulez-vous être rappelé ?",
    nobody: "Personne n'est disponible pour l'instant. Voulez-vous être rappelé ?",
    long: "L'attente se prolonge. Préférez-vous être rappelé ?",
    again: "Quand pouvons-nous vous appeler ?",
    times: "Horaires d'appel possibles",
    agreed: "Nous vous appelons",
    ringing: "Nous vous appelons maintenant",
    move: "Un autre horaire",
    cancel: "Ne pas appeler",
    yes: "Appelez-moi {t}.",
    other: "Pouvez-vous appeler à un autre moment ?",
    no: "Il n'est plus nécessaire de m'appeler.",
    yours: "{t} chez vous",
  },
  ar: {
    closed: "نحن مغلقون الآن. هل نتصل بك؟",
    nobody: "لا أحد منا متاح الآن. هل نتصل بك؟",
    long: "يستغرق الأمر وقتًا. هل نتصل بك بدلًا من ذلك؟",
    again: "متى يمكننا الاتصال بك؟",
    times: "أوقات يمكننا الاتصال فيها",
    agreed: "سنتصل بك",
    ringing: "نتصل بك الآن",
    move: "وقت آخر",
    cancel: "لا تتصلوا",
    yes: "اتصلوا بي {t}.",
    other: "هل يمكنكم الاتصال في وقت آخر؟",
    no: "لا حاجة للاتصال بي.",
    yours: "{t} بتوقيتك",
  },
};

const WHY: Record<CallOfferReason, keyof Words> = {
  closed: "closed",
  nobody_there: "nobody",
  long_wait: "long",
  taken: "again",
  again: "again",
};

let print = "";

/** Draws what there is; called again whenever the conversation changes. */
export function drawCall(stage: Stage): void {
  const { chat, times: host, lang } = stage;
  const call = chat.status === "closed" ? null : chat.call;
  // While a person writes, they and the customer find a time themselves.
  const offered = chat.status === "open" ? (call?.offered ?? []).filter((time) => Date.parse(time.at) > Date.now() - chat.skew) : [];
  const agreed = call?.agreed;
  const now = JSON.stringify([lang, chat.brand.zone, call, offered.length, chat.status]);
  if (now !== print) {
    print = now;
    const root = host.getRootNode() as ShadowRoot;
    const held = root.activeElement;
    const inside = !!held && host.contains(held);
    host.replaceChildren(
      ...(agreed ? [card(stage, agreed, !!call?.ringing, !offered.length)] : []),
      ...(offered.length ? [chips(stage, offered, WORDS[lang][WHY[call?.why ?? "again"]])] : []),
    );
    // A keyboard that stood on a button is not thrown out of the panel.
    if (inside) (host.querySelector<HTMLElement>("button") ?? host).focus();
  }
  host.hidden = !host.childElementCount;
}

function chips({ chat, lang, say }: Stage, offered: CallTime[], question: string): HTMLElement {
  const words = WORDS[lang];
  const list = el("div", { class: "chips", role: "group", "aria-label": words.times });
  for (const { at } of offered) {
    const [text, yours] = when(at, lang, chat.brand.zone);
    const button = el("button", { type: "button" }, text, yours && el("small", {}, words.yours.replace("{t}", yours)));
    button.onclick = () => say(words.yes.replace("{t}", text), { action: "call_me", at });
    list.append(button);
  }
  return el("div", { class: "times", "data-call": "offered" }, el("p", { class: "caption", role: "status" }, question), list);
}

function card({ chat, lang, say }: Stage, { at }: CallTime, ringing: boolean, movable: boolean): HTMLElement {
  const words = WORDS[lang];
  const [text, yours] = when(at, lang, chat.brand.zone);
  const head = ringing ? words.ringing : words.agreed;
  const node = el(
    "section",
    { class: "times card", "data-call": ringing ? "ringing" : "agreed", "aria-label": head },
    el("p", { class: "caption", role: "status" }, head),
    el("p", { class: "when" }, el("bdi", {}, text), yours && el("small", {}, words.yours.replace("{t}", yours))),
  );
  if (ringing || chat.status !== "open") return node;
  const button = (label: string, sentence: string, action: "call_later" | "do_not_call") => {
    const one = el("button", { type: "button" }, label);
    one.onclick = () => {
      one.disabled = true;
      say(sentence, { action });
    };
    return one;
  };
  const buttons = el("div", { class: "chips" });
  if (movable) buttons.append(button(words.move, words.other, "call_later"));
  buttons.append(button(words.cancel, words.no, "do_not_call"));
  node.append(buttons);
  return node;
}
