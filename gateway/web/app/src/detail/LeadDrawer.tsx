/**
 * One lead beside the list: who it is, how the promise went, the conversation, the records.
 * Loaded when the first lead is opened, so that the list comes up light.
 */
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Tabs.css";
import "@mantine/core/styles/Tooltip.css";
import "./detail.css";
import { Button, Tabs } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { ProblemError } from "../../../sdk/http";
import type { Lead, Me } from "../../../sdk/wire";
import { SideDrawer } from "../frame/SideDrawer";
import { useMedia, useStable } from "../hooks";
import { Icon } from "../icons";
import { formatExact, useLocale } from "../i18n";
import { HumanBadge, LanguageMark, RepeatMark, SourceMark, StatusBadge } from "../leads/badges";
import { PromiseClock } from "../leads/PromiseClock";
import type { Leads } from "../leads/useLeads";
import { useNow, usePresence } from "../live/store";
import { Call } from "./Call";
import { Conversation, ConversationLoading } from "./Conversation";
import { Assign, Faces } from "./People";
import { Grounds } from "./Grounds";
import { Deliveries, Timeline } from "./Records";
import { type Detail, useDetail } from "./useDetail";

interface LeadDrawerProps {
  leadId: string;
  me: Me;
  leads: Leads;
  onClose(): void;
  /** To the lead after (1) or before (-1) this one. */
  onStep(step: number): void;
  onUnauthorised(): void;
}

export default function LeadDrawer({ leadId, me, leads, onClose, onStep, onUnauthorised }: LeadDrawerProps) {
  const { t } = useLocale();
  const phone = useMedia("(max-width: 48em)");
  const detail = useDetail(leadId, leads, onUnauthorised);
  const lead = detail.data?.lead ?? leads.page?.leads.find((row) => row.lead_id === leadId) ?? null;
  const zone = me.tenant.zone;
  const now = leads.clock.now();
  const title = lead ? lead.name || lead.email || t.nameless : "";
  const presence = usePresence(leads.now, lead?.session_id);
  const members = useNow(leads.now, (store) => store.members);
  useDrawerKeys(detail, onStep, onClose);
  return (
    <SideDrawer
      title={title}
      close={t.detail.close}
      onClose={onClose}
      ownEscape
      beside={<Faces presence={presence} me={me.member_id} />}
      head={
        lead && (
          <Facts lead={lead} zone={zone} leads={leads} phone={phone}>
            {detail.data && lead.session_status !== "closed" && (
              <Assign
                assignee={lead.assignee}
                members={members}
                me={me}
                disabled={detail.acting || leads.live !== "live"}
                onAssign={(id) => void detail.assign(id)}
              />
            )}
            {detail.data && lead.session_status !== "closed" && (
              <Call lead={lead} zone={zone} me={me} members={members} reload={detail.reload} onUnauthorised={onUnauthorised} />
            )}
          </Facts>
        )
      }
    >
      {detail.error && !detail.data ? (
        <div className="middle" role="alert">
          <p>{detail.error instanceof ProblemError && detail.error.status === 404 ? t.detail.gone : t.error.text}</p>
          <Button onClick={detail.reload}>{t.error.retry}</Button>
        </div>
      ) : !detail.data ? (
        <ConversationLoading />
      ) : (
        <Tabs defaultValue="conversation" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="conversation">{t.detail.conversation}</Tabs.Tab>
            <Tabs.Tab value="timeline">{t.detail.timeline}</Tabs.Tab>
            <Tabs.Tab value="deliveries">{t.detail.deliveries}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="conversation">
            <Conversation detail={detail} leads={leads} me={me} zone={zone} now={now} />
          </Tabs.Panel>
          <Tabs.Panel value="timeline" className="records">
            <Grounds sessionId={detail.data.lead.session_id} upTo={detail.data.messages.length} zone={zone} now={now} />
            <Timeline events={detail.data.events} zone={zone} now={now} />
          </Tabs.Panel>
          <Tabs.Panel value="deliveries" className="records">
            <Deliveries deliveries={detail.data.deliveries} zone={zone} now={now} />
          </Tabs.Panel>
        </Tabs>
      )}
    </SideDrawer>
  );
}

/** `j` and `k` go on to the next lead, `r` to the field, `t` takes over or gives back, Escape closes. */
function useDrawerKeys(detail: Detail, onStep: (step: number) => void, onClose: () => void): void {
  const press = useStable((event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || target.closest("dialog")) return;
    if (event.key === "Escape") {
      // From the field back to the conversation first: half a message is not closed away.
      if (target.closest("textarea")?.value) document.querySelector<HTMLElement>("[data-transcript]")?.focus();
      else onClose();
    }
    if (target.closest("input, select, textarea")) return;
    if (event.key === "j" || event.key === "k") onStep(event.key === "j" ? 1 : -1);
    else if (event.key === "r") {
      event.preventDefault();
      document.querySelector<HTMLElement>("[data-reply]")?.focus();
    } else if (event.key === "t" && !detail.acting) document.querySelector<HTMLElement>("[data-turn]")?.click();
  });
  useEffect(() => {
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [press]);
}

/** Only a web address becomes a link: what a customer's page sent is not trusted. */
function webAddress(text: string | null | undefined): URL | null {
  try {
    const url = new URL(text ?? "");
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

interface FactsProps {
  lead: Lead;
  zone: string;
  leads: Leads;
  phone: boolean;
  /** Whose it is, to be chosen. */
  children: ReactNode;
}

function Facts({ lead, zone, leads, phone, children }: FactsProps) {
  const { lang, t } = useLocale();
  const url = webAddress(lead.source_url);
  const facts = (
    <dl>
      {lead.vehicle_interest && (
        <div>
          <dt>{t.detail.vehicle}</dt>
          <dd dir="auto">{lead.vehicle_interest}</dd>
        </div>
      )}
      <div>
        <dt>{t.detail.captured}</dt>
        <dd>
          <time dateTime={lead.created_at}>{formatExact(lead.created_at, lang, zone)}</time>
        </dd>
      </div>
      {url && (
        <div>
          <dt>{t.detail.page}</dt>
          <dd className="cut">
            <a href={url.href} target="_blank" rel="noopener noreferrer" dir="ltr">
              {url.host + url.pathname}
            </a>
          </dd>
        </div>
      )}
    </dl>
  );
  return (
    <>
      <p className="contacts">
        {lead.email && (
          <a href={`mailto:${lead.email}`} dir="ltr">
            {lead.email}
          </a>
        )}
        {lead.phone && (
          <a href={`tel:${lead.phone.replace(/[^\d+]/g, "")}`} dir="ltr">
            {lead.phone}
          </a>
        )}
      </p>
      <div className="marks">
        <StatusBadge lead={lead} />
        <SourceMark lead={lead} />
        <LanguageMark lead={lead} />
        <RepeatMark lead={lead} />
        {lead.needs_human && <HumanBadge lead={lead} />}
        {!phone && children}
      </div>
      {phone ? (
        <details>
          <summary>{t.detail.more}</summary>
          {facts}
          {children}
          <PromiseClock promise={lead.promise} clock={leads.clock} large />
        </details>
      ) : (
        facts
      )}
      {lead.human_reason && lead.needs_human && (
        <p className="reason">
          <Icon name="alert" />
          <span>{t.reason[lead.human_reason] ?? lead.human_reason}</span>
        </p>
      )}
      {!phone && <PromiseClock promise={lead.promise} clock={leads.clock} large />}
    </>
  );
}
