import { expect, test } from "vitest";
import { ratingOf, ratingsAfter } from "./ratings";

const AT = "2026-11-21T12:00:00Z";

test("a member has one rating of a message, and may change it or take it back", () => {
  const good = ratingsAfter([], "mem_1", "msg_1", "good", AT);
  expect(ratingOf(good, "mem_1", "msg_1")).toBe("good");
  const bad = ratingsAfter(good, "mem_1", "msg_1", "bad", AT);
  expect(bad).toHaveLength(1);
  expect(ratingOf(bad, "mem_1", "msg_1")).toBe("bad");
  expect(ratingsAfter(bad, "mem_1", "msg_1", null, AT)).toEqual([]);
});

test("ratings of others and of other messages stay", () => {
  const both = ratingsAfter(ratingsAfter([], "mem_1", "msg_1", "good", AT), "mem_2", "msg_1", "bad", AT);
  const all = ratingsAfter(both, "mem_1", "msg_2", "bad", AT);
  expect(ratingsAfter(all, "mem_1", "msg_1", null, AT)).toHaveLength(2);
  expect(ratingOf(all, "mem_2", "msg_1")).toBe("bad");
  expect(ratingOf(all, "mem_2", "msg_2")).toBeUndefined();
});
