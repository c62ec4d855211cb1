/**
 * The rows of the list under live events.
 *
 * Lives here: the pure step from one page to the next. Nothing moves under the reader's hand: a
 * known row is renewed in place, a new one enters on top of the first page only; on any other page
 * it is counted, not shown.
 */
import type { LeadEvent, LeadPage } from "../../../sdk/wire";
import { type LeadQuery, matches } from "./query";

export interface RowStep {
  page: LeadPage;
  /** The lead that entered the list, to be shown as new. */
  entered: string | null;
  /** A lead that belongs above what is shown. */
  above: number;
}

export function applyEvent(page: LeadPage, query: LeadQuery, zone: string, frame: LeadEvent): RowStep {
  const { lead } = frame;
  const known = page.leads.findIndex((row) => row.lead_id === lead.lead_id);
  if (known >= 0) {
    const leads = page.leads.slice();
    leads[known] = lead;
    return { page: { ...page, leads }, entered: null, above: 0 };
  }
  if (frame.event !== "lead.captured" || !matches(lead, query, zone)) return { page, entered: null, above: 0 };
  const total = page.total + 1;
  const pages = Math.max(1, Math.ceil(total / page.per_page));
  if (page.page > 1) return { page: { ...page, total, pages }, entered: null, above: 1 };
  const leads = [lead, ...page.leads].slice(0, page.per_page);
  return { page: { ...page, leads, total, pages }, entered: lead.lead_id, above: 0 };
}
