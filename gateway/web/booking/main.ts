/**
 * One's own booking: who holds its link sees it on both clocks, accepts what is held, moves or cancels it; who has
 * lost the link gets one by a code in their mail.
 *
 * Lives here: the page behind `/booking/{token}` and `/booking`. Invariants: what a person reads was answered by the
 * server; nothing is said of a booking to anybody without its link or its code.
 */
import { ProblemError, request, Unreachable } from "../sdk/http";
import type { CodeAsked, FreeSlots, OwnBooking, OwnBookings, PublicBooking } from "../sdk/wire";
import { chooseLang, fill, type Lang, LANGS, TEXTS } from "./texts";
import "./style.css";

const DAYS = 7;
const page = document.querySelector<HTMLElement>("#page")!;
const query = new URLSearchParams(location.search);
let lang: Lang = chooseLang([query.get("lang"), ...navigator.languages]);
let t = TEXTS[lang];
let token = decodeURIComponent(location.pathname.split("/")[2] ?? "");
/** Draws the screen that is shown, anew. */
let redraw: () => void = () => {};

const at = (rest = "") => `/v1/public/bookings/${encodeURIComponent(token)}${rest}`;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

function node<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string | null | false)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children.filter((child): child is Node | string => child !== null && child !== false));
  return made;
}

function when(instant: string, zone: string): string {
  const options = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat(lang, { ...options, timeZone: zone, numberingSystem: "latn" }).format(new Date(instant));
}

function say(text: string, bad = false): void {
  const told = page.querySelector<HTMLElement>(bad ? "[role=alert]" : "[role=status]");
  if (told) told.textContent = text;
}

function refusal(error: unknown): string {
  if (error instanceof Unreachable) return t.offline;
  if (!(error instanceof ProblemError)) return t.failed;
  if (error.status === 429) return t.many;
  switch (error.code) {
    case "not-free":
      return [t.taken, ...(error.problem?.errors ?? []).map((one) => one.detail)].join(" ");
    case "booking-over":
    case "hold-over":
    case "another-offer":
      return t.over;
    case "not-found":
      return t.lost;
    case "wrong-code":
      return t.wrong;
    case "code-over":
      return t.codeOver;
  }
  return t.failed;
}

function show(title: string, ...children: (Node | string | null | false)[]): void {
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
  document.title = title;
  const tongues = node("select", { ariaLabel: "Language" });
  for (const [value, name] of Object.entries(LANGS)) tongues.append(node("option", { value, textContent: name, selected: value === lang }));
  tongues.onchange = () => {
    lang = tongues.value as Lang;
    t = TEXTS[lang];
    redraw();
  };
  const status = node("p", { role: "status" });
  page.replaceChildren(
    tongues,
    node("h1", { textContent: title }),
    status,
    node("p", { role: "alert" }),
    ...children.filter((c) => c !== null && c !== false),
  );
  page.removeAttribute("aria-busy");
}

function button(label: string, act: () => Promise<void> | void, kind = ""): HTMLButtonElement {
  const made = node("button", { type: "button", textContent: label, className: kind });
  made.onclick = async () => {
    made.disabled = true;
    say("");
    say("", true);
    try {
      await act();
    } catch (error) {
      say(refusal(error), true);
    }
    made.disabled = false;
  };
  return made;
}

// ---- the booking --------------------------------------------------------------------------------------

function facts(booking: PublicBooking): HTMLElement {
  const card = node("section", { className: "card" });
  const badge = node("span", { className: "badge", textContent: t.statuses[booking.status] });
  badge.dataset["status"] = booking.status;
  card.append(
    node(
      "p",
      { className: "what" },
      node("bdi", { textContent: booking.service || t.title }),
      " · ",
      node("bdi", { textContent: booking.business }),
    ),
    node("p", { className: "when", textContent: fill(t.there, { time: when(booking.starts_at, booking.zone), zone: booking.zone }) }),
  );
  if (here && here !== booking.zone) {
    card.append(node("p", { className: "muted", textContent: fill(t.here, { time: when(booking.starts_at, here), zone: here }) }));
  }
  card.append(node("p", {}, badge));
  return card;
}

