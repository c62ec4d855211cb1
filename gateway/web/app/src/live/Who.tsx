/**
 * Who is at a lead, in its row: whose it is, who looks, who writes.
 */
import type { Lead } from "../../../sdk/wire";
import { fill, useLocale } from "../i18n";
import { HumanBadge } from "../leads/badges";
import { Face } from "./Face";
import { type NowStore, useNow, usePresence } from "./store";

/** How many faces fit into a row. */
const MOST_FACES = 3;

export function Who({ lead, now, me }: { lead: Lead; now: NowStore; me: string }) {
  const { t } = useLocale();
  const presence = usePresence(now, lead.session_id);
  if (!presence) return null;
  const viewers = presence.viewers.filter((one) => one.member_id !== me).slice(0, MOST_FACES);
  const composing = presence.assistant === "composing";
  const dot = presence.customer_typing ? t.presence.customerTyping : presence.customer_online ? t.presence.customer : "";
  if (!viewers.length && !dot && !composing) return null;
  return (
    <span className="who-marks">
      {dot && <i className="here" data-typing={presence.customer_typing || undefined} role="img" aria-label={dot} title={dot} />}
      {composing && <i className="here assistant" data-typing role="img" aria-label={t.presence.assistant} title={t.presence.assistant} />}
      {viewers.map((one) => {
        const label = fill(one.typing ? t.presence.typing : t.presence.viewing, { name: one.name });
        return (
          <span key={one.member_id} role="img" aria-label={label} title={label}>
            <Face name={one.name} typing={one.typing} small />
          </span>
        );
      })}
    </span>
  );
}

/** Whether a person is needed or has it, and whose it is. */
export function Hands({ lead, now, me }: { lead: Lead; now: NowStore; me: string }) {
  const { t } = useLocale();
  const owner = useNow(now, (store) => store.members.find((one) => one.member_id === lead.assignee)?.name);
  const name = lead.assignee === me ? t.presence.you : lead.assignee && owner;
  const told = !lead.needs_human && lead.session_status === "with_human";
  return (
    <>
      <HumanBadge lead={lead} name={name} />
      {name && !told && (
        <span className="owner" title={fill(t.presence.assigned, { name })}>
          {name}
        </span>
      )}
    </>
  );
}
