/**
 * The report of the assistant's replies, by prompt and model, for owners and managers.
 *
 * Days, filters and order stand in the address, so that a report can be sent to somebody.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { Me, ReplyFigures, ReplyReport } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { useSearch, useStable } from "../hooks";
import { Icon } from "../icons";
import { fill, formatNumber, useLocale } from "../i18n";
import { saveFile } from "../leads/csv";
import { ListSkeleton } from "../leads/states";
import { NUMBERS, type Numbered, parseReport, percent, readReport, refusal, SHARE_OF, shown, toApi, toFile, total, values } from "./report";
import { TEXTS } from "./texts";
import "./replies.css";

export default function RepliesPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const zone = me.tenant.zone;
  const [search, setSearch] = useSearch();
  const query = parseReport(search);
  const asked = toApi(query, zone);
  const [report, setReport] = useState<ReplyReport | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  const loggedOut = useStable(onLoggedOut);

  useEffect(() => {
    const stop = new AbortController();
    readReport(asked, stop.signal).then(
      (found) => {
        setReport(found);
        setFailed(null);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (error instanceof ProblemError && error.status === 401) loggedOut();
        setFailed(error);
      },
    );
    return () => stop.abort();
  }, [asked, tries, loggedOut]);

  const set = (changes: Record<string, string>) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    setSearch(next, true);
  };
  const { prompt, model, sort } = query;
  const rows = useMemo(() => shown(report?.rows ?? [], { from: "", to: "", prompt, model, sort }), [report, prompt, model, sort]);
  const narrowed = !!(query.from || query.to || prompt || model);

  return (
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="replies"
      error={failed && report ? refusal(failed, t) : ""}
      note=""
      actions={
        <Button
          variant="default"
          leftSection={<Icon name="download" />}
          disabled={!rows.length}
          onClick={() => saveFile(`replies-${new Date().toISOString().slice(0, 10)}.csv`, toFile(rows, lang))}
        >
          {t.export}
        </Button>
      }
    >
      <div className="replies-filters">
        {(["from", "to"] as const).map((end) => (
          <TextInput
            key={end}
            type="date"
            label={t[end]}
            value={query[end]}
            onChange={(event) => set({ [end]: event.currentTarget.value })}
          />
        ))}
        {(["prompt", "model"] as const).map((of) => (
          <NativeSelect
            key={of}
            label={t[of]}
            value={query[of]}
            onChange={(event) => set({ [of]: event.currentTarget.value })}
            data={[{ value: "", label: t.all }, ...values(report?.rows ?? [], of, query[of])]}
          />
        ))}
        {narrowed && (
          <Button variant="subtle" onClick={() => set({ from: "", to: "", prompt: "", model: "" })}>
            {t.clear}
          </Button>
        )}
      </div>
      {!report && failed ? (
        <div className="blank" role="alert">
          <h2>{t.failed}</h2>
          <p>{refusal(failed, t)}</p>
          <Button onClick={() => setTries(tries + 1)}>{t.again}</Button>
        </div>
      ) : !report ? (
        <ListSkeleton />
      ) : !rows.length ? (
        <div className="blank">
          <h2>{report.rows.length ? t.noneFiltered : t.none}</h2>
          <p>{t.noneHint}</p>
        </div>
      ) : (
        <Figures rows={rows} sort={query.sort} onSort={(sort) => set({ sort: sort === "replies" ? "" : sort })} />
      )}
    </SubPage>
  );
}

function Figures({ rows, sort, onSort }: { rows: ReplyFigures[]; sort: Numbered; onSort(sort: Numbered): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const sums = total(rows);
  const cell = (row: Partial<Record<Numbered, number | bigint>>, number: Numbered) => {
    const n = Number(row[number]);
    const of = SHARE_OF[number];
    const share = of ? percent(n, Number(row[of]), lang) : "";
    const plain = formatNumber(n, lang);
    return share ? fill(t.share, { n: plain, percent: share }) : plain;
  };
  return (
    <div className="sheet replies-sheet">
      <table className="replies-table" aria-label={t.table}>
        <thead>
          <tr>
            <th scope="col">{t.prompt}</th>
            <th scope="col">{t.model}</th>
            {NUMBERS.map((number) => (
              <th key={number} scope="col" aria-sort={sort === number ? "descending" : undefined}>
                <button type="button" onClick={() => onSort(number)}>
                  {t.columns[number]}
                  {sort === number && <Icon name="down" size={14} />}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.prompt} ${row.model}`}>
              <th scope="row">
                <bdi>{row.prompt}</bdi>
              </th>
              <td data-label={t.model}>
                <bdi>{row.model}</bdi>
              </td>
              {NUMBERS.map((number) => (
                <td key={number} data-label={t.columns[number]}>
                  <bdi>{cell(row, number)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {rows.length > 1 && (
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                {t.total}
              </th>
              {NUMBERS.map((number) => (
                <td key={number} data-label={sums[number] === undefined ? undefined : t.columns[number]}>
                  {sums[number] === undefined ? "" : <bdi>{cell(sums, number)}</bdi>}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
