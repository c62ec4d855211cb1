/**
 * The calls of the settings page, how lengths of time read, and why something was refused.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type { BookingRules, PutTerms, ServiceTerms, ServiceTermsList } from "../../../sdk/wire";
import { fill, type Lang } from "../i18n";
import type { SettingsTexts } from "./texts";

const RULES = "/v1/knowledge/bookings";

export const settings = {
  rules: (signal?: AbortSignal) => request<BookingRules>(RULES, signal && { signal }),
  saveRules: (body: BookingRules) => request<BookingRules>(RULES, { method: "PUT", body }),
  services: (signal?: AbortSignal) => request<ServiceTermsList>("/v1/services", signal && { signal }),
  saveTerms: (service: string, body: PutTerms) =>
    request<void>(`/v1/services/${encodeURIComponent(service)}/terms`, { method: "PUT", body }),
};

/** The terms of a service without what names it. */
export function termsOf({ service_id: _id, name: _name, ...terms }: ServiceTerms): PutTerms {
  return terms;
}

const HOUR = 60;
const DAY = 24 * HOUR;

/** `45 minutes`, `2 hours`, `1 day`: the largest unit that leaves nothing over. */
export function length(minutes: number, lang: Lang): string {
  const [n, unit] =
    minutes && minutes % DAY === 0
      ? [minutes / DAY, "day"]
      : minutes && minutes % HOUR === 0
        ? [minutes / HOUR, "hour"]
        : [minutes, "minute"];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long", numberingSystem: "latn" }).format(n);
}

/** Lengths to choose from, with the one that stands among them. */
export function choices(usual: readonly number[], now: number): number[] {
  return [...new Set([...usual, now])].sort((a, b) => a - b);
}

export const REMINDERS = [0, 15, 30, 60, 120, 180, 360, 720, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY] as const;
export const OFFERS = [5, 10, 15, 20, 30, 45, 60] as const;
export const LENGTHS = [15, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 360, 480] as const;
export const BUFFERS = [0, 5, 10, 15, 20, 30, 45, 60, 90, 120] as const;
export const NOTICES = [0, 30, 60, 120, 180, 240, 360, 720, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY] as const;
export const HORIZONS = [7, 14, 21, 30, 60, 90, 120, 180, 365].map((days) => days * DAY);

/** Why the server refused, in the reader's language where it is known. */
export function refusal(error: unknown, t: SettingsTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  if (error.code === "changed-meanwhile") return t.refused.changed;
  if (error.status === 403) return t.refused.forbidden;
  const first = error.problem?.errors?.[0];
  if (first?.pointer === "/first_reminder_minutes") return t.refused.order;
  if (first?.pointer === "/offer_minutes") return t.refused.offer;
  if (first) return fill(t.refused.range, { why: first.detail });
  return t.refused.other;
}
