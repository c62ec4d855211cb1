/**
 * The demo site: the page of a made-up dealer, with the widget as any dealer would embed it.
 *
 * Lives here: the sections of `/demo/{slug}`, filled from the public data of the tenant.
 */
import { formatColor, mix, parseColor, readableOn, textOn } from "../sdk/color";
import { el, icon } from "../sdk/dom";
import { ProblemError, request } from "../sdk/http";
import type { OpeningDay, PublicTenant, PublicVehicle } from "../sdk/wire";
import { car, mark, nordlys } from "./art";
import { contactForm } from "./form";
import "./style.css";
import { chooseLang, fill, type Lang, LANGS, TEXTS, type Texts } from "./texts";

const CALENDAR = "M4 9h16M8 3v4M16 3v4M6 5h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z";
const PHONE = "M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z";
const PIN = "M12 21s-7-6.2-7-11.5a7 7 0 0 1 14 0C19 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z";
const CHAT = "M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-4 4v-4H6a2 2 0 0 1-2-2z";
const TOOL = "M14.5 6.5a4 4 0 0 1 5-1.5l-2.7 2.7 1.5 1.5L21 6.5a4 4 0 0 1-5.5 4.8L8 19a2.1 2.1 0 0 1-3-3l7.7-7.5a4 4 0 0 1 1.8-2z";

const slug = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "");
const asked = new URLSearchParams(location.search).get("lang");
let lang: Lang = chooseLang(asked, navigator.languages);
const page = document.querySelector<HTMLElement>("#page")!;

function chat(text: string): void {
  dispatchEvent(new CustomEvent("forecourt:open", { detail: { text } }));
}

function setLanguage(next: Lang): void {
  lang = next;
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
}

function setBrand(color: string): void {
  const brand = parseColor(color) ?? parseColor("#0f5c7a")!;
  const style = document.documentElement.style;
  style.setProperty("--brand", formatColor(brand));
  style.setProperty("--on-brand", formatColor(textOn(brand)));
  style.setProperty("--accent-light", formatColor(readableOn(brand, [228, 236, 240], 5)));
  style.setProperty("--accent-dark", formatColor(readableOn(mix(brand, [255, 255, 255], 0.35), [38, 52, 64], 5)));
}

// ---- sections -------------------------------------------------------------------------------------

function header(tenant: PublicTenant, t: Texts): HTMLElement {
  const links = (Object.keys(t.nav) as (keyof Texts["nav"])[]).map((key) => el("a", { href: `#${key}` }, t.nav[key]));
  const offered = (Object.keys(LANGS) as Lang[]).filter((tag) => tenant.languages.includes(tag));
  const languages = offered.map((tag) =>
    el("a", { href: `?lang=${tag}`, hreflang: tag, lang: tag, ...(tag === lang && { "aria-current": "true" }) }, LANGS[tag]),
  );
  return el(
    "header",
    { class: "top" },
    el("a", { class: "skip", href: "#stock" }, t.skip),
    el("a", { class: "logo", href: `?lang=${lang}` }, mark(), el("span", {}, tenant.name)),
    el("nav", { "aria-label": tenant.name }, ...links),
    el("div", { class: "languages", role: "group", "aria-label": t.language }, ...languages),
  );
}

function hero(tenant: PublicTenant, t: Texts): HTMLElement {
  const talk = el("button", { class: "button", type: "button" }, icon(CHAT), el("span", {}, t.hero.chat));
  talk.onclick = () => chat("");
  const today = tenant.hours.find((day) => day.weekday === weekday());
  const fact = (path: string, label: string, ...value: (Node | string)[]) =>
    el("li", {}, icon(path), el("span", {}, el("small", {}, label), ...value));
  return el(
    "section",
    { class: "hero" },
    el("div", { class: "scene" }, nordlys()),
    el(
      "div",
      { class: "inner" },
      el("h1", {}, t.hero.title),
      el("p", {}, t.hero.text),
      el("div", { class: "row" }, el("a", { class: "button light", href: "#stock" }, t.hero.stock), talk),
    ),
    el(
      "ul",
      { class: "facts" },
      el("li", { class: "hero-car", "aria-hidden": "true" }, car("suv", 0)),
      today && fact(CALENDAR, t.today, spans(today, t)),
      tenant.phone && fact(PHONE, t.call, el("a", { href: `tel:${tenant.phone.replace(/[^\d+]/g, "")}`, dir: "ltr" }, tenant.phone)),
      tenant.address && fact(PIN, t.visit, el("bdi", {}, tenant.address)),
    ),
  );
}

function section(id: string, title: string, text: string, ...children: (Node | false | null | undefined)[]): HTMLElement {
  const heading = el("h2", { id: `${id}-title` }, title);
  return el("section", { id, "aria-labelledby": heading.id }, el("div", { class: "head" }, heading, el("p", {}, text)), ...children);
}

