/**
 * The language of the landing page. Its English text stands in the page and needs no script.
 */
import { TEXTS } from "./texts";

function choose(): string {
  const asked = new URLSearchParams(location.search).get("lang");
  for (const wish of [asked, ...navigator.languages]) {
    const primary = (wish ?? "").toLowerCase().split("-")[0]!;
    const lang = primary === "no" || primary === "nn" ? "nb" : primary;
    if (lang === "en" || lang in TEXTS) return lang;
  }
  return "en";
}

const lang = choose();
const texts = TEXTS[lang];
document.documentElement.lang = lang;
document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
for (const link of document.querySelectorAll(".languages a")) {
  if (link.getAttribute("lang") === lang) link.setAttribute("aria-current", "true");
}
if (texts) {
  for (const node of document.querySelectorAll<HTMLElement>("[data-t]")) {
    node.textContent = texts[node.dataset["t"]!] ?? node.textContent;
  }
  document.title = `Forecourt – ${texts["title"]}`;
}
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="/demo/"]')) link.search = `?lang=${lang}`;
