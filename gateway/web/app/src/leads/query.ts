/**
 * What the list shows: filters, search and page, kept in the address.
 *
 * Lives here: reading and writing the address, the query of the server, and the same filter as a
 * test of one lead, for those that arrive live.
 */
import type { Lead, LeadSource, LeadStatus } from "../../../sdk/wire";
import { nextDay, startOfDay } from "../zone";

export const PER_PAGE = 25;

/** The longest search that the server takes. */
export const MAX_WORDS = 100;

export const STATUSES: LeadStatus[] = ["new", "contacted", "qualified", "won", "lost"];
export const SOURCES: LeadSource[] = ["website", "widget"];
export const WHOSE = ["mine", "nobody", "calls"] as const;

export interface LeadQuery {
  page: number;
  status: LeadStatus | "";
  source: LeadSource | "";
  /** Days (`YYYY-MM-DD`) in the tenant's zone, both inclusive. */
  from: string;
  to: string;
  q: string;
  /** Whose conversations, or those whose customer is to be called; empty: everybody's. */
  whose: (typeof WHOSE)[number] | "";
}

export const NO_FILTER: LeadQuery = { page: 1, status: "", source: "", from: "", to: "", q: "", whose: "" };

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function parseQuery(search: string): LeadQuery {
  const from = new URLSearchParams(search);
  const oneOf = <T extends string>(name: string, values: readonly T[]): T | "" => values.find((value) => value === from.get(name)) ?? "";
  const day = (name: string) => (DAY.test(from.get(name) ?? "") ? from.get(name)! : "");
  const page = Number(from.get("page"));
  return {
    page: Number.isInteger(page) && page > 0 && page < 1e6 ? page : 1,
    status: oneOf("status", STATUSES),
    source: oneOf("source", SOURCES),
    from: day("from"),
    to: day("to"),
    q: (from.get("q") ?? "").slice(0, MAX_WORDS),
    whose: oneOf("whose", WHOSE),
  };
}

/** The query as it stands in the address: only what differs from nothing. */
export function printQuery(query: LeadQuery): string {
  const to = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value && !(name === "page" && value === 1)) to.set(name, String(value));
  }
  return to.toString();
}

export function isFiltered({ status, source, from, to, q, whose }: LeadQuery): boolean {
  return !!(status || source || from || to || q.trim() || whose);
}

/** The days as instants, the end exclusive; days that were typed the wrong way round are turned. */
function span(query: LeadQuery, zone: string): { since: Date | null; until: Date | null } {
  const turned = query.from && query.to && query.to < query.from;
  const [from, to] = turned ? [query.to, query.from] : [query.from, query.to];
  return { since: startOfDay(from, zone), until: to ? startOfDay(nextDay(to), zone) : null };
}

/** The query for the server: days become instants, the end exclusive. */
export function toApi(query: LeadQuery, zone: string, me: string, perPage = PER_PAGE): string {
  const to = new URLSearchParams({ page: String(query.page), per_page: String(perPage) });
  if (query.status) to.set("status", query.status);
  if (query.source) to.set("source", query.source);
  const { since, until } = span(query, zone);
  if (since) to.set("from", since.toISOString());
  if (until) to.set("to", until.toISOString());
  if (query.q.trim()) to.set("q", query.q.trim());
  if (query.whose === "calls") to.set("callback", "true");
  else if (query.whose) to.set("assignee", query.whose === "mine" ? me : "nobody");
  return to.toString();
}

function isWhose(lead: Lead, whose: LeadQuery["whose"], me: string): boolean {
  if (whose === "calls") return !!lead.callback;
  return whose === "mine" ? lead.assignee === me : !lead.assignee;
}

/** Would the server list this lead under these filters? */
export function matches(lead: Lead, query: LeadQuery, zone: string, me: string): boolean {
  const at = Date.parse(lead.created_at);
  const { since, until } = span(query, zone);
  const words = query.q.trim().toLowerCase();
  return (
    (!query.status || lead.status === query.status) &&
    (!query.source || lead.source === query.source) &&
    (!query.whose || isWhose(lead, query.whose, me)) &&
    (!since || at >= since.getTime()) &&
    (!until || at < until.getTime()) &&
    (!words || [lead.name, lead.email].some((text) => text?.toLowerCase().includes(words)))
  );
}