function vehicleCard(vehicle: PublicVehicle, index: number, t: Texts): HTMLElement {
  const number = new Intl.NumberFormat(lang, { numberingSystem: "latn" });
  const status = t.status[vehicle.status as keyof Texts["status"]] ?? vehicle.status;
  const fuel = t.fuel[vehicle.fuel as keyof Texts["fuel"]] ?? vehicle.fuel;
  const ask = el(
    "button",
    { class: "button quiet", type: "button", "aria-label": `${t.stock.ask}: ${vehicle.title}` },
    icon(CHAT),
    el("span", {}, t.stock.ask),
  );
  ask.onclick = () => chat(fill(t.stock.question, { car: vehicle.title }));
  return el(
    "li",
    { class: "vehicle", "data-status": vehicle.status },
    el(
      "div",
      { class: "stage", "data-paint": String(index % 6) },
      car(vehicle.title, index),
      el("span", { class: "pill", "data-status": vehicle.status }, status),
    ),
    el(
      "div",
      { class: "about" },
      el("h3", { dir: "auto" }, vehicle.title),
      el(
        "p",
        { class: "specs" },
        el("span", {}, String(vehicle.year)),
        el("span", {}, `${number.format(vehicle.kilometres)} ${t.stock.km}`),
        el("span", {}, fuel),
      ),
      el("div", { class: "deal" }, el("strong", { dir: "auto" }, vehicle.price), vehicle.status !== "sold" && ask),
    ),
  );
}

function stock(tenant: PublicTenant, t: Texts): HTMLElement {
  const cards = tenant.vehicles.map((vehicle, index) => vehicleCard(vehicle, index, t));
  const list = cards.length ? el("ul", { class: "cards" }, ...cards) : el("p", { class: "empty" }, t.stock.empty);
  return section("stock", t.stock.title, t.stock.text, list);
}

function services(tenant: PublicTenant, t: Texts): HTMLElement {
  const rows = tenant.services.map((service) => {
    const book = el(
      "button",
      { class: "button quiet", type: "button", "aria-label": `${t.services.book}: ${service.name}` },
      t.services.book,
    );
    book.onclick = () => chat(fill(t.services.question, { service: service.name }));
    return el(
      "li",
      {},
      el("span", { class: "disc" }, icon(TOOL)),
      el("div", {}, el("h3", { dir: "auto" }, service.name), el("p", {}, fill(t.services.minutes, { n: service.minutes }))),
      el("strong", { dir: "auto" }, service.price ?? t.services.onRequest),
      book,
    );
  });
  return section("services", t.services.title, t.services.text, el("ul", { class: "services" }, ...rows));
}

/** Today, 1 (Monday) to 7 (Sunday). */
function weekday(): number {
  return new Date().getDay() || 7;
}

function spans(day: OpeningDay, t: Texts): Node {
  if (!day.spans.length) return document.createTextNode(t.closed);
  return el("span", { dir: "ltr" }, day.spans.map(({ opens, closes }) => `${opens}–${closes}`).join(", "));
}

function hours(tenant: PublicTenant, t: Texts): HTMLElement {
  const name = new Intl.DateTimeFormat(lang, { weekday: "long" });
  const rows = [...tenant.hours]
    .sort((a, b) => a.weekday - b.weekday)
    .map((day) =>
      el(
        "tr",
        day.weekday === weekday() ? { class: "today" } : {},
        // 1 January 2024 was a Monday.
        el("th", { scope: "row" }, name.format(new Date(2024, 0, day.weekday))),
        el("td", {}, spans(day, t)),
      ),
    );
  return section("hours", t.hours.title, t.hours.text, el("table", { class: "hours" }, el("tbody", {}, ...rows)));
}

function footer(t: Texts): HTMLElement {
  return el(
    "footer",
    {},
    el("p", {}, t.footer),
    el("p", { class: "row" }, el("a", { href: "/app/" }, t.dashboard), el("a", { href: `/?lang=${lang}` }, t.about)),
  );
}

// ---- the page -------------------------------------------------------------------------------------

function embedWidget(tenant: PublicTenant): void {
  const script = el("script", {
    src: "/widget.js",
    "data-tenant": tenant.slug,
    "data-color": tenant.color,
    "data-name": tenant.name,
    "data-lang": lang,
  });
  document.body.append(script);
}

function show(tenant: PublicTenant): void {
  const t = TEXTS[lang];
  document.title = `${tenant.name} – ${t.hero.title}`;
  setBrand(tenant.color);
  const side = section("contact", t.contact.title, t.contact.text, contactForm(tenant, t));
  page.replaceChildren(
    header(tenant, t),
    el(
      "main",
      {},
      hero(tenant, t),
      stock(tenant, t),
      tenant.services.length > 0 && services(tenant, t),
      el("div", { class: "pair" }, hours(tenant, t), side),
    ),
    footer(t),
  );
  page.removeAttribute("aria-busy");
  // Sections exist only now: an address with a fragment is still owed its jump.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
}

function fail(error: unknown): void {
  const t = TEXTS[lang];
  const unknown = error instanceof ProblemError && error.status === 404;
  const retry = el("button", { class: "button", type: "button" }, t.retry);
  retry.onclick = () => void load();
  page.removeAttribute("aria-busy");
  page.replaceChildren(
    el(
      "main",
      { class: "failure", role: "alert" },
      el("h1", {}, unknown ? t.unknown : t.broken),
      unknown ? el("a", { class: "button", href: "/" }, t.home) : retry,
    ),
  );
}

async function load(): Promise<void> {
  setLanguage(lang);
  const get = () => request<PublicTenant>(`/v1/public/tenant?slug=${encodeURIComponent(slug)}&lang=${lang}`);
  try {
    let tenant = await get();
    const offered = chooseLang(asked, navigator.languages, tenant.languages);
    if (offered !== lang && tenant.languages.includes(offered)) {
      setLanguage(offered);
      tenant = await get();
    }
    show(tenant);
    embedWidget(tenant);
  } catch (error) {
    fail(error);
  }
}

void load();
