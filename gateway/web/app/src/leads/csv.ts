/**
 * The list as a file for a spreadsheet.
 *
 * Lives here: quoting, and the defusing of cells that a spreadsheet would take for a formula: what
 * a customer typed must never run on a seller's machine.
 */
import type { Lead } from "../../../sdk/wire";
import type { Lang } from "../i18n";

/** The most leads in one export (A9). */
export const MAX_EXPORT = 1000;

export function csvCell(value: string | number | boolean | null | undefined, separator: string): string {
  let text = value == null ? "" : String(value);
  // An apostrophe in front makes it text, also after blanks, and in the full-width forms.
  if (typeof value === "string" && /^[\s\u0000]*[=+\-@|%＝＋－＠\t\r\n]/.test(text)) text = `'${text}`;
  return text.includes('"') || text.includes(separator) || /[\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

/** Spreadsheets in Norwegian and French expect a semicolon: there the comma is for decimals. */
export function csvSeparator(lang: Lang): string {
  return lang === "nb" || lang === "fr" ? ";" : ",";
}

const COLUMNS: [string, (lead: Lead) => string | number | boolean | null | undefined][] = [
  ["lead_id", (lead) => lead.lead_id],
  ["created_at", (lead) => lead.created_at],
  ["name", (lead) => lead.name],
  ["email", (lead) => lead.email],
  ["phone", (lead) => lead.phone],
  ["vehicle_interest", (lead) => lead.vehicle_interest],
  ["source", (lead) => lead.source],
  ["source_url", (lead) => lead.source_url],
  ["status", (lead) => lead.status],
  ["language", (lead) => lead.language],
  ["repeats", (lead) => lead.repeats],
  ["promise", (lead) => lead.promise.state],
  ["answered_after_ms", (lead) => lead.promise.answered_after_ms],
  ["answered_by", (lead) => lead.promise.by],
  ["needs_human", (lead) => lead.needs_human],
  ["excerpt", (lead) => lead.excerpt],
];

/** A whole file, with the byte order mark that makes spreadsheets read it as UTF-8. */
export function toCsv(leads: Lead[], lang: Lang): string {
  const separator = csvSeparator(lang);
  return tableCsv([COLUMNS.map(([name]) => name), ...leads.map((lead) => COLUMNS.map(([, read]) => read(lead)))], separator);
}

type Cell = string | number | boolean | null | undefined;

/** Lines of cells as a file. */
export function tableCsv(lines: readonly Cell[][], separator: string): string {
  const line = (cells: Cell[]) => cells.map((cell) => csvCell(cell, separator)).join(separator);
  return "\uFEFF" + lines.map(line).join("\r\n") + "\r\n";
}

/** Has the browser save a text as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
