/**
 * The newest leads, kept current by the live socket.
 *
 * Lives here: loading, the merge of live events, loading again after a gap or an unknown row.
 * Invariants: an event that arrives while a page is on its way is applied on top of it; one load runs
 * at a time; at most a page of rows is kept (A9).
 */
import { Backoff } from "./backoff";
import { request } from "./http";
import type { Live } from "./live";
import { rowAfter } from "./rows";
import type { Lead, LeadEvent, LeadPage } from "./wire";

/** Events kept while a page is loading; more than this asks for the page again. */
const MOST_KEPT = 500;

export interface InboxOptions {
  url?: string;
  /** Loads the newest leads; by default with the cookie of the page. */
  load?(): Promise<LeadPage>;
  onLeads(leads: Lead[]): void;
}

/** Keeps the list for as long as the socket runs; starts the socket when the first page is there. */
export function keepInbox(live: Live, { url = "", load, onLeads }: InboxOptions): void {
  const read = load ?? (() => request<LeadPage>(`${url}/v1/leads?page=1&per_page=100`));
  const backoff = new Backoff();
  let page: LeadPage | null = null;
  let kept: LeadEvent[] = [];
  let loading = false;
  let again = false;

  const apply = (frame: LeadEvent): void => {
    if (!page || frame.seq <= page.seq) return;
    const at = page.leads.findIndex((row) => row.session_id === frame.session_id);
    const row = rowAfter(page.leads[at], frame);
    if (!row) return refresh();
    const leads = page.leads.slice();
    if (at < 0) {
      leads.unshift(row);
      leads.length = Math.min(leads.length, page.per_page);
    } else leads[at] = row;
    page = { ...page, leads, seq: frame.seq };
  };
  const refresh = (): void => {
    again = true;
    if (loading) return;
    loading = true;
    void (async () => {
      while (again) {
        again = false;
        kept = [];
        try {
          page = await read();
          backoff.reset();
          live.adopt(page);
          kept.forEach(apply);
          onLeads(page.leads);
          live.start();
        } catch {
          again = true;
          await new Promise((done) => setTimeout(done, backoff.next()));
        }
      }
      loading = false;
    })();
  };
  live.on("gap", refresh);
  live.on("event", (frame) => {
    if (loading) {
      if (kept.push(frame) > MOST_KEPT) again = true;
      return;
    }
    apply(frame);
    if (page) onLeads(page.leads);
  });
  refresh();
}
