/**
 * The report of replies: its call, its filters in the address, sums, order, and the file.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type { ReplyFigures, ReplyReport } from "../../../sdk/wire";
import type { Lang } from "../i18n";
import { csvSeparator, tableCsv } from "../leads/csv";
import { nextDay, startOfDay } from "../zone";
import type { RepliesTexts } from "./texts";

/** The numbers of a row, in the order in which they are shown. */
export const NUMBERS = ["replies", "good", "bad", "conversations", "booked", "handed_over", "open", "closed"] as const;
export type Numbered = (typeof NUMBERS)[number];

/** Which number each is a share of; the others stand alone. */
export const SHARE_OF: Partial<Record<Numbered, Numbered>> = {
  good: "replies",
  bad: "replies",
  booked: "conversations",
  handed_over: "conversations",
  open: "conversations",
  closed: "conversations",
};

export interface ReportQuery {
  /** Days in the tenant's zone, both inclusive; empty: the last thirty. */
  from: string;
  to: string;
  prompt: string;
  model: string;
  sort: Numbered;
}

const day = (text: string | null) => (/^\d{4}-\d{2}-\d{2}$/.test(text ?? "") ? text! : "");

export function parseReport(from: URLSearchParams): ReportQuery {
  return {
    from: day(from.get("from")),
    to: day(from.get("to")),
    prompt: from.get("prompt") ?? "",
    model: from.get("model") ?? "",
    sort: NUMBERS.find((one) => one === from.get("sort")) ?? "replies",
  };
}

/** The query for the server: days become instants, the end exclusive. */
export function toApi({ from, to }: ReportQuery, zone: string): string {
  const query = new URLSearchParams();
  const [since, until] = [startOfDay(from, zone), to ? startOfDay(nextDay(to), zone) : null];
  if (since) query.set("from", since.toISOString());
  if (until) query.set("to", until.toISOString());
  return query.toString();
}

export const readReport = (query: string, signal: AbortSignal) => request<ReplyReport>(`/v1/reports/replies?${query}`, { signal });

/** The rows that fit the filters, the largest number first. */
export function shown(rows: readonly ReplyFigures[], { prompt, model, sort }: ReportQuery): ReplyFigures[] {
  return rows
    .filter((row) => (!prompt || row.prompt === prompt) && (!model || row.model === model))
    .sort((a, b) => Number(b[sort]) - Number(a[sort]) || a.prompt.localeCompare(b.prompt) || a.model.localeCompare(b.model));
}

/**
 * The sum of what can be summed: replies and ratings. A conversation with two prompts counts for both, so a sum of
 * conversations would count it twice.
 */
export function total(rows: readonly ReplyFigures[]): Partial<Record<Numbered, number>> {
  const of = (number: Numbered) => rows.reduce((sum, row) => sum + Number(row[number]), 0);
  return { replies: of("replies"), good: of("good"), bad: of("bad") };
}

/** `12 %` of it; nothing of nothing. */
export function percent(part: number, whole: number, lang: Lang): string {
  if (!whole) return "";
  return new Intl.NumberFormat(lang, { style: "percent", numberingSystem: "latn", maximumFractionDigits: 0 }).format(part / whole);
}

export function toFile(rows: readonly ReplyFigures[], lang: Lang): string {
  const head = ["prompt", "model", ...NUMBERS];
  return tableCsv(
    [head, ...rows.map((row) => [row.prompt, row.model, ...NUMBERS.map((number) => Number(row[number]))])],
    csvSeparator(lang),
  );
}

/** The values to choose from, with the one that is chosen. */
export function values(rows: readonly ReplyFigures[], of: "prompt" | "model", chosen: string): string[] {
  return [...new Set([...rows.map((row) => row[of]), ...(chosen ? [chosen] : [])])].sort();
}

/** Why the server refused, in the reader's language. */
export function refusal(error: unknown, t: RepliesTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  if (error.status === 403) return t.refused.forbidden;
  return error.status === 400 ? t.refused.range : t.refused.other;
}
