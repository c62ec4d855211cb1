import { expect, test } from "vitest";
import { ProblemError, Unreachable } from "../../../sdk/http";
import type { KnowledgeEntry } from "../../../sdk/wire";
import { bodyOf, draftOf, minor, refusal } from "./api";
import { TEXTS } from "./texts";

test("a price is read as people of any language write it", () => {
  expect(["999", "1 250,50", "1250.5", "1\u00a0250"].map(minor)).toEqual([99_900, 125_050, 125_050, 125_000]);
  expect(["", "kr 5", "1,2,3", "-4", "1e9"].map(minor)).toEqual([null, null, null, null, null]);
});

test("a form that was not touched stands for the entry that it shows", () => {
  const entry: KnowledgeEntry = {
    id: "srv_1",
    version: 3,
    title: { nb: "Vask" },
    text: {},
    keywords: ["vask", "wash"],
    price: { minor: 49_950, currency: "NOK" },
    minutes: 45,
    active: true,
    deleted: false,
    updated_at: "2026-11-21T12:00:00Z",
  };
  const body = bodyOf("services", draftOf(entry), 3, null);
  expect(body).toMatchObject({ title: entry.title, text: {}, keywords: entry.keywords, price: entry.price, version: 3, active: true });
  const fresh = bodyOf("faqs", { ...draftOf(null), title: { nb: "Hva?", fr: " " }, keywords: "a، b,, c" }, null, "ask_1");
  expect(fresh).toMatchObject({ title: { nb: "Hva?" }, keywords: ["a", "b", "c"], price: null, question_id: "ask_1", version: null });
});

test("a refusal is told in the reader's language", () => {
  const problem = (code: string, pointer?: string) =>
    new ProblemError(
      400,
      { type: "", title: "", status: 400, detail: "", code, instance: "", errors: pointer ? [{ pointer, code: "x", detail: "x" }] : [] },
      0,
    );
  expect(refusal(problem("changed-meanwhile"), TEXTS.nb)).toBe(TEXTS.nb.refused.changed);
  expect(refusal(problem("invalid", "/text/nb"), TEXTS.fr)).toBe(TEXTS.fr.refused.texts);
  expect(refusal(problem("invalid", "/week/0"), TEXTS.ar)).toBe(TEXTS.ar.refused.hours);
  expect(refusal(new Unreachable(), TEXTS.en)).toBe(TEXTS.en.refused.offline);
});
