/**
 * The words of the widget in its four languages.
 *
 * Lives here: texts, and the choice of a language. `{…}` is filled in by {@link fill}.
 */

export type Lang = "nb" | "en" | "fr" | "ar";

export interface Texts {
  launch: string;
  close: string;
  title: string;
  assistant: string;
  auto: string;
  you: string;
  member: string;
  now: string;
  human: string;
  hello: string;
  privacy: string;
  write: string;
  send: string;
  writing: string;
  taken: string;
  back: string;
  closed: string;
  fresh: string;
  failedTurn: string;
  sending: string;
  sent: string;
  queued: string;
  failed: string;
  retry: string;
  offline: string;
  busy: string;
  loading: string;
  latest: string;
  person: string;
  personText: string;
  starters: [string, string];
  newOne: string;
  seen: string;
  types: string;
  looking: string;
}

export const TEXTS: Record<Lang, Texts> = {
  nb: {
    launch: "Chat med oss",
    close: "Lukk chatten",
    title: "Chat",
    assistant: "Assistent",
    auto: "automatisk assistent",
    you: "Du",
    member: "Medarbeider",
    now: "Automatisk assistent · svarer straks",
    human: "{name} svarer deg",
    hello: "Hei! Jeg er den automatiske assistenten hos {name}. Spør meg om biler, verksted eller prøvekjøring, eller be om et menneske.",
    privacy: "Samtalen lagres når du sender den første meldingen.",
    write: "Skriv en melding …",
    send: "Send",
    writing: "Assistenten skriver",
    taken: "{name} fra {tenant} er her nå",
    back: "Assistenten svarer igjen",
    closed: "Samtalen er avsluttet. Skriv for å starte en ny.",
    fresh: "Ny samtale",
    failedTurn: "Jeg fikk ikke til å svare på dette. En av oss tar over.",
    sending: "Sender …",
    sent: "Sendt",
    queued: "Venter på nett",
    failed: "Ikke sendt",
    retry: "Prøv igjen",
    offline: "Ingen nettforbindelse. Meldingene sendes når du er på nett igjen.",
    busy: "Litt for mange meldinger på en gang. Sender igjen om {n} s.",
    loading: "Henter samtalen …",
    latest: "Nyeste melding",
    person: "Snakk med et menneske",
    personText: "Jeg vil gjerne snakke med et menneske.",
    starters: ["Hvilke biler har dere inne nå?", "Jeg vil bestille time på verkstedet"],
    newOne: "Ny melding",
    seen: "Sett",
    types: "{name} skriver",
    looking: "Slår opp …",
  },
  en: {
    launch: "Chat with us",
    close: "Close the chat",
    title: "Chat",
    assistant: "Assistant",
    auto: "automatic assistant",
    you: "You",
    member: "Staff",
    now: "Automatic assistant · answers at once",
    human: "{name} is answering you",
    hello: "Hi! I am the automatic assistant of {name}. Ask me about cars, service or a test drive, or ask for a person.",
    privacy: "The chat is stored once you send the first message.",
    write: "Write a message …",
    send: "Send",
    writing: "The assistant is writing",
    taken: "{name} from {tenant} is here now",
    back: "The assistant answers again",
    closed: "This chat has ended. Write to start a new one.",
    fresh: "New chat",
    failedTurn: "I could not answer this. One of us takes over.",
    sending: "Sending …",
    sent: "Sent",
    queued: "Waiting for network",
    failed: "Not sent",
    retry: "Try again",
    offline: "No network. Your messages leave as soon as you are back online.",
    busy: "A few too many messages at once. Sending again in {n} s.",
    loading: "Loading the chat …",
    latest: "Latest message",
    person: "Talk to a person",
    personText: "I would like to talk to a person.",
    starters: ["Which cars do you have in stock?", "I want to book a service"],
    newOne: "New message",
    seen: "Seen",
    types: "{name} is writing",
    looking: "Looking things up …",
  },
  fr: {
    launch: "Discuter avec nous",
    close: "Fermer la discussion",
    title: "Discussion",
    assistant: "Assistant",
    auto: "assistant automatique",
    you: "Vous",
    member: "Équipe",
    now: "Assistant automatique · répond tout de suite",
    human: "{name} vous répond",
    hello:
      "Bonjour ! Je suis l’assistant automatique de {name}. Posez-moi vos questions sur les voitures, l’atelier ou un essai, ou demandez une personne.",
    privacy: "La discussion est enregistrée dès votre premier message.",
    write: "Écrivez un message…",
    send: "Envoyer",
    writing: "L’assistant écrit",
    taken: "{name} de {tenant} est là",
    back: "L’assistant répond de nouveau",
    closed: "Cette discussion est terminée. Écrivez pour en commencer une autre.",
    fresh: "Nouvelle discussion",
    failedTurn: "Je n’ai pas pu répondre. L’un de nous prend le relais.",
    sending: "Envoi…",
    sent: "Envoyé",
    queued: "En attente du réseau",
    failed: "Non envoyé",
    retry: "Réessayer",
    offline: "Pas de réseau. Vos messages partiront dès votre retour en ligne.",
    busy: "Un peu trop de messages à la fois. Nouvel envoi dans {n} s.",
    loading: "Chargement de la discussion…",
    latest: "Dernier message",
    person: "Parler à une personne",
    personText: "J’aimerais parler à une personne.",
    starters: ["Quelles voitures avez-vous en stock ?", "Je veux réserver l’atelier"],
    newOne: "Nouveau message",
    seen: "Vu",
    types: "{name} écrit",
    looking: "Recherche…",
  },
  ar: {
    launch: "تحدّث معنا",
    close: "إغلاق المحادثة",
    title: "محادثة",
    assistant: "المساعد",
    auto: "مساعد آلي",
    you: "أنت",
    member: "موظف",
    now: "مساعد آلي · يجيب فورًا",
    human: "يجيبك {name}",
    hello: "مرحبًا! أنا المساعد الآلي لدى {name}. اسألني عن السيارات والصيانة وتجربة القيادة، أو اطلب التحدث إلى شخص.",
    privacy: "تُحفظ المحادثة عند إرسال أول رسالة.",
    write: "اكتب رسالة…",
    send: "إرسال",
    writing: "المساعد يكتب",
    taken: "{name} من {tenant} معك الآن",
    back: "عاد المساعد للإجابة",
    closed: "انتهت هذه المحادثة. اكتب لبدء محادثة جديدة.",
    fresh: "محادثة جديدة",
    failedTurn: "لم أتمكن من الإجابة. سيتولى أحد زملائنا الأمر.",
    sending: "جارٍ الإرسال…",
    sent: "أُرسلت",
    queued: "بانتظار الشبكة",
    failed: "لم تُرسل",
    retry: "إعادة المحاولة",
    offline: "لا يوجد اتصال. ستُرسل رسائلك عند عودة الشبكة.",
    busy: "رسائل كثيرة في وقت واحد. سنرسل مجددًا خلال {n} ث.",
    loading: "جارٍ تحميل المحادثة…",
    latest: "أحدث رسالة",
    person: "التحدث إلى شخص",
    personText: "أود التحدث إلى شخص.",
    starters: ["ما السيارات المتوفرة لديكم؟", "أريد حجز موعد صيانة"],
    newOne: "رسالة جديدة",
    seen: "شوهدت",
    types: "{name} يكتب",
    looking: "يبحث…",
  },
};

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
}

/** The first wish that is a language of ours, and of the tenant when its list is known. */
export function pickLang(wishes: readonly (string | null | undefined)[], offered?: string[]): Lang {
  const ours = (tag: string): Lang | undefined => {
    const primary = tag.toLowerCase().split("-")[0]!;
    const lang = primary === "no" || primary === "nn" ? "nb" : primary;
    return lang in TEXTS ? (lang as Lang) : undefined;
  };
  for (const wish of [...wishes, ...(offered ?? []), "en"]) {
    const lang = wish && ours(wish);
    if (lang && (!offered?.some(ours) || offered.some((tag) => ours(tag) === lang))) return lang;
  }
  return "en";
}
