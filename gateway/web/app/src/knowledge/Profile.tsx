/**
 * How the business is reached, and when it is open: split days, holidays, other days.
 */
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { Hours, OpeningSpan, Profile } from "../../../sdk/wire";
import { fill, useLocale } from "../i18n";
import { knowledge } from "./api";
import type { TabProps } from "./KnowledgePage";
import { TEXTS } from "./texts";

const FIELDS = ["name", "phone", "email", "address", "website", "logo_url", "color"] as const;
const LTR = new Set<string>(["phone", "email", "website", "logo_url", "color"]);

export function ProfileTab({ may, act }: TabProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [profile, setProfile] = useState<Profile | null>(null);
  const [hours, setHours] = useState<Hours | null>(null);

  const load = useCallback(async () => {
    const [profile, hours] = await Promise.all([knowledge.profile(), knowledge.hours()]);
    setProfile(profile);
    setHours(hours);
  }, []);
  useEffect(() => void act(load), [act, load]);

  if (!profile || !hours) return null;
  const saveProfile = (event: FormEvent) => {
    event.preventDefault();
    void act(async () => {
      try {
        const saved = await knowledge.saveProfile(profile);
        setProfile(saved);
        // One version stands for both: what was typed of the hours stays.
        setHours({ ...hours, version: saved.version });
      } catch (failed) {
        await reread(failed);
      }
      return { text: t.saved };
    });
  };
  const saveHours = (event: FormEvent) => {
    event.preventDefault();
    void act(async () => {
      try {
        const saved = await knowledge.saveHours(hours);
        setHours(saved);
        setProfile({ ...profile, version: saved.version });
      } catch (failed) {
        await reread(failed);
      }
      return { text: t.saved };
    });
  };
  /** Somebody else was faster: shows what stands now, and tells so. */
  const reread = async (failed: unknown): Promise<never> => {
    if ((failed as { code?: string }).code === "changed-meanwhile") await load();
    throw failed;
  };
  const setDay = (index: number, spans: OpeningSpan[]) =>
    setHours({ ...hours, week: hours.week.map((day, at) => (at === index ? spans : day)) });
  const days = hours.exceptions;
  const setException = (index: number, change: Partial<(typeof days)[number]>) =>
    setHours({ ...hours, exceptions: days.map((day, at) => (at === index ? { ...day, ...change } : day)) });

  return (
    <div className="know-two">
      <form className="sheet know-form" onSubmit={saveProfile}>
        {FIELDS.map((field) => (
          <TextInput
            key={field}
            label={t.profile[field]}
            name={field}
            type={field === "color" ? "color" : "text"}
            required={field === "name"}
            disabled={!may}
            dir={LTR.has(field) ? "ltr" : "auto"}
            value={profile[field] ?? ""}
            onChange={(event) => setProfile({ ...profile, [field]: event.currentTarget.value })}
          />
        ))}
        {may && (
          <div className="know-acts">
            <Button type="submit">{t.save}</Button>
          </div>
        )}
      </form>
      <form className="sheet know-form" onSubmit={saveHours}>
        <h2>{t.hours.title}</h2>
        <p className="muted small">{fill(t.hours.zone, { zone: hours.zone ?? "" })}</p>
        {hours.week.map((spans, index) => (
          <Spans key={index} label={weekday(index, lang)} spans={spans} may={may} onChange={(spans) => setDay(index, spans)} />
        ))}
        <h3>{t.hours.exceptions}</h3>
        {days.map((day, index) => (
          <div key={index} className="know-day">
            <TextInput
              label={t.hours.date}
              type="date"
              required
              disabled={!may}
              value={day.date}
              onChange={(event) => setException(index, { date: event.currentTarget.value })}
            />
            <Spans
              label={day.date || t.hours.date}
              hidden
              spans={day.spans}
              may={may}
              onChange={(spans) => setException(index, { spans })}
            />
            {may && (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={() => setHours({ ...hours, exceptions: days.filter((_, at) => at !== index) })}
              >
                {t.hours.removeDay}
              </Button>
            )}
          </div>
        ))}
        {may && (
          <div className="know-acts">
            <Button type="submit">{t.save}</Button>
            <Button variant="light" onClick={() => setHours({ ...hours, exceptions: [...days, { date: "", spans: [] }] })}>
              {t.hours.addDay}
            </Button>
          </div>
        )}
      </form>
    </div>
  );
}

/** Monday is 0. */
function weekday(index: number, lang: string): string {
  return new Intl.DateTimeFormat(lang, { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + index)));
}

interface SpansProps {
  label: string;
  /** The label is for who cannot see where it stands. */
  hidden?: boolean;
  spans: OpeningSpan[];
  may: boolean;
  onChange(spans: OpeningSpan[]): void;
}

function Spans({ label, hidden, spans, may, onChange }: SpansProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const set = (index: number, change: Partial<OpeningSpan>) =>
    onChange(spans.map((span, at) => (at === index ? { ...span, ...change } : span)));
  return (
    <div className="know-spans" role="group" aria-label={label}>
      {!hidden && <strong>{label}</strong>}
      {spans.length === 0 && <span className="muted">{t.hours.closed}</span>}
      {spans.map((span, index) => (
        <span key={index} className="know-span" dir="ltr">
          {(["opens", "closes"] as const).map((end) => (
            <input
              key={end}
              type="time"
              required
              disabled={!may}
              aria-label={`${label}: ${t.hours[end]}`}
              value={span[end]}
              onChange={(event) => set(index, { [end]: event.currentTarget.value })}
            />
          ))}
          {may && (
            <button
              type="button"
              aria-label={`${label}: ${t.hours.removeSpan}`}
              onClick={() => onChange(spans.filter((_, at) => at !== index))}
            >
              ×
            </button>
          )}
        </span>
      ))}
      {may && spans.length < 6 && (
        <Button
          size="compact-sm"
          variant="subtle"
          aria-label={`${label}: ${t.hours.addSpan}`}
          onClick={() => onChange([...spans, spans.length ? { opens: "", closes: "" } : { opens: "09:00", closes: "17:00" }])}
        >
          {t.hours.addSpan}
        </Button>
      )}
    </div>
  );
}
