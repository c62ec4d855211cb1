import { expect, test } from "vitest";
import { Backoff } from "./backoff";
import { retryAfterMs } from "./http";

test("the ceiling doubles from half a second to ten seconds and stays there", () => {
  const backoff = new Backoff(() => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

test("the wait is drawn evenly below the ceiling, down to nothing", () => {
  const draws = [0, 0.25, 0.5];
  const backoff = new Backoff(() => draws.shift()!);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 250, 1000]);
});

test("what the server asks for is waited in full, and the jitter comes on top", () => {
  const backoff = new Backoff(() => 0.5);
  expect(backoff.next(3000)).toBe(3250);
});

test("after a reset the next failure starts small again", () => {
  const backoff = new Backoff(() => 1);
  for (let i = 0; i < 100; i += 1) backoff.next();
  expect(backoff.ceiling).toBe(10_000);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test("Retry-After is read as seconds or as a date, and is bounded", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  expect(retryAfterMs("7", now)).toBe(7000);
  expect(retryAfterMs("Sun, 01 Mar 2026 12:00:30 GMT", now)).toBe(30_000);
  expect(retryAfterMs("999999", now)).toBe(600_000);
  expect(retryAfterMs("Sun, 01 Mar 2026 11:00:00 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBe(0);
  expect(retryAfterMs(null, now)).toBe(0);
});
