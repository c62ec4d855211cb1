import { describe, expect, it } from "vitest";
import { addDays, daysOf, hoursOf, place, ruleOf, span, wall, weekOf } from "./days";

const OSLO = "Europe/Oslo";
const one = (starts_at: string, ends_at: string) => ({ starts_at, ends_at });

describe("days", () => {
  it("a day is a day of the tenant's zone", () => {
    expect(wall("2026-11-23T23:30:00Z", OSLO)).toEqual({ day: "2026-11-24", minute: 30 });
    expect(wall("2026-07-01T22:15:00Z", OSLO)).toEqual({ day: "2026-07-02", minute: 15 });
  });

  it("a week begins on Monday, also over the end of a year", () => {
    expect(weekOf("2027-01-03")).toBe("2026-12-28");
    expect(weekOf("2026-11-23")).toBe("2026-11-23");
    expect(daysOf("week", "2026-11-25")).toHaveLength(7);
    expect(addDays("2026-02-28", 1)).toBe("2026-03-01");
  });

  it("the week in which the clocks change has an hour more", () => {
    const { from, until } = span(daysOf("week", "2026-10-25"), OSLO);
    expect((Date.parse(until) - Date.parse(from)) / 3_600_000).toBe(7 * 24 + 1);
  });

  it("what runs at the same time stands beside each other, and what follows has the whole width", () => {
    const day = [
      one("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z"),
      one("2026-11-24T08:30:00Z", "2026-11-24T09:30:00Z"),
      one("2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z"),
      one("2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"),
    ];
    const placed = place(day, "2026-11-24", OSLO);
    expect(placed.map((p) => [p.lane, p.lanes])).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
      [0, 1],
    ]);
    expect(hoursOf(placed)).toEqual({ first: 8, last: 18 });
  });

  it("what goes over midnight is on both days", () => {
    const night = [one("2026-11-24T22:00:00Z", "2026-11-25T01:00:00Z")];
    expect(place(night, "2026-11-24", OSLO).map((p) => [p.from, p.until])).toEqual([[1380, 1440]]);
    expect(place(night, "2026-11-25", OSLO).map((p) => [p.from, p.until])).toEqual([[0, 120]]);
    expect(place(night, "2026-11-26", OSLO)).toEqual([]);
    expect(hoursOf(place(night, "2026-11-25", OSLO)).first).toBe(0);
  });

  it("a repeating block is a rule", () => {
    expect(ruleOf("once", "")).toBeUndefined();
    expect(ruleOf("weekly", "2026-12-31")).toBe("FREQ=WEEKLY;UNTIL=20261231");
  });
});
