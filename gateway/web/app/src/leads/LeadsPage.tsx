/**
 * The one screen of the dashboard: the live list, and the drawer of one lead beside it.
 */
import { ActionIcon } from "@mantine/core";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { LiveState } from "../../../sdk/live";
import type { Lead, Me } from "../../../sdk/wire";
import { api } from "../api";
import { HelpButton } from "../HelpButton";
import { useListKeys, useSearch, useStable } from "../hooks";
import { Icon, Mark } from "../icons";
import { count, fill, useLocale } from "../i18n";
import { AvailabilitySwitch } from "../live/AvailabilitySwitch";
import { initials } from "../live/Face";
import { Switches } from "../Switches";
import { PageLinks } from "../frame/PageLinks";
import { ExportButton } from "./ExportButton";
import { Filters } from "./Filters";
import { LeadList } from "./LeadList";
import { Pager } from "./Pager";
import { isFiltered, type LeadQuery, NO_FILTER, parseQuery, printQuery } from "./query";
import { EmptyList, ListError, ListSkeleton } from "./states";
import { type Leads, useLeads } from "./useLeads";

const LeadDrawer = lazy(() => import("../detail/LeadDrawer"));

/** A short drop is no news; the banner shows when it lasts. */
const BANNER_AFTER_MS = 1500;

