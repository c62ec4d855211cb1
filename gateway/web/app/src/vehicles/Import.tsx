/**
 * A spreadsheet in two steps: what it would do, with each row's mistakes; then doing it.
 */
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { ImportPreview, ImportRow } from "../../../sdk/wire";
import type { Acts } from "../frame/useActs";
import { fill, formatNumber, useLocale } from "../i18n";
import { fault, MAX_FILE_BYTES, refusal, vehicles } from "./calls";
import { Change } from "./History";
import { TEXTS } from "./texts";
import type { Note } from "./VehiclesPage";

interface Props {
  act: Acts<Note>["act"];
  onDone(): void;
  onClose(): void;
}

export function Import({ act, onDone, onClose }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [file, setFile] = useState<File | null>(null);
  const [preview, setPreview] = useState<ImportPreview | null>(null);
  const [why, setWhy] = useState("");
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  const look = async (chosen: File | null) => {
    setFile(chosen);
    setPreview(null);
    setWhy("");
    if (!chosen) return;
    if (chosen.size > MAX_FILE_BYTES) return setWhy(t.refused.large);
    setBusy(true);
    try {
      setPreview(await vehicles.preview(chosen));
    } catch (failed) {
      // The server says what it could not make out of the table, by name of the column.
      const detail = failed instanceof ProblemError && failed.code === "unreadable-file" ? failed.problem?.detail : "";
      setWhy([refusal(failed, t), detail].filter(Boolean).join(" "));
    }
    setBusy(false);
  };
  const commit = async () => {
    if (!preview || !file) return;
    setBusy(true);
    const done = await act(async () => {
      const { counts } = await vehicles.commit(preview.import_id);
      const n = { new: formatNumber(counts.new, lang), changed: formatNumber(counts.changed, lang) };
      return { text: fill(t.imported, n) };
    });
    setBusy(false);
    // The stock has changed since: the file is looked at again, and shows what it would do now.
    if (done) onDone();
    else await look(file);
  };
  const count = preview ? preview.counts.new + preview.counts.changed : 0;
  return (
    <section className="sheet veh-import" aria-labelledby="veh-import-title">
      <h2 id="veh-import-title" tabIndex={-1} ref={heading}>
        {t.import}
      </h2>
      <label className="veh-file">
        <span>{t.file}</span>
        <input
          type="file"
          name="file"
          accept=".csv,.txt,.tsv,text/csv,text/plain,text/tab-separated-values"
          onChange={(event) => void look(event.currentTarget.files?.[0] ?? null)}
        />
      </label>
      <p className="muted small">{t.fileHint}</p>
      <div role="alert">{why && <p className="note">{why}</p>}</div>
      {preview && (
        <>
          <p className="veh-counts" role="status">
            {(["new", "changed", "same", "bad"] as const).map((kind) => (
              <span key={kind} data-outcome={preview.counts[kind] ? kind : undefined}>
                {fill(t.counts[kind], { n: formatNumber(preview.counts[kind], lang) })}
              </span>
            ))}
          </p>
          {preview.unknown_columns.length > 0 && (
            <p className="muted small">{fill(t.unknownColumns, { names: preview.unknown_columns.join(", ") })}</p>
          )}
          <ul className="veh-rows">
            {preview.rows.map((row) => (
              <Row key={row.line} row={row} />
            ))}
          </ul>
          {preview.left_out > 0 && <p className="muted small">{fill(t.leftOut, { n: formatNumber(preview.left_out, lang) })}</p>}
          {preview.counts.bad > 0 && <p className="small">{t.badStay}</p>}
          {count === 0 && <p>{t.commitNone}</p>}
        </>
      )}
      <div className="veh-acts">
        {count > 0 && (
          <Button loading={busy} onClick={() => void commit()}>
            {fill(t.commit, { n: formatNumber(count, lang) })}
          </Button>
        )}
        <Button variant="light" onClick={onClose}>
          {t.cancel}
        </Button>
      </div>
    </section>
  );
}

function Row({ row }: { row: ImportRow }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  return (
    <li data-outcome={row.outcome}>
      <span className="muted small">{fill(t.line, { n: row.line })}</span>
      <strong dir="auto">{row.title || t.unnamed}</strong>
      <span className="veh-status" data-outcome={row.outcome}>
        {t.outcome[row.outcome]}
      </span>
      {row.errors?.map((error, index) => (
        <span key={index} className="veh-fault small">
          {error.column && (
            <b>
              <bdi>{error.value ? fill(t.cell, { column: error.column, value: error.value }) : error.column}</bdi>
            </b>
          )}{" "}
          {fault(error.code, error.detail, t)}
        </span>
      ))}
      {row.changes?.map((change) => (
        <span key={change.field} className="small veh-fault">
          <Change change={change} t={t} lang={lang} />
        </span>
      ))}
    </li>
  );
}
