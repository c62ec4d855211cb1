/**
 * The rows of the list under live events.
 *
 * Lives here: the pure step from one page to the next. Nothing moves under the reader's hand: a
 * known row is renewed in place, a new one enters on top of the first page only; on any other page
 * it is counted, not shown.
 */
import { rowAfter } from "../../../sdk/rows";
import type { LeadEvent, LeadPage } from "../../../sdk/wire";
import { isFiltered, type LeadQuery, matches } from "./query";

export interface RowStep {
  page: LeadPage;
  /** The lead that entered the list, to be shown as new. */
  entered: string | null;
  /** A lead that belongs above what is shown. */
  above: number;
  /** A row is missing that belongs on this page: only a read can tell. */
  missing: boolean;
}

export function applyEvent(page: LeadPage, query: LeadQuery, zone: string, frame: LeadEvent, me: string): RowStep {
  const still = { page, entered: null, above: 0, missing: false };
  const whole = frame.lead;
  const known = page.leads.findIndex((row) => (whole ? row.lead_id === whole.lead_id : row.session_id === frame.session_id));
  const lead = rowAfter(page.leads[known], frame);
  // Unknown, and only its changes are told: it is on another page, unless this one holds them all.
  if (!lead) return { ...still, missing: page.total < page.per_page && !isFiltered(query) && query.page === 1 };
  if (known >= 0) {
    const leads = page.leads.slice();
    leads[known] = lead;
    return { ...still, page: { ...page, leads } };
  }
  if (frame.event !== "lead.captured" || !matches(lead, query, zone, me)) return still;
  const total = page.total + 1;
  const pages = Math.max(1, Math.ceil(total / page.per_page));
  if (page.page > 1) return { ...still, page: { ...page, total, pages }, above: 1 };
  const leads = [lead, ...page.leads].slice(0, page.per_page);
  return { ...still, page: { ...page, leads, total, pages }, entered: lead.lead_id };
}
