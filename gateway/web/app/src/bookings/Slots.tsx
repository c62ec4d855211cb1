/**
 * Choosing one of the free times of a service, or learning why there is none.
 */
import { Loader, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import type { FreeSlots, Me } from "../../../sdk/wire";
import { fill, useLocale } from "../i18n";
import { dayOf, timeOf } from "./Agenda";
import { bookings, refusal } from "./calls";
import { addDays, wall } from "./days";
import { TEXTS } from "./texts";

/** Days that are looked through at once. */
const DAYS = 7;

export function Slots(props: {
  me: Me;
  service: string;
  resource: string;
  chosen: string;
  onChoose(start: string): void;
  /** Changes when the times are to be asked for again. */
  round: number;
}) {
  const { me, service, resource, round } = props;
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const zone = me.tenant.zone;
  const [day, setDay] = useState(() => wall(Date.now(), zone).day);
  const [found, setFound] = useState<FreeSlots | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    if (!service || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return;
    const stop = new AbortController();
    setFound(null);
    setError("");
    const query = { tenant: me.tenant.slug, service, from: day, to: addDays(day, DAYS - 1), lang, limit: "200" };
    bookings.slots(resource ? { ...query, resource } : query, stop.signal).then(setFound, (failed) => {
      if (!stop.signal.aborted) setError(refusal(failed, t));
    });
    return () => stop.abort();
  }, [me.tenant.slug, service, resource, day, lang, t, round]);

  const byDay = new Map<string, string[]>();
  for (const slot of found?.slots ?? []) {
    const on = slot.local.slice(0, 10);
    byDay.set(on, [...(byDay.get(on) ?? []), slot.starts_at]);
  }
  const why = found?.why[0]?.sentence;
  return (
    <fieldset className="slots">
      <legend>{t.slots}</legend>
      <TextInput type="date" label={t.day} value={day} onChange={(event) => setDay(event.currentTarget.value)} />
      <div role="status">
        {!found && !error && <Loader size="sm" aria-label={t.loading} />}
        {error && <p className="note">{error}</p>}
        {found?.slots.length === 0 && <p className="note">{why ? fill(t.noSlot, { why }) : t.noSlotPlain}</p>}
      </div>
      {[...byDay].map(([on, starts]) => (
        <div key={on} role="group" aria-label={dayOf(on, lang, true)}>
          <h3>{dayOf(on, lang, true)}</h3>
          <div className="slot-times">
            {starts.map((start) => (
              <button
                key={start}
                type="button"
                className="slot"
                aria-pressed={start === props.chosen}
                onClick={() => props.onChoose(start)}
              >
                {timeOf(start, lang, zone)}
              </button>
            ))}
          </div>
        </div>
      ))}
    </fieldset>
  );
}
