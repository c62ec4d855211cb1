/**
 * Which vehicles the list shows: in the address, so that back, reload and a link show the same.
 */
import { BODIES, FUELS, STATUSES } from "./draft";

export const SORTS = ["newest", "cheapest", "dearest", "youngest", "least_driven"] as const;
export const PER_PAGE = 50;
const MAX_WORDS = 200;

export interface VehicleQuery {
  q: string;
  /** `deleted` shows what is out of the stock. */
  status: "" | (typeof STATUSES)[number] | "deleted";
  fuel: "" | (typeof FUELS)[number];
  body: "" | (typeof BODIES)[number];
  sort: (typeof SORTS)[number];
  page: number;
}

export const ALL: VehicleQuery = { q: "", status: "", fuel: "", body: "", sort: "newest", page: 1 };

const one = <T extends string>(values: readonly T[], text: string | null): T | undefined => values.find((value) => value === text);

export function parseQuery(search: URLSearchParams): VehicleQuery {
  const page = Number(search.get("page"));
  return {
    q: (search.get("q") ?? "").slice(0, MAX_WORDS),
    status: one([...STATUSES, "deleted"] as const, search.get("status")) ?? "",
    fuel: one(FUELS, search.get("fuel")) ?? "",
    body: one(BODIES, search.get("body")) ?? "",
    sort: one(SORTS, search.get("sort")) ?? "newest",
    page: Number.isInteger(page) && page >= 1 && page <= 400 ? page : 1,
  };
}

/** The address of a query; what is as always is left out. */
export function printQuery(query: VehicleQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== ALL[name as keyof VehicleQuery]) search.set(name, String(value));
  }
  return search;
}

/** The same for the server. */
export function toApi(query: VehicleQuery): string {
  const { status, page, ...rest } = query;
  const search = new URLSearchParams({ limit: String(PER_PAGE), offset: String((page - 1) * PER_PAGE) });
  for (const [name, value] of Object.entries(rest)) if (value.trim()) search.set(name, value);
  if (status === "deleted") search.set("deleted", "true");
  else if (status) search.set("status", status);
  return search.toString();
}

export const isFiltered = (query: VehicleQuery) => !!(query.q || query.status || query.fuel || query.body);
