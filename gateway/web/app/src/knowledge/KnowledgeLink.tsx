/**
 * The way to what the assistant knows.
 */
import { ActionIcon } from "@mantine/core";
import { Icon } from "../icons";
import { type Lang, useLocale } from "../i18n";

const LABELS: Record<Lang, string> = {
  nb: "Hva assistenten vet",
  en: "What the assistant knows",
  fr: "Ce que sait l’assistant",
  ar: "ما يعرفه المساعد",
};

export function KnowledgeLink() {
  const { lang } = useLocale();
  return (
    <ActionIcon component="a" href="/app/knowledge" variant="subtle" color="gray" size={40} aria-label={LABELS[lang]} title={LABELS[lang]}>
      <Icon name="book" size={20} />
    </ActionIcon>
  );
}
