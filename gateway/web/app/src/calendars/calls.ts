/**
 * The calls of the calendars page, and why one was refused.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type {
  CalendarChecked,
  CalendarList,
  CalendarProvider,
  CalendarView,
  ChooseCalendar,
  ConnectCalendar,
  ConsentPage,
  ResourceList,
} from "../../../sdk/wire";
import type { CalendarTexts } from "./texts";

const at = (calendar: string, rest = "") => `/v1/calendars/${encodeURIComponent(calendar)}${rest}`;

export const calendars = {
  list: (signal?: AbortSignal) => request<CalendarList>("/v1/calendars", signal && { signal }),
  resources: () => request<ResourceList>("/v1/resources"),
  connect: (body: ConnectCalendar) => request<CalendarChecked>("/v1/calendars", { body }),
  reconnect: (calendar: string, body: ConnectCalendar) => request<CalendarChecked>(at(calendar, "/credentials"), { method: "PUT", body }),
  consent: (provider: CalendarProvider) => request<ConsentPage>("/v1/calendars/consent", { body: { provider } }),
  check: (calendar: string) => request<CalendarChecked>(at(calendar, "/check"), { method: "POST" }),
  choose: (calendar: string, body: ChooseCalendar) => request<CalendarView>(at(calendar), { method: "PUT", body }),
  remove: (calendar: string) => request<void>(at(calendar), { method: "DELETE" }),
};

/** What a form of credentials stands for. */
export function credentials(provider: CalendarProvider, given: Record<string, string>): ConnectCalendar {
  if (provider === "cal_com") return { provider, key: (given["key"] ?? "").trim() };
  return { provider, url: (given["url"] ?? "").trim(), user: (given["user"] ?? "").trim(), password: given["password"] ?? "" };
}

/** Why the server refused, in the reader's language where it is known. */
export function refusal(error: unknown, t: CalendarTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  const pointer = error.problem?.errors?.[0]?.pointer;
  if (pointer === "/url") return t.refused.url;
  if (pointer === "/calendar" || pointer === "/resource_id") return t.refused.choice;
  if (error.code === "calendar-refused") return t.refused.credentials;
  if (error.code === "calendar-unavailable") return t.refused.away;
  if (error.code === "calendar-unclear") return t.refused.unclear;
  if (error.code === "too-many-calendars") return t.refused.full;
  if (error.code === "forbidden") return t.refused.forbidden;
  return t.refused.other;
}

/** Why a calendar fails, in words. */
export function reason(code: string | undefined, t: CalendarTexts): string {
  const known: Record<string, string> = t.reasons;
  return known[code ?? ""] ?? t.reasons.unavailable;
}
