import { expect, test } from "vitest";
import { ProblemError, Unreachable } from "../../../sdk/http";
import type { WebhookTopic } from "../../../sdk/wire";
import { refusal, settings, TOPICS } from "./calls";
import { TEXTS } from "./texts";

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