/** The booking as it stands; `said` tells what was done, `failed` what was refused. */
function showBooking(booking: PublicBooking, said = "", failed = ""): void {
  redraw = () => showBooking(booking, said, failed);
  const post = async (rest: string, body: unknown, done: string) => {
    try {
      showBooking(await request<PublicBooking>(at(rest), { body }), done);
    } catch (error) {
      // Somebody else was here meanwhile: what stands is read, and the refusal beside it.
      const now = await request<PublicBooking>(at()).catch(() => booking);
      showBooking(now, "", refusal(error));
    }
  };
  const open = booking.status === "booked" || booking.status === "held";
  const ahead = Date.parse(booking.starts_at) > Date.now();
  const acts = node("div", { className: "acts" });
  if (open && ahead) {
    if (booking.status === "held" && booking.offer_id && booking.hold_until) {
      const { offer_id } = booking;
      acts.append(
        node("p", { className: "wide", textContent: fill(t.until, { time: when(booking.hold_until, here || booking.zone) }) }),
        button(t.accept, () => post("/confirm", { offer_id }, t.accepted), "strong"),
        button(t.decline, () => post("/cancel", {}, t.cancelled)),
      );
    } else {
      acts.append(
        button(t.move, () => showMove(booking), "strong"),
        button(t.cancel, () => showCancel(booking, () => post("/cancel", {}, t.cancelled)), "bad"),
        node("a", { href: at("/invitation.ics"), textContent: t.calendar, download: "invitation.ics" }),
      );
    }
  }
  show(t.title, facts(booking), acts);
  say(said);
  say(failed, true);
  page.querySelector<HTMLElement>("h1")?.focus();
}

function showCancel(booking: PublicBooking, cancel: () => Promise<void>): void {
  redraw = () => showCancel(booking, cancel);
  const acts = node(
    "div",
    { className: "acts" },
    button(t.yes, cancel, "bad"),
    button(t.no, () => showBooking(booking)),
  );
  show(t.sure, facts(booking), acts);
}

function showMove(booking: PublicBooking, from = new Date().toISOString().slice(0, 10)): void {
  redraw = () => showMove(booking, day.value);
  const day = node("input", { type: "date", value: from, id: "from" });
  const list = node("div", { className: "days" });
  const load = async () => {
    list.setAttribute("aria-busy", "true");
    const last = new Date(`${day.value}T00:00:00Z`);
    if (!Number.isFinite(last.getTime())) return;
    last.setUTCDate(last.getUTCDate() + DAYS - 1);
    const asked = new URLSearchParams({
      tenant: booking.tenant,
      service: booking.service_id,
      from: day.value,
      to: last.toISOString().slice(0, 10),
      lang,
      limit: "200",
    });
    try {
      const found = await request<FreeSlots>(`/v1/public/slots?${asked.toString()}`);
      list.replaceChildren(...times(booking, found));
      const why = found.why[0]?.sentence;
      say(found.slots.length ? "" : why ? fill(t.none, { why }) : t.noneInDays);
    } catch (error) {
      say(refusal(error), true);
    }
    list.removeAttribute("aria-busy");
  };
  day.onchange = () => void load();
  const field = node("label", { htmlFor: "from", textContent: t.from });
  show(
    t.moving,
    facts(booking),
    node("p", { className: "field" }, field, day),
    list,
    node(
      "div",
      { className: "acts" },
      button(t.back, () => showBooking(booking)),
    ),
  );
  void load();
}

