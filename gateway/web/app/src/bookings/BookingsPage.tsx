/**
 * Bookings: a week, a day or a list of them, the waiting list, and what keeps resources out of use.
 *
 * The view, its day and its filters stand in the address, so that a page can be sent to somebody.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { BookingStatus, BookingView, Me, ResourceView, ServiceTerms } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { useMedia, useSearch, useStable } from "../hooks";
import { Icon } from "../icons";
import { fill, useLocale } from "../i18n";
import { ListSkeleton } from "../leads/states";
import { Agenda, dayOf, timeOf } from "./Agenda";
import { Blocks } from "./Blocks";
import { BookingDetail } from "./BookingDetail";
import { bookings, type Wanted } from "./calls";
import { addDays, daysOf, span, wall } from "./days";
import { NewBooking } from "./NewBooking";
import { TEXTS } from "./texts";
import { useBookings } from "./useBookings";
import { Waits } from "./Waits";
import "./bookings.css";

const VIEWS = ["week", "day", "list", "waits", "blocks"] as const;
type View = (typeof VIEWS)[number];
const STATUSES: readonly BookingStatus[] = ["booked", "held", "no_show", "cancelled", "expired"];
/** What a calendar shows: what has a place in it. */
const IN_CALENDAR: readonly BookingStatus[] = ["booked", "held", "no_show"];

export default function BookingsPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const zone = me.tenant.zone;
  const [search, setSearch] = useSearch();
  const narrow = useMedia("(max-width: 48em)");
  const today = wall(Date.now(), zone).day;
  const view = VIEWS.find((one) => one === search.get("view")) ?? "week";
  const asked = search.get("day") ?? "";
  const day = /^\d{4}-\d{2}-\d{2}$/.test(asked) && Number.isFinite(Date.parse(asked)) ? asked : today;
  const [service, resource, status] = [search.get("service") ?? "", search.get("resource") ?? "", search.get("status") ?? ""];
  const opened = search.get("booking") ?? "";
  const [services, setServices] = useState<ServiceTerms[]>([]);
  const [resources, setResources] = useState<ResourceView[]>([]);
  const [adding, setAdding] = useState(false);

  const set = useCallback(
    (changes: Record<string, string>, replace = false) => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(changes)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      setSearch(next, replace);
    },
    [setSearch],
  );
  useEffect(() => {
    bookings.services().then(
      (found) => setServices(found.services),
      () => setServices([]),
    );
    bookings.resources().then(
      (found) => setResources(found.resources),
      () => setResources([]),
    );
  }, []);

  const calendar = view === "week" || view === "day";
  const days = useMemo(() => daysOf(view === "day" ? "day" : "week", day), [view, day]);
  const wanted: Wanted = useMemo(() => {
    const narrowed = { service, resource };
    if (calendar) return { ...narrowed, ...span(days, zone), limit: 500 };
    return { ...narrowed, status, from: span([day], zone).from, limit: 50 };
  }, [calendar, days, day, zone, service, resource, status]);
  const shown = useBookings(wanted, onLoggedOut);
  const inCalendar = useMemo(() => (shown.all ?? []).filter((one) => IN_CALENDAR.includes(one.status)), [shown.all]);
  const nameOf = useCallback(
    (booking: BookingView) => services.find((one) => one.service_id === booking.service_id)?.name ?? "",
    [services],
  );
  // A service's own places bear its name already.
  const resourceOf = useCallback(
    (id: string) => {
      const found = resources.find((one) => one.resource_id === id);
      return found && found.kind !== "service" ? found.name : "";
    },
    [resources],
  );
  const move = (steps: number) => set({ day: addDays(day, steps * (view === "week" ? 7 : 1)) });
  useKeys({ n: () => setAdding(true), j: () => move(1), k: () => move(-1), t: () => set({ day: "" }) });
  const choose = (next: View) => set({ view: next === "week" ? "" : next, booking: "" });

  return (
    <>
      <SubPage
        me={me}
        title={t.title}
        className="bookings"
        actions={
          <div className="booking-acts">
            <Button component="a" href="/app/bookings/settings" variant="light" leftSection={<Icon name="gear" />}>
              {t.settings}
            </Button>
            <Button onClick={() => setAdding(true)} disabled={!services.length}>
              {t.new}
            </Button>
          </div>
        }
        error=""
        note={shown.live === "offline" ? t.stale : ""}
      >
        <nav className="booking-tabs" aria-label={t.title}>
          {VIEWS.map((one) => (
            <button key={one} type="button" aria-current={one === view ? "page" : undefined} onClick={() => choose(one)}>
              {t.tabs[one]}
            </button>
          ))}
        </nav>
        {(calendar || view === "list") && (
          <>
            <div className="booking-filters">
              <div className="booking-days">
                <Button variant="light" onClick={() => move(-1)} aria-label={t.earlier} title={`${t.earlier} (k)`}>
                  <Icon name="previous" />
                </Button>
                <Button variant="light" onClick={() => set({ day: "" })} title="t">
                  {t.today}
                </Button>
                <Button variant="light" onClick={() => move(1)} aria-label={t.later} title={`${t.later} (j)`}>
                  <Icon name="next" />
                </Button>
                <TextInput type="date" aria-label={t.day} value={day} onChange={(event) => set({ day: event.currentTarget.value }, true)} />
              </div>
              <Choice label={t.service} all={t.all} value={service} onChange={(value) => set({ service: value }, true)}>
                {services.map((one) => [one.service_id, one.name])}
              </Choice>
              <Choice label={t.resource} all={t.all} value={resource} onChange={(value) => set({ resource: value }, true)}>
                {resources.map((one) => [one.resource_id, one.name])}
              </Choice>
              {view === "list" && (
                <Choice label={t.status} all={t.all} value={status} onChange={(value) => set({ status: value }, true)}>
                  {STATUSES.map((one) => [one, t.statuses[one]])}
                </Choice>
              )}
            </div>
            <p className="muted small">{fill(t.zone, { zone })}</p>
            {shown.failed ? (
              <div className="blank" role="alert">
                <h2>{t.failed}</h2>
                <Button onClick={shown.reload}>{t.again}</Button>
              </div>
            ) : !shown.all ? (
              <ListSkeleton />
            ) : calendar ? (
              <Agenda
                days={days}
                today={today}
                all={inCalendar}
                zone={zone}
                narrow={narrow}
                nameOf={nameOf}
                onOpen={(id) => set({ booking: id })}
              />
            ) : (
              <List all={shown.all} zone={zone} nameOf={nameOf} onOpen={(id) => set({ booking: id })} />
            )}
            {view === "list" && shown.next && (
              <Button variant="light" onClick={shown.more}>
                {t.more}
              </Button>
            )}
          </>
        )}
        {view === "waits" && <Waits me={me} services={services} told={shown.told} />}
        {view === "blocks" && resources.length > 0 && <Blocks me={me} resources={resources} />}
      </SubPage>
      {opened && (
        <Sheet title={t.title} close={t.close} onClose={() => set({ booking: "" }, true)}>
          <BookingDetail
            key={opened}
            id={opened}
            me={me}
            nameOf={nameOf}
            resourceOf={resourceOf}
            told={shown.told}
            onChanged={shown.reload}
          />
        </Sheet>
      )}
      {adding && (
        <Sheet title={t.new} close={t.close} onClose={() => setAdding(false)}>
          <NewBooking
            me={me}
            services={services}
            resources={resources}
            onDone={(booking) => {
              setAdding(false);
              shown.reload();
              set(booking ? { booking: booking.booking_id } : { view: "waits" });
            }}
          />
        </Sheet>
      )}
    </>
  );
}

