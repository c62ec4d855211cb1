/**
 * The way to the calendars page, for who may go there.
 */
import { ActionIcon } from "@mantine/core";
import type { Me } from "../../../sdk/wire";
import { Icon } from "../icons";
import { type Lang, useLocale } from "../i18n";

const LABELS: Record<Lang, string> = { nb: "Kalendere", en: "Calendars", fr: "Agendas", ar: "التقاويم" };

export function CalendarsLink({ me }: { me: Me }) {
  const { lang } = useLocale();
  if (me.role === "seller") return null;
  return (
    <ActionIcon component="a" href="/app/calendars" variant="subtle" color="gray" size={40} aria-label={LABELS[lang]} title={LABELS[lang]}>
      <Icon name="calendar" size={20} />
    </ActionIcon>
  );
}
