import { expect, test } from "vitest";
import type { ReplyFigures } from "../../../sdk/wire";
import { parseReport, percent, shown, toApi, toFile, total, values } from "./report";

const row = (prompt: string, model: string, replies: number, good = 0) =>
  ({ prompt, model, replies, good, bad: 1, conversations: 2, booked: 1, handed_over: 0, open: 1, closed: 0 }) as unknown as ReplyFigures;
const ROWS = [row("reply@3", "house", 10, 1), row("reply@4", "claude", 5, 4), row("reply@3", "claude", 5, 2)];

test("the address is read with what it says, and nothing it cannot mean", () => {
  const read = parseReport(new URLSearchParams("from=2026-11-01&to=later&prompt=reply@3&sort=drop"));
  expect(read).toEqual({ from: "2026-11-01", to: "", prompt: "reply@3", model: "", sort: "replies" });
});

test("days of the tenant's zone become instants, the last one whole", () => {
  const query = parseReport(new URLSearchParams("from=2026-11-20&to=2026-11-21"));
  const asked = new URLSearchParams(toApi(query, "Europe/Oslo"));
  expect(asked.get("from")).toBe("2026-11-19T23:00:00.000Z");
  expect(asked.get("to")).toBe("2026-11-21T23:00:00.000Z");
  expect(toApi(parseReport(new URLSearchParams()), "Europe/Oslo")).toBe("");
});

test("rows are filtered, and the largest number stands first", () => {
  const query = parseReport(new URLSearchParams("sort=good"));
  expect(shown(ROWS, query).map((one) => one.good)).toEqual([4, 2, 1]);
  expect(shown(ROWS, { ...query, model: "claude", prompt: "reply@3" })).toHaveLength(1);
  expect(values(ROWS, "prompt", "gone@1")).toEqual(["gone@1", "reply@3", "reply@4"]);
});

test("what would count a conversation twice is not summed", () => {
  expect(total(ROWS)).toEqual({ replies: 20, good: 7, bad: 3 });
  expect(percent(1, 4, "en")).toBe("25%");
  expect(percent(0, 0, "en")).toBe("");
});

test("the file holds plain numbers, and nothing that a spreadsheet would run", () => {
  const file = toFile([row("=1+1", "house", 1234)], "nb");
  expect(file).toContain("prompt;model;replies");
  expect(file).toContain("'=1+1;house;1234;0;1;2;1;0;1;0");
});