function times(booking: PublicBooking, found: FreeSlots): HTMLElement[] {
  const byDay = new Map<string, FreeSlots["slots"]>();
  for (const slot of found.slots) {
    const day = slot.local.slice(0, 10);
    byDay.set(day, [...(byDay.get(day) ?? []), slot]);
  }
  return [...byDay].map(([day, slots]) => {
    const name = new Intl.DateTimeFormat(lang, {
      weekday: "long",
      day: "numeric",
      month: "long",
      timeZone: "UTC",
      numberingSystem: "latn",
    });
    const starts = slots.map((slot) => {
      const made = button(slot.local.slice(11, 16), async () => {
        const moved = await request<PublicBooking>(at("/reschedule"), { body: { starts_at: slot.starts_at } });
        showBooking(moved, t.moved);
      });
      made.ariaLabel = fill(t.moveTo, { time: when(slot.starts_at, booking.zone) });
      return made;
    });
    return node(
      "section",
      {},
      node("h2", { textContent: name.format(new Date(`${day}T00:00:00Z`)) }),
      node("div", { className: "acts" }, ...starts),
    );
  });
}

// ---- without the link ---------------------------------------------------------------------------------

function field(label: string, props: Partial<HTMLInputElement>): [HTMLElement, HTMLInputElement] {
  const input = node("input", { required: true, dir: "ltr", ...props });
  return [node("p", { className: "field" }, node("label", { htmlFor: input.id, textContent: label }), input), input];
}

function form(send: string, act: () => Promise<void>, ...fields: HTMLElement[]): HTMLFormElement {
  const submit = node("button", { type: "submit", textContent: send, className: "strong" });
  const made = node("form", {}, ...fields, node("div", { className: "acts" }, submit));
  made.onsubmit = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    say("", true);
    try {
      await act();
    } catch (error) {
      say(refusal(error), true);
    }
    submit.disabled = false;
  };
  return made;
}

function showFind(failed = ""): void {
  redraw = () => showFind(failed);
  const [business, slug] = field(t.business, { id: "business", value: query.get("tenant") ?? "", maxLength: 100, autocomplete: "off" });
  const [mail, email] = field(t.email, { id: "email", type: "email", autocomplete: "email" });
  const ask = async () => {
    const tenant = slug.value.trim();
    const body = { tenant, email: email.value.trim() };
    showCode(tenant, (await request<CodeAsked>("/v1/public/bookings/find", { body })).find);
  };
  show(t.find, node("p", { textContent: t.findText }), form(t.send, ask, business, mail));
  say(failed, true);
}

function showCode(tenant: string, find: string): void {
  redraw = () => showCode(tenant, find);
  const [line, code] = field(t.code, { id: "code", inputMode: "numeric", autocomplete: "one-time-code", maxLength: 10 });
  const prove = async () => {
    const body = { tenant, find, code: code.value.trim() };
    showAll((await request<OwnBookings>("/v1/public/bookings/code", { body })).bookings);
  };
  show(
    t.find,
    form(t.show, prove, line),
    node(
      "div",
      { className: "acts" },
      button(t.back, () => showFind()),
    ),
  );
  say(t.sent);
  code.focus();
}

function showAll(all: OwnBooking[]): void {
  if (all.length === 1) return choose(all[0]!);
  redraw = () => showAll(all);
  const cards = all.map((own) => {
    const card = facts(own.booking);
    card.append(button(t.title, () => choose(own), "strong"));
    return card;
  });
  show(t.title, ...cards, all.length === 0 && node("p", { textContent: t.empty }));
}

function choose(own: OwnBooking): void {
  token = own.token;
  showBooking(own.booking);
}

async function start(): Promise<void> {
  if (!token) return showFind();
  redraw = () => void start();
  show(t.title, node("p", { textContent: t.loading }));
  try {
    showBooking(await request<PublicBooking>(at()));
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return showFind(t.lost);
    show(t.title, node("div", { className: "acts" }, button(t.again, start)));
    say(refusal(error), true);
  }
}

void start();
