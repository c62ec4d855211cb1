import { expect, test } from "vitest";
import { when } from "./times";

const AT = "2026-11-28T13:00:00Z";

test("a time is told at the business's clock", () => {
  const [oslo] = when(AT, "nb", "Europe/Oslo");
  expect(oslo).toContain("lørdag");
  expect(oslo).toContain("14:00");
  expect(when(AT, "fr", "America/New_York")[0]).toContain("08:00");
});

test("a visitor elsewhere is told their own time beside it, and only then", () => {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(when(AT, "en", here)[1]).toBe("");
  const there = here === "Asia/Tokyo" ? "Europe/Oslo" : "Asia/Tokyo";
  expect(when(AT, "en", there)[1]).not.toBe("");
});

test("arabic keeps digits that every clock shows", () => {
  expect(when(AT, "ar", "Europe/Oslo")[0]).toMatch(/02:00|14:00/);
});

test("a zone that this browser does not know is no error", () => {
  expect(when(AT, "en", "Mars/Olympus")[1]).toBe("");
});
