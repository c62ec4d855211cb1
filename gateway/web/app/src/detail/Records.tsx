/**
 * What happened to a lead, and what was sent for it.
 */
import type { DeliveryView, TimelineEntry } from "../../../sdk/wire";
import { fill, formatExact, formatTime, useLocale } from "../i18n";

export function Timeline({ events, zone, now }: { events: TimelineEntry[]; zone: string; now: number }) {
  return (
    <ol className="timeline">
      {events.map((event) => (
        <li key={event.seq}>
          <Stamp at={event.at} zone={zone} now={now} />
          <div>
            <p dir="auto">{event.summary}</p>
            <code dir="ltr">{event.type}</code>
          </div>
        </li>
      ))}
    </ol>
  );
}

const GOOD = /accepted|delivered|sent|done/;
const BAD = /failed|dead|bounced|rejected|refused/;

export function Deliveries({ deliveries, zone, now }: { deliveries: DeliveryView[]; zone: string; now: number }) {
  const { t } = useLocale();
  if (!deliveries.length) return <p className="muted">{t.detail.noDeliveries}</p>;
  const mood = (status: string) => (GOOD.test(status) ? "good" : BAD.test(status) ? "bad" : "open");
  return (
    <ul className="deliveries">
      {deliveries.map((one) => (
        <li key={one.delivery_id}>
          <b>{one.kind}</b>
          <span className="mood" data-mood={mood(one.status)}>
            {one.status}
          </span>
          <span className="muted">
            {fill(t.detail.attempts, { n: one.attempts })}
            {one.code && (
              <>
                {" · "}
                <code dir="ltr">{one.code}</code>
              </>
            )}
          </span>
          <Stamp at={one.at} zone={zone} now={now} />
        </li>
      ))}
    </ul>
  );
}

function Stamp({ at, zone, now }: { at: string; zone: string; now: number }) {
  const { lang } = useLocale();
  return (
    <time className="when muted" dateTime={at} title={formatExact(at, lang, zone)}>
      {formatTime(at, lang, zone, now)}
    </time>
  );
}