function Choice(props: {
  label: string;
  all: string;
  value: string;
  onChange(value: string): void;
  children: (readonly [string, string])[];
}) {
  return (
    <NativeSelect
      label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
      data={[{ value: "", label: props.all }, ...props.children.map(([value, label]) => ({ value, label }))]}
    />
  );
}

function List(props: { all: BookingView[]; zone: string; nameOf(booking: BookingView): string; onOpen(id: string): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  if (!props.all.length) {
    return (
      <div className="blank">
        <h2>{t.none}</h2>
        <p>{t.noneHint}</p>
      </div>
    );
  }
  return (
    <ol className="booking-rows">
      {props.all.map((booking) => (
        <li key={booking.booking_id} className="sheet">
          <button type="button" className="booking-row" onClick={() => props.onOpen(booking.booking_id)}>
            <span>
              {dayOf(wall(booking.starts_at, props.zone).day, lang)}{" "}
              <bdi>
                {timeOf(booking.starts_at, lang, props.zone)}–{timeOf(booking.ends_at, lang, props.zone)}
              </bdi>
            </span>
            <b>
              <bdi>{booking.customer.name || t.nobody}</bdi>
            </b>
            <span className="muted">{props.nameOf(booking)}</span>
            <span className="booking-status" data-status={booking.status}>
              {t.statuses[booking.status]}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** A sheet over the page: the browser keeps the focus in it and closes it with Escape. */
function Sheet(props: { title: string; close: string; onClose(): void; children: React.ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const sheet = dialog.current;
    sheet?.showModal();
    return () => sheet?.close();
  }, []);
  const close = useStable(props.onClose);
  return (
    <dialog
      ref={dialog}
      className="booking-sheet"
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div>
        <div className="booking-sheet-head">
          <h2>{props.title}</h2>
          <Button variant="subtle" onClick={close}>
            {props.close}
          </Button>
        </div>
        {props.children}
      </div>
    </dialog>
  );
}

function useKeys(keys: Record<string, () => void>): void {
  const press = useStable((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if ((event.target as HTMLElement).closest("input, select, textarea, dialog")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  useEffect(() => {
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [press]);
}
