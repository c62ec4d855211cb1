/**
 * The language of the dashboard.
 *
 * Lives here: the choice (address, stored wish, browser), the lazily loaded texts, numbers and
 * times in that language. Digits are Latin everywhere, as in prices and phone numbers.
 */
import { createContext, useContext } from "react";
import type { Texts } from "./texts/en";

export type { Texts };
export type Lang = "nb" | "en" | "fr" | "ar";

export const LANGS: Record<Lang, string> = { nb: "Norsk", en: "English", fr: "Français", ar: "العربية" };

const STORED = "forecourt:lang";

const LOADERS: Record<Lang, () => Promise<Texts>> = {
  nb: async () => (await import("./texts/nb")).nb,
  en: async () => (await import("./texts/en")).en,
  fr: async () => (await import("./texts/fr")).fr,
  ar: async () => (await import("./texts/ar")).ar,
};

export function chooseLang(wishes: readonly (string | null | undefined)[]): Lang {
  for (const wish of wishes) {
    const primary = (wish ?? "").toLowerCase().split("-")[0]!;
    const lang = primary === "no" || primary === "nn" ? "nb" : primary;
    if (lang in LANGS) return lang as Lang;
  }
  return "en";
}

/** The wish in the address counts once and is then remembered. */
export function initialLang(): Lang {
  const url = new URL(location.href);
  const asked = url.searchParams.get("lang");
  if (asked) {
    url.searchParams.delete("lang");
    history.replaceState(null, "", url);
    rememberLang(chooseLang([asked]));
  }
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch {
    // Storage is forbidden: the browser's language has to do.
  }
  return chooseLang([asked, stored, ...navigator.languages]);
}

export function rememberLang(lang: Lang): void {
  try {
    localStorage.setItem(STORED, lang);
  } catch {
    // Not remembered, then.
  }
}

export function loadTexts(lang: Lang): Promise<Texts> {
  return LOADERS[lang]();
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
}

/** One or many; Arabic's finer forms are avoided by wording. */
export function count(forms: { one: string; other: string }, n: number, lang: Lang): string {
  return n === 1 ? forms.one : fill(forms.other, { n: formatNumber(n, lang) });
}

export function formatNumber(n: number, lang: Lang, digits = 0): string {
  return new Intl.NumberFormat(lang, {
    numberingSystem: "latn",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(n);
}

/** `14:05` today, else `12 Mar, 14:05`, in the time zone of the tenant. */
export function formatTime(at: string, lang: Lang, zone: string, now: number): string {
  const date = new Date(at);
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" });
  const today = day.format(date) === day.format(now);
  return new Intl.DateTimeFormat(lang, {
    timeZone: zone,
    numberingSystem: "latn",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(!today && { day: "numeric", month: "short" }),
  }).format(date);
}

export function formatExact(at: string, lang: Lang, zone: string): string {
  return new Intl.DateTimeFormat(lang, { timeZone: zone, numberingSystem: "latn", dateStyle: "long", timeStyle: "medium" }).format(
    new Date(at),
  );
}

export interface Locale {
  lang: Lang;
  t: Texts;
  setLang(lang: Lang): void;
}

export const LocaleContext = createContext<Locale | null>(null);

export function useLocale(): Locale {
  const locale = useContext(LocaleContext);
  if (!locale) throw new Error("no locale around this component");
  return locale;
}
