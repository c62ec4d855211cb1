/**
 * The way to the webhooks page, for who may go there.
 */
import { ActionIcon } from "@mantine/core";
import type { Me } from "../../../sdk/wire";
import { Icon } from "../icons";
import { type Lang, useLocale } from "../i18n";

const LABELS: Record<Lang, string> = { nb: "Webhooks", en: "Webhooks", fr: "Webhooks", ar: "خطاطيف الويب" };

export function WebhooksLink({ me }: { me: Me }) {
  const { lang } = useLocale();
  if (me.role === "seller") return null;
  return (
    <ActionIcon component="a" href="/app/webhooks" variant="subtle" color="gray" size={40} aria-label={LABELS[lang]} title={LABELS[lang]}>
      <Icon name="hook" size={20} />
    </ActionIcon>
  );
}
