/**
 * One booking: what it is, whose, what happened to it, and what can be done with it.
 */
import { Button, Loader, TextInput } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import type { BookingDetail as Detail, BookingEvent, BookingView, Me } from "../../../sdk/wire";
import { fill, formatExact, formatTime, type Lang, useLocale } from "../i18n";
import { bookings, refusal } from "./calls";
import { Slots } from "./Slots";
import { type BookingTexts, TEXTS } from "./texts";

interface Props {
  id: string;
  me: Me;
  nameOf(booking: BookingView): string;
  resourceOf(id: string): string;
  /** The last step of any booking, as the live line told it. */
  told: BookingEvent | null;
  onChanged(): void;
}

export function BookingDetail({ id, me, nameOf, resourceOf, told, onChanged }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [detail, setDetail] = useState<Detail | null>(null);
  const [doing, setDoing] = useState<"" | "move" | "cancel">("");
  const [reason, setReason] = useState("");
  const [start, setStart] = useState("");
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const [error, setError] = useState("");

  const load = useCallback(
    async (signal?: AbortSignal) => {
      try {
        setDetail(await bookings.read(id, signal));
      } catch (failed) {
        if (!signal?.aborted) setError(refusal(failed, t));
      }
    },
    [id, t],
  );
  useEffect(() => {
    const stop = new AbortController();
    void load(stop.signal);
    return () => stop.abort();
  }, [load]);
  const version = detail?.history.length ?? 0;
  useEffect(() => {
    if (!told || told.booking.booking_id !== id || !version || told.booking.version <= version) return;
    // Somebody else was here. What this screen does itself is read before it is told.
    if (!busy) setNote(t.changed);
    void load();
  }, [told, id, version, busy, load, t]);

  const act = async (work: () => Promise<unknown>, done: string) => {
    setBusy(true);
    setError("");
    setNote("");
    try {
      await work();
      setNote(done);
      setDoing("");
      setStart("");
      setReason("");
    } catch (failed) {
      setError(refusal(failed, t));
      setRound((n) => n + 1);
      setStart("");
    }
    await load();
    setBusy(false);
    onChanged();
  };

  if (!detail) {
    return (
      <div className="middle" role={error ? "alert" : "status"}>
        {error ? <p>{error}</p> : <Loader aria-label={t.loading} />}
      </div>
    );
  }
  const { booking } = detail;
  const open = booking.status === "held" || booking.status === "booked";
  const begun = Date.parse(booking.starts_at) <= Date.now();
  const copy = async () => {
    await navigator.clipboard.writeText(`${location.origin}/booking/${detail.customer_token}`).catch(() => undefined);
    setNote(t.copied);
  };
  return (
    <div className="booking">
      <div role="status">{note && <p className="note">{note}</p>}</div>
      <div role="alert">{error && <p className="note">{error}</p>}</div>
      <Facts booking={booking} me={me} name={nameOf(booking)} resourceOf={resourceOf} t={t} lang={lang} />
      {open && doing === "" && (
        <div className="booking-acts">
          {booking.status === "held" && (
            <Button loading={busy} onClick={() => void act(() => bookings.confirm(id, booking.offer_id), t.confirmed)}>
              {t.confirm}
            </Button>
          )}
          <Button variant="light" disabled={busy} onClick={() => setDoing("move")}>
            {t.move}
          </Button>
          {begun && booking.status === "booked" && (
            <Button variant="light" disabled={busy} onClick={() => void act(() => bookings.noShow(id), t.noted)}>
              {t.noShow}
            </Button>
          )}
          <Button variant="subtle" color="red" disabled={busy} onClick={() => setDoing("cancel")}>
            {t.cancel}
          </Button>
        </div>
      )}
      {open && doing === "move" && (
        <section aria-label={t.moveTitle}>
          <Slots me={me} service={booking.service_id} resource="" chosen={start} onChoose={setStart} round={round} />
          <div className="booking-acts">
            <Button loading={busy} disabled={!start} onClick={() => void act(() => bookings.move(id, start), t.moved)}>
              {start ? `${t.move}: ${formatTime(start, lang, me.tenant.zone, 0)}` : t.choose}
            </Button>
            <Button variant="subtle" onClick={() => setDoing("")}>
              {t.back}
            </Button>
          </div>
        </section>
      )}
      {open && doing === "cancel" && (
        <section aria-label={t.cancel}>
          <p>{t.cancelSure}</p>
          <TextInput label={t.reason} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <div className="booking-acts">
            <Button color="red" loading={busy} onClick={() => void act(() => bookings.cancel(id, reason.trim()), t.cancelled)}>
              {t.cancel}
            </Button>
            <Button variant="subtle" onClick={() => setDoing("")}>
              {t.back}
            </Button>
          </div>
        </section>
      )}
      <div className="booking-acts">
        {booking.session_id && (
          <a href={`/app/sessions/${encodeURIComponent(booking.session_id)}`} className="link">
            {t.conversation}
          </a>
        )}
        <button type="button" className="link" onClick={() => void copy()}>
          {t.link}
        </button>
      </div>
      <Story detail={detail} zone={me.tenant.zone} t={t} lang={lang} />
    </div>
  );
}

