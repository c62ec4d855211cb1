/**
 * Who would take a time if one became free, first come first served.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { newId } from "../../../sdk/id";
import type { BookingEvent, Me, ServiceTerms, WaitView } from "../../../sdk/wire";
import { fill, formatTime, useLocale } from "../i18n";
import { dayOf } from "./Agenda";
import { bookings, refusal } from "./calls";
import { addDays, wall } from "./days";
import { CustomerFields, customerOf } from "./NewBooking";
import { TEXTS } from "./texts";

export function Waits({ me, services, told }: { me: Me; services: ServiceTerms[]; told: BookingEvent | null }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const zone = me.tenant.zone;
  const [all, setAll] = useState<WaitView[] | null>(null);
  const [adding, setAdding] = useState(false);
  const [error, setError] = useState("");
  const load = useCallback(async () => {
    try {
      setAll((await bookings.waits()).waits);
      setError("");
    } catch (failed) {
      setError(refusal(failed, t));
    }
  }, [t]);
  // A step of a booking may be an offer to somebody here, or its end.
  useEffect(() => void load(), [load, told]);
  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setAdding(false);
      await load();
    } catch (failed) {
      setError(refusal(failed, t));
    }
  };
  const day = (at: string) => dayOf(wall(at, zone).day, lang);
  return (
    <section className="hooks" aria-label={t.tabs.waits}>
      <p className="muted">{t.waitsLead}</p>
      <div className="booking-filters">
        <Button onClick={() => setAdding(true)} disabled={adding}>
          {t.waitAdd}
        </Button>
      </div>
      <div role="alert">{error && <p className="note">{error}</p>}</div>
      {adding && (
        <WaitForm me={me} services={services} onCancel={() => setAdding(false)} onSave={(wait) => act(() => bookings.wait(wait))} />
      )}
      {all?.length === 0 && <p className="sheet hook-none">{t.waitsNone}</p>}
      <ol className="booking-rows">
        {all?.map((wait) => (
          <li key={wait.wait_id} className="sheet">
            <div>
              <b>
                <bdi>{wait.customer.name || t.nobody}</bdi>
              </b>
              <span className="muted">
                {services.find((one) => one.service_id === wait.service_id)?.name} ·{" "}
                {fill(t.waitBetween, { from: day(wait.from), until: day(wait.until) })} ·{" "}
                {fill(t.waitSince, { time: formatTime(wait.created_at, lang, zone, Date.now()) })}
              </span>
              {wait.offered_until && (
                <span className="booking-status" data-status="held">
                  {fill(t.waitOffered, { time: formatTime(wait.offered_until, lang, zone, Date.now()) })}
                </span>
              )}
            </div>
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => void act(() => bookings.unwait(wait.wait_id))}>
              {t.waitRemove}
            </Button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function WaitForm(props: {
  me: Me;
  services: ServiceTerms[];
  onCancel(): void;
  onSave(wait: Parameters<typeof bookings.wait>[0]): Promise<void>;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const today = wall(Date.now(), props.me.tenant.zone).day;
  const [service, setService] = useState(props.services[0]?.service_id ?? "");
  const [from, setFrom] = useState(today);
  const [to, setTo] = useState(addDays(today, 14));
  const [given, setGiven] = useState<Record<string, string>>({});
  const [id] = useState(newId);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await props.onSave({ service_id: service, from, to, customer: customerOf(given), client_id: id });
    setBusy(false);
  };
  return (
    <form className="sheet hook-form" onSubmit={(event) => void save(event)}>
      <NativeSelect
        label={t.service}
        value={service}
        onChange={(event) => setService(event.currentTarget.value)}
        data={props.services.map((one) => ({ value: one.service_id, label: one.name }))}
      />
      <TextInput label={t.day} type="date" required value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput label={t.waitUntil} type="date" required value={to} onChange={(event) => setTo(event.currentTarget.value)} />
      <CustomerFields given={given} onChange={(name, value) => setGiven((before) => ({ ...before, [name]: value }))} />
      <div className="hook-acts">
        <Button type="submit" loading={busy} disabled={!service}>
          {t.save}
        </Button>
        <Button variant="light" onClick={props.onCancel}>
          {t.close}
        </Button>
      </div>
    </form>
  );
}
