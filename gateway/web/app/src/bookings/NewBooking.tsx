/**
 * A booking that staff take for somebody, on the telephone or at the desk.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useRef, useState } from "react";
import { newId } from "../../../sdk/id";
import type { BookingCustomer, BookingView, Me, ResourceView, ServiceTerms } from "../../../sdk/wire";
import { fill, LANGS, useLocale } from "../i18n";
import { bookings, refusal } from "./calls";
import { addDays, wall } from "./days";
import { Slots } from "./Slots";
import { TEXTS } from "./texts";

const HOLD_MINUTES = 30;
/** Who waits from here is offered a time of these days. */
const WAIT_DAYS = 14;

/** What a form says of a customer; what is empty is not said. */
export function customerOf(given: Record<string, string>): BookingCustomer {
  const said = Object.entries(given).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(said.filter(([, value]) => value)) as BookingCustomer;
}

export function CustomerFields(props: { given: Record<string, string>; onChange(name: string, value: string): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const field = (name: string) => ({
    value: props.given[name] ?? "",
    onChange: (event: { currentTarget: { value: string } }) => props.onChange(name, event.currentTarget.value),
    autoComplete: "off",
  });
  return (
    <>
      <TextInput label={t.name} required maxLength={200} {...field("name")} />
      <TextInput label={t.email} type="email" dir="ltr" {...field("email")} />
      <TextInput label={t.phone} type="tel" dir="ltr" {...field("phone")} />
      <NativeSelect
        label={t.language}
        data={[{ value: "", label: "–" }, ...Object.entries(LANGS).map(([value, label]) => ({ value, label }))]}
        {...field("lang")}
      />
    </>
  );
}

export function NewBooking(props: {
  me: Me;
  services: ServiceTerms[];
  resources: ResourceView[];
  onDone(booking: BookingView | null): void;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [service, setService] = useState(props.services[0]?.service_id ?? "");
  const [resource, setResource] = useState("");
  const [start, setStart] = useState("");
  const [given, setGiven] = useState<Record<string, string>>({});
  const [notes, setNotes] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  // The same wish, sent again after a broken line, is the same booking; another time is another wish.
  const wish = useRef({ start: "", id: "" });

  const book = async (confirm: boolean) => {
    setBusy(true);
    setError("");
    if (wish.current.start !== start) wish.current = { start, id: newId() };
    try {
      const held = await bookings.hold({
        service_id: service,
        starts_at: start,
        client_id: wish.current.id,
        customer: customerOf(given),
        ...(resource && { resource_id: resource }),
        ...(notes.trim() && { notes: notes.trim() }),
        hold_minutes: confirm ? 5 : HOLD_MINUTES,
      });
      props.onDone(confirm ? await bookings.confirm(held.booking_id, held.offer_id) : held);
    } catch (failed) {
      setError(refusal(failed, t));
      wish.current = { start: "", id: "" };
      setStart("");
      setRound((n) => n + 1);
    }
    setBusy(false);
  };
  const wait = async () => {
    setBusy(true);
    setError("");
    try {
      const from = wall(Date.now(), props.me.tenant.zone).day;
      await bookings.wait({ service_id: service, from, to: addDays(from, WAIT_DAYS), customer: customerOf(given), client_id: newId() });
      props.onDone(null);
    } catch (failed) {
      setError(refusal(failed, t));
    }
    setBusy(false);
  };
  const terms = props.services.find((one) => one.service_id === service);
  const usable = props.resources.filter(
    (one) => one.active && one.kind !== "service" && (!terms || terms.needs.some((need) => need.kind === one.kind)),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void book(true);
  };
  return (
    <form className="booking-form" onSubmit={submit}>
      <NativeSelect
        label={t.service}
        value={service}
        onChange={(event) => {
          setService(event.currentTarget.value);
          setResource("");
          setStart("");
        }}
        data={props.services.map((one) => ({ value: one.service_id, label: one.name }))}
      />
      {usable.length > 0 && (
        <NativeSelect
          label={t.resource}
          value={resource}
          onChange={(event) => {
            setResource(event.currentTarget.value);
            setStart("");
          }}
          data={[{ value: "", label: t.any }, ...usable.map((one) => ({ value: one.resource_id, label: one.name }))]}
        />
      )}
      <Slots me={props.me} service={service} resource={resource} chosen={start} onChoose={setStart} round={round} />
      <CustomerFields given={given} onChange={(name, value) => setGiven((before) => ({ ...before, [name]: value }))} />
      <TextInput label={t.notes} maxLength={2000} value={notes} onChange={(event) => setNotes(event.currentTarget.value)} />
      <div role="alert">{error && <p className="note">{error}</p>}</div>
      <div className="booking-acts">
        <Button type="submit" loading={busy} disabled={!start}>
          {start ? t.book : t.choose}
        </Button>
        <Button variant="light" disabled={!start || busy || !given["name"]?.trim()} onClick={() => void book(false)}>
          {fill(t.hold, { n: HOLD_MINUTES })}
        </Button>
        <Button variant="subtle" disabled={busy || !given["name"]?.trim()} onClick={() => void wait()}>
          {t.waitInstead}
        </Button>
      </div>
    </form>
  );
}