export function LeadsPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang, t } = useLocale();
  const [search, setSearch] = useSearch();
  const text = search.toString();
  const query = useMemo(() => parseQuery(text), [text]);
  const selected = search.get("lead");
  const leads = useLeads(me, query, onLoggedOut);
  const [note, setNote] = useState("");
  const { page } = leads;
  const zone = me.tenant.zone;

  const go = useStable((next: LeadQuery) => {
    setNote("");
    const onlyWords = next.q !== query.q;
    setSearch(new URLSearchParams(printQuery(next)), onlyWords);
    if (next.page !== query.page) scrollTo({ top: 0 });
  });
  const withLead = (lead: string | null) => {
    const next = new URLSearchParams(printQuery(query));
    if (lead) next.set("lead", lead);
    return next;
  };
  const open = useStable((lead: Lead) => setSearch(withLead(lead.lead_id), selected !== null));
  const close = useStable(() => {
    const was = selected;
    setSearch(withLead(null));
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-lead="${was}"] [data-stop]`)?.focus());
  });
  const step = useStable((by: number) => {
    const at = page?.leads.findIndex((lead) => lead.lead_id === selected) ?? -1;
    const next = page?.leads[at + by];
    if (at >= 0 && next) open(next);
  });
  useListKeys(selected === null, "[data-lead]");

  const waiting = page?.leads.filter((lead) => lead.promise.state === "waiting").length ?? 0;
  const human = page?.leads.filter((lead) => lead.needs_human).length ?? 0;
  const due = page?.leads.filter((lead) => lead.human_reason === "callback_due").length ?? 0;
  useEffect(() => {
    document.title = `${waiting + due ? `(${waiting + due}) ` : ""}${t.title} – ${me.tenant.name}`;
  }, [waiting, due, t, me.tenant.name]);

  /** Brings the first lead that `wanted` names under the reader's finger. */
  const jump = (wanted: (lead: Lead) => boolean) => {
    const first = page?.leads.find(wanted);
    if (first) document.querySelector<HTMLElement>(`[data-lead="${first.lead_id}"] [data-stop]`)?.focus();
  };
  const arrivedName = leads.arrived?.lead?.name || leads.arrived?.lead?.email || t.nameless;

  return (
    <>
      <a className="skip" href="#list">
        {t.skip}
      </a>
      <Top me={me} leads={leads} onLoggedOut={onLoggedOut} />
      {/* Before the first page there is nothing to be behind of. */}
      {page && <Banner live={leads.live} queued={leads.queued} />}
      <main className="page">
        <div className="head">
          <h1>{t.title}</h1>
          {page && <span className="muted total">{count(t.found, page.total, lang)}</span>}
          <div className="attention">
            {waiting > 0 && (
              <button type="button" className="chip" onClick={() => jump((lead) => lead.promise.state === "waiting")}>
                <i className="pulse" />
                {fill(t.attention.waiting, { n: waiting })}
              </button>
            )}
            {due > 0 && (
              <button type="button" className="chip hot" onClick={() => jump((lead) => lead.human_reason === "callback_due")}>
                <Icon name="phone" size={16} />
                {fill(t.attention.call, { n: due })}
              </button>
            )}
            {human > 0 && (
              <button type="button" className="chip hot" onClick={() => jump((lead) => lead.needs_human)}>
                <Icon name="person" size={16} />
                {fill(t.attention.human, { n: human })}
              </button>
            )}
          </div>
          <ExportButton query={query} zone={zone} me={me.member_id} disabled={!page?.total} onNote={setNote} />
        </div>
        <Filters query={query} onChange={go} />
        <div role="status">{note && <p className="note">{note}</p>}</div>
        <section id="list" className="sheet" aria-label={t.title} tabIndex={-1}>
          {leads.above > 0 && (
            <button type="button" className="above" onClick={() => go({ ...query, page: 1 })}>
              <Icon name="arrowUp" size={16} />
              {count(t.fresh, leads.above, lang)}
            </button>
          )}
          {leads.error && !page ? (
            <ListError error={leads.error} onRetry={leads.reload} busy={leads.loading} />
          ) : !page ? (
            <ListSkeleton />
          ) : page.leads.length === 0 ? (
            <EmptyList
              filtered={isFiltered(query) || query.page > 1}
              demo={`/demo/${me.tenant.slug}?lang=${lang}`}
              onClear={() => go(NO_FILTER)}
            />
          ) : (
            <LeadList
              leads={page.leads}
              fresh={leads.fresh}
              selected={selected}
              zone={zone}
              clock={leads.clock}
              stale={leads.loading}
              now={leads.now}
              me={me.member_id}
              hrefOf={(lead) => `?${withLead(lead.lead_id)}`}
              onOpen={open}
            />
          )}
        </section>
        {!!leads.error && page && (
          <p className="note" role="alert">
            {t.error.title}.{" "}
            <button type="button" className="link" onClick={leads.reload}>
              {t.error.retry}
            </button>
          </p>
        )}
        {page && page.total > 0 && <Pager page={page} shown={page.leads.length} onPage={(n) => go({ ...query, page: n })} />}
        <p className="muted small keys">{t.keys}</p>
      </main>
      <div className="sr" role="status">
        {leads.arrived && fill(t.announce, { name: arrivedName })}
        {due > 0 && ` ${fill(t.attention.call, { n: due })}`}
      </div>
      {selected && (
        <Suspense>
          <LeadDrawer key={selected} leadId={selected} me={me} leads={leads} onClose={close} onStep={step} onUnauthorised={onLoggedOut} />
        </Suspense>
      )}
    </>
  );
}

function Top({ me, leads, onLoggedOut }: { me: Me; leads: Leads; onLoggedOut(): void }) {
  const { t } = useLocale();
  const { live } = leads;
  return (
    <header className="top">
      <a className="brand" href="/app/">
        <Mark />
        <span>{me.tenant.name}</span>
      </a>
      <span className="live" data-live={live} role="status">
        <i />
        <span>{t.live[live]}</span>
      </span>
      <div className="tools">
        <PageLinks me={me} />
        <AvailabilitySwitch leads={leads} me={me.member_id} />
        <HelpButton />
        <Switches />
        <span className="me" title={`${me.name} · ${me.email}`}>
          <span aria-hidden="true">{initials(me.name)}</span>
          <span className="sr">{me.name}</span>
        </span>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={40}
          aria-label={t.logout}
          title={t.logout}
          onClick={() => void api.logout().finally(onLoggedOut)}
        >
          <Icon name="logout" size={20} />
        </ActionIcon>
      </div>
    </header>
  );
}

function Banner({ live, queued }: { live: LiveState; queued: number }) {
  const { lang, t } = useLocale();
  const [long, setLong] = useState(false);
  const down = live !== "live";
  useEffect(() => {
    if (!down) return setLong(false);
    const timer = setTimeout(() => setLong(true), BANNER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [down]);
  const offline = live === "offline";
  return (
    <div role="status">
      {(long || offline) && (
        <p className="banner">
          <Icon name="alert" />
          <span>
            {t.banner[offline ? "offline" : "waiting"]} {queued > 0 && <b>{count(t.queued, queued, lang)}</b>}
          </span>
        </p>
      )}
    </div>
  );
}
