import { expect, test } from "vitest";
import { ProblemError, Unreachable } from "../../../sdk/http";
import type { Message, Preview, PreviewTurn } from "../../../sdk/wire";
import { refusal, sticky } from "./calls";
import { clock, linesOf, pretty, zones } from "./lines";
import { TEXTS } from "./texts";

const message = (id: string, at: string, author: Message["author"]): Message => ({ message_id: id, seq: 1, at, author, text: id });
const turn = (id: string, at: string, more: Partial<PreviewTurn>): PreviewTurn => ({
  turn_id: id,
  at,
  state: "answered",
  tools: [],
  withheld: [],
  grounds: [],
  ...more,
});
const preview = (messages: Message[], turns: PreviewTurn[]) => ({ messages, turns }) as unknown as Preview;
const gone = () => new ProblemError(404, null, 0);

test("a turn stands with its answer, and one that came to nothing where it began", () => {
  const lines = linesOf(
    preview(
      [message("q", "2026-11-21T10:00:00Z", "customer"), message("a", "2026-11-21T10:00:05Z", "assistant")],
      [
        turn("failed", "2026-11-21T10:00:01Z", { state: "failed" }),
        turn("good", "2026-11-21T10:00:03Z", { message_id: "a" }),
        turn("runs", "2026-11-21T10:00:06Z", { state: "running" }),
        turn("dropped", "2026-11-21T10:00:02Z", { state: "cancelled" }),
      ],
    ),
  );
  expect(lines.map((line) => [line.key, line.turn?.turn_id])).toEqual([
    ["q", undefined],
    ["failed", "failed"],
    ["a", "good"],
  ]);
});

test("what another node does not know of is asked for again, and believed in the end", async () => {
  let asked = 0;
  const found = sticky(
    async () => {
      if (++asked < 3) throw gone();
      return "here";
    },
    6,
    0,
  );
  await expect(found).resolves.toBe("here");
  await expect(sticky(() => Promise.reject(gone()), 2, 0)).rejects.toMatchObject({ status: 404 });
  asked = 0;
  const refused = sticky(() => (asked++, Promise.reject(new ProblemError(409, null, 0))), 6, 0);
  await expect(refused).rejects.toMatchObject({ status: 409 });
  expect(asked, "a refusal is an answer").toBe(1);
});

test("a result is laid out when it is JSON, and left alone when it is not", () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty('{"a":1…')).toBe('{"a":1…');
});

test("a time is told on the clock it is asked for, across a change of the clocks", () => {
  expect(clock("2026-03-29T00:30:00Z", "en", "Europe/Oslo")).toContain("01:30");
  expect(clock("2026-03-29T01:30:00Z", "en", "Europe/Oslo")).toContain("03:30");
  expect(clock("2026-03-29T01:30:00Z", "en", "Asia/Dubai")).toContain("05:30");
  expect(zones("Europe/Oslo")[0]).toBe("Europe/Oslo");
  expect(new Set(zones("Europe/Oslo")).size).toBe(zones("Europe/Oslo").length);
});

test("a refusal is told in words", () => {
  const problem = (code: string, status = 409) =>
    new ProblemError(status, { type: "", title: "", status, code, detail: "", instance: "" } as never, 0);
  expect(refusal(new Unreachable(), TEXTS.en)).toBe(TEXTS.en.refused.offline);
  expect(refusal(problem("preview-over"), TEXTS.nb)).toBe(TEXTS.nb.refused.over);
  expect(refusal(problem("busy", 503), TEXTS.fr)).toBe(TEXTS.fr.refused.full);
  expect(refusal(problem("forbidden", 403), TEXTS.ar)).toBe(TEXTS.ar.refused.forbidden);
});
