/**
 * Where a visitor stands who waits for a person, and the way out of waiting: a call.
 */
import type { Chat } from "../sdk/chat";
import { el } from "../sdk/dom";
import { fill, type Lang } from "./texts";

/** Who waits longer than this, or nobody knows how long, is offered a call. */
const LONG_WAIT_MIN = 10;

const WORDS: Record<Lang, { next: string; ahead: string; about: string; call: string; callText: string }> = {
  nb: {
    next: "Du er neste.",
    ahead: "{n} foran deg.",
    about: "Omtrent {n} min.",
    call: "Ring meg heller",
    callText: "Kan dere ringe meg? Nummeret mitt er ",
  },
  en: {
    next: "You are next.",
    ahead: "{n} before you.",
    about: "About {n} min.",
    call: "Call me back instead",
    callText: "Could you call me back? My number is ",
  },
  fr: {
    next: "C’est bientôt à vous.",
    ahead: "{n} avant vous.",
    about: "Environ {n} min.",
    call: "Rappelez-moi plutôt",
    callText: "Pouvez-vous me rappeler ? Mon numéro est le ",
  },
  ar: {
    next: "أنت التالي.",
    ahead: "أمامك {n}.",
    about: "نحو {n} د.",
    call: "اتصلوا بي بدلًا من ذلك",
    callText: "هل يمكنكم الاتصال بي؟ رقمي هو ",
  },
};

export function drawPlace(host: HTMLElement, chat: Chat, lang: Lang, prefill: (text: string) => void): void {
  const { place } = chat;
  host.hidden = !place;
  if (!place) return;
  const words = WORDS[lang];
  if (!host.firstChild) host.append(el("span", { role: "status" }), " ", el("button", { type: "button" }));
  const status = host.firstElementChild!;
  const call = host.querySelector("button")!;
  const minutes = Math.ceil((place.estimate_s ?? Infinity) / 60);
  const text = place.ahead ? fill(words.ahead, { n: place.ahead }) : words.next;
  const long = minutes > LONG_WAIT_MIN;
  const whole = long ? text : `${text} ${fill(words.about, { n: minutes })}`;
  if (status.textContent !== whole) status.textContent = whole;
  call.textContent = words.call;
  call.onclick = () => prefill(words.callText);
  // Times to be called at are better than a question about one.
  call.hidden = !long || !!chat.call;
}
