/**
 * The small marks of a lead: status, source, language, needs a person, repeats.
 */
import { Badge } from "@mantine/core";
import type { Lead } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatExact, useLocale } from "../i18n";

export function StatusBadge({ lead }: { lead: Lead }) {
  const { t } = useLocale();
  return (
    <span className="status" data-status={lead.status}>
      {t.status[lead.status] ?? lead.status}
    </span>
  );
}

export function SourceMark({ lead }: { lead: Lead }) {
  const { t } = useLocale();
  return (
    <span className="source">
      <Icon name={lead.source === "widget" ? "chat" : "globe"} size={16} />
      {t.source[lead.source] ?? lead.source}
    </span>
  );
}

/** Waiting for a person comes before being with one; `name` is who that is, when it is known. */
export function HumanBadge({ lead, name }: { lead: Lead; name?: string | undefined }) {
  const { t } = useLocale();
  if (lead.needs_human) {
    return (
      <Badge
        className="human"
        variant="filled"
        leftSection={<Icon name="person" size={14} />}
        title={(lead.human_reason && t.reason[lead.human_reason]) ?? ""}
      >
        {t.needsHuman}
      </Badge>
    );
  }
  if (lead.session_status === "with_human") {
    return (
      <Badge className="with-human" variant="light" leftSection={<Icon name="person" size={14} />}>
        {name ?? t.withHuman}
      </Badge>
    );
  }
  return null;
}

/** When somebody calls the customer; loud once it is time. */
export function CallMark({ lead, zone }: { lead: Lead; zone: string }) {
  const { lang, t } = useLocale();
  if (!lead.callback) return null;
  const due = lead.human_reason === "callback_due";
  return (
    <Badge className={due ? "human" : "with-human"} variant={due ? "filled" : "light"} leftSection={<Icon name="phone" size={14} />}>
      {due ? t.call.due : t.call.agreed} <time dateTime={lead.callback.at}>{formatExact(lead.callback.at, lang, zone)}</time>
    </Badge>
  );
}

export function LanguageMark({ lead }: { lead: Lead }) {
  const { lang } = useLocale();
  let name = lead.language;
  try {
    name = new Intl.DisplayNames(lang, { type: "language" }).of(lead.language) ?? name;
  } catch {
    // Not a language tag: shown as it came.
  }
  return (
    <abbr className="tongue" title={name}>
      {lead.language}
    </abbr>
  );
}

export function RepeatMark({ lead }: { lead: Lead }) {
  const { t } = useLocale();
  if (!(lead.repeats > 0)) return null;
  const label = fill(t.repeats, { n: lead.repeats + 1 });
  return (
    <span className="repeats" title={label} aria-label={label} role="img">
      ×{lead.repeats + 1}
    </span>
  );
}
