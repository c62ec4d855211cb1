/**
 * What happened to a vehicle: its prices by themselves, then everything, the newest first.
 */
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import type { VehicleFieldChange, VehicleStep, VehicleView } from "../../../sdk/wire";
import { formatNumber, formatTime, type Lang, useLocale } from "../i18n";
import { vehicles } from "./calls";
import { TEXTS, type VehicleTexts } from "./texts";
import { formatPrice } from "./VehicleList";

export function History({ vehicle, zone }: { vehicle: VehicleView; zone: string }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [steps, setSteps] = useState<VehicleStep[]>([]);
  const [next, setNext] = useState<number>();
  const id = vehicle.vehicle_id;

  useEffect(() => {
    let stale = false;
    // It is beside what was asked for: without it the vehicle is shown all the same.
    vehicles.history(id).then(
      (story) => {
        if (stale) return;
        setSteps(story.steps);
        setNext(story.next);
      },
      () => {},
    );
    return () => {
      stale = true;
    };
  }, [id]);
  const older = async () => {
    const story = await vehicles.history(id, next).catch(() => null);
    if (!story) return;
    setSteps((before) => [...before, ...story.steps]);
    setNext(story.next);
  };

  const time = (step: VehicleStep) => <time dateTime={step.at}>{formatTime(step.at, lang, zone, Date.now())}</time>;
  const prices = steps.flatMap((step) => {
    const change = step.changes.find((one) => one.field === "price");
    return change ? [{ step, change }] : [];
  });
  return (
    <>
      <section className="veh-part" aria-label={t.prices}>
        <h3>{t.prices}</h3>
        {prices.length === 0 && <p className="muted small">{t.pricesNone}</p>}
        <ol className="veh-history small">
          {prices.map(({ step, change }) => (
            <li key={step.version}>
              {time(step)} <Change change={change} t={t} lang={lang} bare />
            </li>
          ))}
        </ol>
      </section>
      {steps.length > 0 && (
        <section className="veh-part" aria-label={t.history}>
          <h3>{t.history}</h3>
          <ol className="veh-history small">
            {steps.map((step) => (
              <li key={step.version}>
                {time(step)} <bdi>{step.by ?? t.somebody}</bdi>: {t.steps[step.what]}
                {step.import_id && ` (${t.byFile})`}
                {step.changes.length > 0 && (
                  <ul>
                    {step.changes.map((change) => (
                      <li key={change.field}>
                        <Change change={change} t={t} lang={lang} />
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ol>
          {next !== undefined && (
            <Button size="compact-sm" variant="subtle" onClick={() => void older()}>
              {t.older}
            </Button>
          )}
        </section>
      )}
    </>
  );
}

/** A field, what it held and what it holds. */
export function Change({ change, t, lang, bare }: { change: VehicleFieldChange; t: VehicleTexts; lang: Lang; bare?: boolean }) {
  const names: Record<string, string> = t.field;
  const [from, to] = [said(change.field, change.from, t, lang), said(change.field, change.to, t, lang)];
  return (
    <>
      {!bare && <span className="muted">{names[change.field] ?? change.field}: </span>}
      <del>
        <bdi>{from}</bdi>
      </del>{" "}
      <span aria-hidden="true">{lang === "ar" ? "←" : "→"}</span>{" "}
      <ins>
        <bdi>{to}</bdi>
      </ins>
    </>
  );
}

/** A value of a field in words; long ones shortened, pictures counted. */
export function said(field: string, value: unknown, t: VehicleTexts, lang: Lang): string {
  if (value === null || value === undefined || value === "") return t.unnamed;
  if (field === "price") {
    const { minor, currency } = value as { minor: number; currency: string };
    return formatPrice(minor, currency, lang);
  }
  if (typeof value === "number") return field === "year" ? String(value) : formatNumber(value, lang);
  if (field === "photos" && Array.isArray(value)) return formatNumber(value.length, lang);
  if (field === "plate") {
    const { text, country } = value as { text: string; country: string };
    return `${text} ${country}`;
  }
  if (typeof value === "string") {
    const words = { status: t.status, fuel: t.fuel, body: t.body, transmission: t.transmission, drive: t.drive }[field];
    return (words as Record<string, string> | undefined)?.[value] ?? short(value);
  }
  if (Array.isArray(value)) return short(value.join(", ")) || t.unnamed;
  return short(Object.values(value as Record<string, string>).join(" / ")) || t.unnamed;
}

const short = (text: string) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
