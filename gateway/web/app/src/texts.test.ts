import { expect, test } from "vitest";
import { TEXTS as demo } from "../../demo/texts";
import { TEXTS as widget } from "../../widget/texts";
import { TEXTS as calendars } from "./calendars/texts";
import { TEXTS as knowledge } from "./knowledge/texts";
import { TEXTS as replies } from "./replies/texts";
import { TEXTS as settings } from "./settings/texts";
import { TEXTS as preview } from "./preview/texts";
import { TEXTS as tools } from "./tools/texts";
import { TEXTS as vehicles } from "./vehicles/texts";
import { TEXTS as webhooks } from "./webhooks/texts";
import { ar } from "./texts/ar";
import { en } from "./texts/en";
import { fr } from "./texts/fr";
import { nb } from "./texts/nb";

/** Every text with its path. */
function flatten(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  return Object.entries(node as object).flatMap(([key, value]) => flatten(value, `${path}.${key}`));
}
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map((found) => found[0]).sort();

test.each([
  ["the dashboard", { en, nb, fr, ar }],
  ["the calendars page", calendars],
  ["the knowledge page", knowledge],
  ["the page of booking settings", settings],
  ["the report of replies", replies],
  ["the preview page", preview],
  ["the tools page", tools],
  ["the vehicles page", vehicles],
  ["the webhooks page", webhooks],
  ["the demo site", demo],
  ["the widget", widget],
])("%s says the same things in every language, with the same placeholders", (_, languages: Record<string, unknown>) => {
  const english = new Map(flatten(languages["en"]));
  for (const [lang, texts] of Object.entries(languages)) {
    const flat = flatten(texts);
    expect(
      flat.map(([path]) => path),
      lang,
    ).toEqual([...english.keys()]);
    for (const [path, text] of flat) {
      expect(text.trim(), `${lang}${path}`).not.toBe("");
      // "1 lead" may spell its number out.
      if (!path.endsWith(".one")) expect(placeholders(text), `${lang}${path}`).toEqual(placeholders(english.get(path)!));
    }
  }
});
