import { expect, test } from "vitest";
import { ProblemError, Unreachable } from "../../../sdk/http";
import type { WebhookTopic } from "../../../sdk/wire";
import { refusal, settings, TOPICS } from "./calls";
import { TEXTS } from "./texts";

function flatten(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  return Object.entries(node as object).flatMap(([key, value]) => flatten(value, `${path}.${key}`));
}
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map((found) => found[0]).sort();

test("the webhooks page says the same things in every language, with the same placeholders", () => {
  const english = new Map(flatten(TEXTS.en));
  for (const [lang, texts] of Object.entries(TEXTS)) {
    const flat = flatten(texts);
    expect(
      flat.map(([path]) => path),
      lang,
    ).toEqual([...english.keys()]);
    for (const [path, text] of flat) {
      expect(text.trim(), `${lang}${path}`).not.toBe("");
      expect(placeholders(text), `${lang}${path}`).toEqual(placeholders(english.get(path)!));
    }
  }
});

test("all topics are stored as none named, so that new ones come too", () => {
  const url = " https://crm.example/ ";
  expect(settings(url, "  ", new Set(TOPICS))).toEqual({ url: "https://crm.example/", topics: [] });
  const some = new Set<WebhookTopic>(["promise.broken", "lead.captured"]);
  expect(settings(url, " CRM ", some)).toEqual({
    url: "https://crm.example/",
    description: "CRM",
    topics: ["lead.captured", "promise.broken"],
  });
});

test("a refusal is told in the reader's language", () => {
  const problem = (code: string, pointer?: string) =>
    new ProblemError(
      400,
      { type: "", title: "", status: 400, detail: "", code, instance: "", errors: pointer ? [{ pointer, code: "x", detail: "x" }] : [] },
      0,
    );
  expect(refusal(problem("invalid", "/url"), TEXTS.en)).toBe(TEXTS.en.refused.url);
  expect(refusal(problem("too-many-endpoints"), TEXTS.nb)).toBe(TEXTS.nb.refused.full);
  expect(refusal(problem("forbidden"), TEXTS.fr)).toBe(TEXTS.fr.refused.forbidden);
  expect(refusal(new Unreachable(), TEXTS.ar)).toBe(TEXTS.ar.refused.offline);
  expect(refusal(new Error("?"), TEXTS.en)).toBe(TEXTS.en.refused.other);
});
