/**
 * Days, weeks and places in them, on the tenant's clock.
 *
 * Lives here: pure functions from instants to what an agenda draws. Invariants: a day is a day of the tenant's zone,
 * whatever the browser's is; bookings of the same time never cover each other.
 */
import { nextDay, startOfDay } from "../zone";

/** The day and the minute of that day at which an instant is, on a zone's clock. */
export function wall(instant: string | number, zone: string): { day: string; minute: number } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(new Date(instant));
  const get = (type: string) => parts.find((part) => part.type === type)?.value ?? "0";
  return { day: `${get("year")}-${get("month")}-${get("day")}`, minute: Number(get("hour")) * 60 + Number(get("minute")) };
}

export function addDays(day: string, count: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + count);
  return at.toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function weekOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

/** The days that a view shows. */
export function daysOf(view: "day" | "week", day: string): string[] {
  if (view === "day") return [day];
  const monday = weekOf(day);
  return Array.from({ length: 7 }, (_, n) => addDays(monday, n));
}

/** The instants between which some days lie. */
export function span(days: readonly string[], zone: string): { from: string; until: string } {
  const from = startOfDay(days[0]!, zone) ?? new Date(0);
  const until = startOfDay(nextDay(days.at(-1)!), zone) ?? new Date(0);
  return { from: from.toISOString(), until: until.toISOString() };
}

export interface Stretch {
  starts_at: string;
  ends_at: string;
}

export interface Placed<T> {
  item: T;
  /** Minutes from the beginning of the day. */
  from: number;
  until: number;
  /** Which of how many lanes beside each other. */
  lane: number;
  lanes: number;
}

/** What of these is on a day, each in a lane of its own where others run at the same time. */
export function place<T extends Stretch>(all: readonly T[], day: string, zone: string): Placed<T>[] {
  const placed: Placed<T>[] = [];
  for (const item of all) {
    const [start, end] = [wall(item.starts_at, zone), wall(item.ends_at, zone)];
    if (start.day > day || end.day < day || (end.day === day && end.minute === 0 && start.day < day)) continue;
    const from = start.day < day ? 0 : start.minute;
    const until = end.day > day ? 1440 : Math.max(end.minute, from + 1);
    placed.push({ item, from, until, lane: 0, lanes: 1 });
  }
  placed.sort((a, b) => a.from - b.from || b.until - a.until);
  let group: Placed<T>[] = [];
  let ends: number[] = [];
  const close = () => {
    group.forEach((one) => (one.lanes = ends.length));
    [group, ends] = [[], []];
  };
  for (const one of placed) {
    if (ends.length && ends.every((end) => end <= one.from)) close();
    const free = ends.findIndex((end) => end <= one.from);
    one.lane = free < 0 ? ends.length : free;
    ends[one.lane] = one.until;
    group.push(one);
  }
  close();
  return placed;
}

/** The hours that an agenda shows: the working day, and whatever lies outside of it. */
export function hoursOf(placed: readonly Placed<unknown>[]): { first: number; last: number } {
  const first = Math.min(8, ...placed.map((one) => Math.floor(one.from / 60)));
  const last = Math.max(18, ...placed.map((one) => Math.ceil(one.until / 60)));
  return { first, last };
}

/** A repeating block as RFC 5545 says it. `day` is where it begins. */
export function ruleOf(repeat: "once" | "daily" | "weekly" | "monthly", until: string): string | undefined {
  if (repeat === "once") return undefined;
  const end = until ? `;UNTIL=${until.replaceAll("-", "")}` : "";
  return `FREQ=${repeat.toUpperCase()}${end}`;
}
