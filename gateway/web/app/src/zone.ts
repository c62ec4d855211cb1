/**
 * Days of a time zone as instants, without a date library.
 */

/** Milliseconds by which `zone` is ahead of UTC at `instant`. */
function offset(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(instant);
  const get = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(get("year"), get("month") - 1, get("day"), get("hour"), get("minute"), get("second"));
  return local - Math.floor(instant / 1000) * 1000;
}

/** The instant at which `day` (`YYYY-MM-DD`) begins in `zone`; `null` when it is not a day. */
export function startOfDay(day: string, zone: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const wall = Date.parse(`${day}T00:00:00Z`);
  if (!Number.isFinite(wall)) return null;
  // Twice: the first guess may lie on the other side of a change of the clocks.
  const first = wall - offset(wall, zone);
  return new Date(wall - offset(first, zone));
}

/** The day after `day`. */
export function nextDay(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + 1);
  return at.toISOString().slice(0, 10);
}
