/**
 * Beside the conversation: where it stands, what would have come of it, and what is missing before customers come.
 */
import type { Me, Preview, PreviewReadiness, ReadinessOf } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { clock } from "./lines";
import { TEXTS } from "./texts";

/** Where each is seen to; what only the operator can set leads nowhere. */
const PLACES: Partial<Record<ReadinessOf, string>> = {
  services: "/app/knowledge",
  hours: "/app/knowledge",
  knowledge: "/app/knowledge",
  stock: "/app/vehicles",
};

export function Stands({ preview, me, zone }: { preview: Preview; me: Me; zone: string }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const stages: Record<string, string> = t.stages;
  const time = (at: string) => formatTime(at, lang, me.tenant.zone, Date.now());
  const names = new Map(preview.services.map((service) => [service.service_id, service.name]));
  const when = (at: string) => {
    const own = clock(at, lang, me.tenant.zone);
    return zone === me.tenant.zone ? own : `${own} (${fill(t.there, { time: clock(at, lang, zone) })})`;
  };
  return (
    <section className="sheet preview-stands">
      <dl>
        <dt>{t.stage}</dt>
        <dd data-stage={preview.stage}>{stages[preview.stage] ?? preview.stage}</dd>
        <dt>{t.speaks}</dt>
        <dd>{t.speakers[preview.status]}</dd>
      </dl>
      {preview.human_reason && <p className="note">{t.human}</p>}
      {preview.bookings.length > 0 && (
        <>
          <h2>{t.bookings}</h2>
          <ul data-bookings>
            {preview.bookings.map((one) => (
              <li key={one.booking_id}>
                {fill(t.states[one.status], { what: names.get(one.service_id) ?? "", time: when(one.starts_at) })}{" "}
                <span className="muted">– {t.nothing}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {preview.letters.length > 0 && (
        <>
          <h2>{t.letters}</h2>
          <ul data-letters>
            {preview.letters.map((letter, place) => (
              <li key={place}>
                <details>
                  <summary>
                    {fill(t.letterKinds[letter.kind], { to: letter.to })} <span className="muted">– {t.notSent}</span>
                  </summary>
                  {letter.subject && (
                    <p dir="auto">
                      <strong>{letter.subject}</strong>
                    </p>
                  )}
                  {letter.text && (
                    <p className="preview-letter" dir="auto">
                      {letter.text}
                    </p>
                  )}
                </details>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="muted small">
        {fill(t.since, { time: time(preview.began_at) })} · {fill(t.ends, { time: time(preview.ends_at) })}
      </p>
    </section>
  );
}

export function Ready({ readiness }: { readiness: PreviewReadiness }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const whole = readiness.checks.every((check) => check.state === "ready");
  return (
    <section className="sheet preview-ready" aria-label={t.ready}>
      <h2>{t.ready}</h2>
      {whole && <p>{t.allReady}</p>}
      <ul>
        {readiness.checks.map((check) => {
          const place = PLACES[check.of];
          return (
            <li key={check.of} data-state={check.state}>
              <Icon name={check.state === "ready" ? "check" : "alert"} size={16} />
              <div>
                <strong>{t.checks[check.of]}</strong>{" "}
                <span className="preview-mark">
                  {t.readiness[check.state]}
                  {check.count > 0 && check.of !== "models" && ` · ${formatNumber(check.count, lang)}`}
                </span>
                {check.state !== "ready" && <p className="muted small">{t.hints[check.of]}</p>}
              </div>
              {place && (
                <a href={place} aria-label={`${t.look}: ${t.checks[check.of]}`}>
                  {t.look}
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
