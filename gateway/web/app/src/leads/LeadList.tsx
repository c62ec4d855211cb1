/**
 * The rows: a table on a desk, cards on a phone. The link with the customer's name is the one stop
 * of the keyboard in a row; a click anywhere else does the same.
 */
import type { MouseEvent } from "react";
import type { Lead } from "../../../sdk/wire";
import { useMedia } from "../hooks";
import { formatExact, formatTime, useLocale } from "../i18n";
import { Hands, Who } from "../live/Who";
import type { NowStore } from "../live/store";
import type { ServerClock } from "../promise";
import { CallMark, LanguageMark, RepeatMark, SourceMark, StatusBadge } from "./badges";
import { PromiseClock } from "./PromiseClock";

export interface LeadListProps {
  leads: Lead[];
  fresh: ReadonlySet<string>;
  selected: string | null;
  zone: string;
  clock: ServerClock;
  stale: boolean;
  now: NowStore;
  me: string;
  hrefOf(lead: Lead): string;
  onOpen(lead: Lead): void;
}

export function LeadList(props: LeadListProps) {
  const { t } = useLocale();
  const wide = useMedia("(min-width: 62em)");
  const open = (lead: Lead) => (event: MouseEvent) => {
    // With a modifier the link opens a new tab, as every link does.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    if (String(getSelection() ?? "")) return;
    event.preventDefault();
    props.onOpen(lead);
  };
  const row = (lead: Lead) => ({
    "data-lead": lead.lead_id,
    "data-fresh": props.fresh.has(lead.lead_id) || undefined,
    "data-selected": props.selected === lead.lead_id || undefined,
    "data-human": lead.needs_human || undefined,
    onClick: open(lead),
  });
  const name = (lead: Lead) => (
    <a className="name" dir="auto" href={props.hrefOf(lead)} data-stop onClick={(event) => (open(lead)(event), event.stopPropagation())}>
      <bdi>{lead.name || lead.email || lead.phone || t.nameless}</bdi>
    </a>
  );
  const clock = (lead: Lead) => <PromiseClock promise={lead.promise} clock={props.clock} />;
  const time = (lead: Lead) => <When at={lead.created_at} zone={props.zone} clock={props.clock} />;

  if (!wide) {
    return (
      <ul className="cards" aria-busy={props.stale}>
        {props.leads.map((lead) => (
          <li key={lead.lead_id} {...row(lead)}>
            <div className="line">
              {name(lead)}
              {time(lead)}
            </div>
            <About lead={lead} />
            <div className="line">
              {clock(lead)}
              <StatusBadge lead={lead} />
            </div>
            <div className="marks">
              <SourceMark lead={lead} />
              <LanguageMark lead={lead} />
              <RepeatMark lead={lead} />
              <Hands lead={lead} now={props.now} me={props.me} />
              <CallMark lead={lead} zone={props.zone} />
              <Who lead={lead} now={props.now} me={props.me} />
            </div>
          </li>
        ))}
      </ul>
    );
  }
  const { column } = t;
  return (
    <table className="rows" aria-busy={props.stale}>
      <thead>
        <tr>
          <th scope="col">{column.promise}</th>
          <th scope="col">{column.customer}</th>
          <th scope="col">{column.about}</th>
          <th scope="col">{column.source}</th>
          <th scope="col">{column.status}</th>
          <th scope="col" className="end">
            {column.time}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.leads.map((lead) => (
          <tr key={lead.lead_id} {...row(lead)}>
            <td>{clock(lead)}</td>
            <td>
              <div className="who">
                {name(lead)}
                <RepeatMark lead={lead} />
                <Who lead={lead} now={props.now} me={props.me} />
              </div>
              <div className="who">
                {!lead.needs_human && lead.session_status !== "with_human" && lead.name && (
                  <div className="muted cut" dir="ltr">
                    {lead.email}
                  </div>
                )}
                <Hands lead={lead} now={props.now} me={props.me} />
                <CallMark lead={lead} zone={props.zone} />
              </div>
            </td>
            <td>
              <About lead={lead} />
            </td>
            <td>
              <div className="marks">
                <SourceMark lead={lead} />
                <LanguageMark lead={lead} />
              </div>
            </td>
            <td>
              <StatusBadge lead={lead} />
            </td>
            <td className="end">{time(lead)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function About({ lead }: { lead: Lead }) {
  return (
    <div className="about">
      {lead.vehicle_interest && (
        <b className="cut" dir="auto">
          {lead.vehicle_interest}
        </b>
      )}
      <p className={lead.vehicle_interest ? "cut" : "cut two"} dir="auto" lang={lead.language}>
        {lead.excerpt}
      </p>
    </div>
  );
}

function When({ at, zone, clock }: { at: string; zone: string; clock: ServerClock }) {
  const { lang } = useLocale();
  return (
    <time dateTime={at} title={formatExact(at, lang, zone)} className="when">
      {formatTime(at, lang, zone, clock.now())}
    </time>
  );
}