function Facts(props: { booking: BookingView; me: Me; name: string; resourceOf(id: string): string; t: BookingTexts; lang: Lang }) {
  const { booking, me, t, lang } = props;
  const { customer } = booking;
  const zone = me.tenant.zone;
  const other = booking.customer_local && customer.zone;
  return (
    <dl>
      <div>
        <dt>{t.status}</dt>
        <dd>
          <span className="booking-status" data-status={booking.status}>
            {t.statuses[booking.status]}
          </span>{" "}
          {booking.status === "held" &&
            booking.hold_until &&
            fill(t.holdsUntil, { time: formatTime(booking.hold_until, lang, zone, Date.now()) })}
        </dd>
      </div>
      <div>
        <dt>{t.service}</dt>
        <dd>{props.name}</dd>
      </div>
      <div>
        <dt>{t.when}</dt>
        <dd>
          {formatTime(booking.starts_at, lang, zone, 0)} <span className="muted">({zone})</span>
          {other && (
            <span className="muted">
              <br />
              {fill(t.customerClock, { time: formatTime(booking.starts_at, lang, other, 0), zone: other })}
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>{t.resource}</dt>
        <dd>{booking.resource_ids.map(props.resourceOf).filter(Boolean).join(", ") || "–"}</dd>
      </div>
      <div>
        <dt>{t.customer}</dt>
        <dd>
          <bdi>{customer.name || t.nobody}</bdi>
          {customer.email && (
            <>
              <br />
              <a href={`mailto:${encodeURIComponent(customer.email)}`} dir="ltr">
                {customer.email}
              </a>
            </>
          )}
          {customer.phone && (
            <>
              <br />
              <a href={`tel:${encodeURIComponent(customer.phone)}`} dir="ltr">
                {customer.phone}
              </a>
            </>
          )}
        </dd>
      </div>
      {booking.notes && (
        <div>
          <dt>{t.notes}</dt>
          <dd className="booking-notes">
            <bdi>{booking.notes}</bdi>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Story({ detail, zone, t, lang }: { detail: Detail; zone: string; t: BookingTexts; lang: Lang }) {
  const what = (step: string) => {
    const name = step === "booking.confirmed" ? "booking.booked" : step;
    return (t.events as Record<string, string>)[name] ?? step;
  };
  return (
    <>
      <h3>{t.history}</h3>
      <ol className="booking-story">
        {detail.history.map((step, n) => (
          <li key={n}>
            <span>
              {what(step.what)} <span className="muted">{t.by[step.by] ?? ""}</span>
            </span>
            <time className="muted" dateTime={step.at} title={formatExact(step.at, lang, zone)}>
              {formatTime(step.at, lang, zone, Date.now())}
            </time>
          </li>
        ))}
      </ol>
      {detail.letters.length > 0 && <h3>{t.letters}</h3>}
      <ul className="booking-story">
        {detail.letters.map((letter, n) => (
          <li key={n}>
            <span>
              {t.letter[letter.kind] ?? letter.kind} <span className="muted">{t.letterStatus[letter.status] ?? letter.status}</span>
            </span>
            <time className="muted" dateTime={letter.due_at}>
              {formatTime(letter.due_at, lang, zone, Date.now())}
            </time>
          </li>
        ))}
      </ul>
    </>
  );
}
