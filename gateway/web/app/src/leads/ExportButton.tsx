/**
 * The current filter as a CSV file: all its pages, at most a thousand leads.
 */
import { Button } from "@mantine/core";
import { useState } from "react";
import type { Lead } from "../../../sdk/wire";
import { api } from "../api";
import { Icon } from "../icons";
import { fill, formatNumber, useLocale } from "../i18n";
import { MAX_EXPORT, saveFile, toCsv } from "./csv";
import { type LeadQuery, toApi } from "./query";

const PER_REQUEST = 100;

export function ExportButton({
  query,
  zone,
  me,
  disabled,
  onNote,
}: {
  query: LeadQuery;
  zone: string;
  me: string;
  disabled: boolean;
  onNote(note: string): void;
}) {
  const { lang, t } = useLocale();
  const [busy, setBusy] = useState(false);

  const run = async () => {
    setBusy(true);
    onNote("");
    try {
      // By id: while pages are fetched new leads push the older ones down, over the edge of a page.
      const rows = new Map<string, Lead>();
      let total = 0;
      for (let page = 1, pages = 1; page <= pages && rows.size < MAX_EXPORT; page += 1) {
        const part = await api.leads(toApi({ ...query, page }, zone, me, PER_REQUEST));
        part.leads.forEach((lead) => rows.set(lead.lead_id, lead));
        ({ total, pages } = part);
      }
      const leads = [...rows.values()].slice(0, MAX_EXPORT);
      saveFile(`leads-${new Date().toISOString().slice(0, 10)}.csv`, toCsv(leads, lang));
      if (total > leads.length && leads.length === MAX_EXPORT) {
        onNote(fill(t.export.cut, { n: formatNumber(leads.length, lang), total: formatNumber(total, lang) }));
      }
    } catch {
      onNote(t.export.failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button
      className="export"
      variant="default"
      aria-label={t.export.button}
      leftSection={<Icon name="download" />}
      loading={busy}
      disabled={disabled}
      onClick={() => void run()}
    >
      {t.export.button}
    </Button>
  );
}
