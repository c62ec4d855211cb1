import { expect, test } from "vitest";
import { ProblemError } from "../../../sdk/http";
import type { Tool } from "../../../sdk/wire";
import { ending, faultAt, faults } from "./calls";
import { argumentsOf, bodyOf, draftOf, emptyDraft, namesOf, switched } from "./draft";
import { TEXTS } from "./texts";

const tool: Tool = {
  tool_id: "tool_1",
  version: 3,
  name: "service_history",
  description: { nb: "Når en bil fikk service." },
  arguments: {
    type: "object",
    properties: {
      registration: { type: "string", description: "AB12345", maxLength: 12 },
      years: { type: "integer", description: "How far back", minimum: 1 },
    },
    required: ["registration"],
  },
  method: "GET",
  url: "https://api.example.com/vehicles/{registration}",
  headers: ["x-api-key"],
  timeout_ms: 2_000,
  access: "read",
  budget: 2,
  answer: [{ name: "price", pointer: "/price", label: { nb: "Koster" }, kind: "amount", currency: "EUR" }],
  active: true,
  updated_at: "2026-11-21T10:00:00Z",
};

test("a tool comes out of its form as it went in, and its headers stay", () => {
  const body = bodyOf(draftOf(tool), tool);
  expect(body).toEqual({
    name: tool.name,
    description: tool.description,
    arguments: tool.arguments,
    method: "GET",
    url: tool.url,
    headers: null,
    timeout_ms: 2_000,
    access: "read",
    budget: 2,
    answer: tool.answer,
    active: true,
    version: 3,
  });
  expect(switched(tool, false)).toEqual({ ...body, active: false });
});

test("what is empty is not sent, and a bound of another type neither", () => {
  const draft = draftOf(tool);
  draft.arguments[0]!.type = "boolean";
  draft.arguments.push({ name: " ", type: "string", description: "", required: true, rest: {} });
  draft.headers = [
    { name: " x-new ", value: "v" },
    { name: "", value: "w" },
  ];
  draft.description = { nb: " Tekst ", en: " " };
  const body = bodyOf(draft, tool);
  expect(body.arguments).toMatchObject({ properties: { registration: { type: "boolean", description: "AB12345" } } });
  expect(Object.keys((body.arguments as { properties: object }).properties)).toEqual(["registration", "years"]);
  expect(body.headers).toEqual({ "x-new": "v" });
  expect(body.description).toEqual({ nb: "Tekst" });
  expect(bodyOf(emptyDraft(), null).version).toBeNull();
});

test("a trial's arguments are what their schema says, and a mistake is left for the server to tell", () => {
  const given = { registration: " AB12345 ", years: "3" };
  expect(argumentsOf(tool.arguments, given)).toEqual({ registration: "AB12345", years: 3 });
  expect(argumentsOf(tool.arguments, { years: "three" })).toEqual({ years: "three" });
  expect(argumentsOf(tool.arguments, { registration: "" })).toEqual({});
  expect(namesOf(tool.arguments).map((one) => [one.name, one.required])).toEqual([
    ["registration", true],
    ["years", false],
  ]);
});

test("a fault stands at its field, or at the nearest one that is shown", () => {
  const problem = { errors: [{ pointer: "/answer/1/currency", code: "value", detail: "must be one of NOK, EUR, USD" }] };
  const all = faults(new ProblemError(400, problem as never, 0));
  expect(faultAt(all, "/answer/1")).toBe("must be one of NOK, EUR, USD");
  expect(faultAt(all, "/answer/10")).toBeUndefined();
  expect(faultAt(all, "/url")).toBeUndefined();
  expect(faults(new Error("?"))).toEqual({});
});

test("how a call ended is told in words, also in one that is not known yet", () => {
  expect(ending("timeout", TEXTS.en)).toBe(TEXTS.en.endings.timeout);
  expect(ending("brand_new", TEXTS.en)).toBe("brand new");
});
