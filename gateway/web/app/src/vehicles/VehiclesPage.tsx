/**
 * The stock: search and filters, the rows, one vehicle beside them; adding, importing, exporting. Everybody
 * reads, owners and managers change.
 */
import { Button } from "@mantine/core";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import type { Me, VehiclePage } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { useActs } from "../frame/useActs";
import { useListKeys, useSearch, useStable } from "../hooks";
import { Icon } from "../icons";
import { fill, formatNumber, useLocale } from "../i18n";
import { Pager } from "../leads/Pager";
import { ListError, ListSkeleton } from "../leads/states";
import { refusal, vehicles } from "./calls";
import { Filters } from "./Filters";
import { Import } from "./Import";
import { ALL, isFiltered, parseQuery, PER_PAGE, printQuery, toApi, type VehicleQuery } from "./query";
import { TEXTS } from "./texts";
import { VehicleList } from "./VehicleList";
import "./vehicles.css";

const VehicleDrawer = lazy(() => import("./VehicleDrawer"));

/** Something that was done, and how it is taken back. */
export interface Note {
  text: string;
  undo?: () => Promise<Note | void>;
}

export default function VehiclesPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [search, setSearch] = useSearch();
  const text = search.toString();
  const query = useMemo(() => parseQuery(new URLSearchParams(text)), [text]);
  const selected = search.get("vehicle");
  const [importing, setImporting] = useState(false);
  const list = useList(toApi(query));
  const { error, note, act, tell } = useActs<Note>({ refusal: (failed) => refusal(failed, t), onLoggedOut });
  const may = me.role !== "seller";
  const { page } = list;

  const go = useStable((next: VehicleQuery) => {
    tell("");
    setSearch(printQuery(next), next.q !== query.q);
    if (next.page !== query.page) scrollTo({ top: 0 });
  });
  const withVehicle = (vehicle: string | null) => {
    const next = printQuery(query);
    if (vehicle) next.set("vehicle", vehicle);
    return next;
  };
  const open = useStable((vehicle: string) => setSearch(withVehicle(vehicle), selected !== null));
  const close = useStable(() => {
    const was = selected;
    setSearch(withVehicle(null));
    const back = was === "new" ? ".veh-add" : `[data-vehicle="${was}"] [data-stop]`;
    requestAnimationFrame(() => document.querySelector<HTMLElement>(back)?.focus());
  });
  useListKeys(selected === null, "[data-vehicle]");

  return (
    <SubPage
      me={me}
      title={t.title}
      className="veh"
      error={error}
      note={
        note && (
          <>
            {note.text}
            {note.undo && (
              <Button size="compact-sm" variant="subtle" onClick={() => void act(note.undo!).then(list.reload)}>
                {t.undo}
              </Button>
            )}
          </>
        )
      }
      actions={
        <>
          {page && <span className="muted total">{fill(t.total, { n: formatNumber(page.total, lang) })}</span>}
          {may && (
            <div className="veh-do">
              <Button variant="default" aria-expanded={importing} onClick={() => setImporting(!importing)}>
                {t.import}
              </Button>
              <Button variant="default" component="a" href="/v1/vehicles.csv" download leftSection={<Icon name="download" />}>
                {t.export}
              </Button>
              <Button className="veh-add" onClick={() => open("new")}>
                {t.add}
              </Button>
            </div>
          )}
        </>
      }
    >
      {importing && (
        <Import
          act={act}
          onDone={() => {
            setImporting(false);
            list.reload();
          }}
          onClose={() => setImporting(false)}
        />
      )}
      <Filters query={query} onChange={go} />
      <section className="sheet" aria-label={t.title}>
        {list.error && !page ? (
          <ListError error={list.error} onRetry={list.reload} busy={list.loading} />
        ) : !page ? (
          <ListSkeleton />
        ) : page.vehicles.length === 0 ? (
          <Empty filtered={isFiltered(query) || query.page > 1} onClear={() => go(ALL)} />
        ) : (
          <VehicleList
            vehicles={page.vehicles}
            selected={selected}
            stale={list.loading}
            hrefOf={(vehicle) => `?${withVehicle(vehicle.vehicle_id)}`}
            onOpen={(vehicle) => open(vehicle.vehicle_id)}
          />
        )}
      </section>
      {!!list.error && page && <p className="note">{refusal(list.error, t)}</p>}
      {page && page.total > 0 && (
        <Pager
          page={{ page: query.page, per_page: PER_PAGE, pages: Math.ceil(page.total / PER_PAGE), total: page.total }}
          shown={page.vehicles.length}
          onPage={(n) => go({ ...query, page: n })}
        />
      )}
      <p className="muted small keys">{t.keys}</p>
      {selected && (
        <Suspense>
          <VehicleDrawer
            key={selected}
            id={selected}
            me={me}
            may={may}
            currency={page?.vehicles[0]?.currency ?? "NOK"}
            onDone={(done) => tell("", done)}
            onChanged={list.reload}
            onClose={close}
            onLoggedOut={onLoggedOut}
          />
        </Suspense>
      )}
    </SubPage>
  );
}

function Empty({ filtered, onClear }: { filtered: boolean; onClear(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  return (
    <div className="blank">
      <span className="disc">
        <Icon name={filtered ? "search" : "car"} size={30} />
      </span>
      <h2>{filtered ? t.noneFound : t.none}</h2>
      <p>{filtered ? t.noneFoundText : t.noneText}</p>
      {filtered && (
        <Button variant="light" onClick={onClear}>
          {t.clear}
        </Button>
      )}
    </div>
  );
}

interface List {
  page: VehiclePage | null;
  loading: boolean;
  error: unknown;
  reload(): void;
}

/** The page that a query asks for; an answer to an older query is dropped. */
function useList(query: string): List {
  const [page, setPage] = useState<VehiclePage | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setLoading(true);
    vehicles
      .list(query, stop.signal)
      .then(
        (found) => {
          setPage(found);
          setError(null);
        },
        (failed) => !stop.signal.aborted && setError(failed),
      )
      .finally(() => !stop.signal.aborted && setLoading(false));
    return () => stop.abort();
  }, [query, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { page, loading, error, reload };
}
