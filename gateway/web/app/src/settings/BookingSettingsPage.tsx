/**
 * What holds for all bookings, and under which terms each service is booked.
 *
 * Everybody may look; owners and managers change. Each form is saved by itself, so that one mistake keeps
 * nothing else from being stored.
 */
import { Button, NativeSelect, NumberInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { BookingRules, Me, PutTerms, ServiceTerms } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { useActs } from "../frame/useActs";
import { fill, useLocale } from "../i18n";
import { ListSkeleton } from "../leads/states";
import { BUFFERS, choices, HORIZONS, length, LENGTHS, NOTICES, OFFERS, refusal, REMINDERS, settings, termsOf } from "./calls";
import { TEXTS } from "./texts";
import "../webhooks/webhooks.css";
import "./settings.css";

const DAY = 24 * 60;

export default function BookingSettingsPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const may = me.role !== "seller";
  const [rules, setRules] = useState<BookingRules | null>(null);
  const [services, setServices] = useState<ServiceTerms[] | null>(null);
  const { error, note, act } = useActs({ refusal: (failed) => refusal(failed, t), onLoggedOut });
  const load = useCallback(async () => {
    const [rules, found] = await Promise.all([settings.rules(), settings.services()]);
    setRules(rules);
    setServices(found.services);
  }, []);
  useEffect(() => void act(load), [act, load]);

  /** Somebody else was faster: shows what stands now, and tells so. */
  const reread = async (failed: unknown): Promise<never> => {
    if ((failed as { code?: string }).code === "changed-meanwhile") await load();
    throw failed;
  };
  const saveRules = (event: FormEvent) => {
    event.preventDefault();
    if (!rules) return;
    void act(async () => {
      setRules(await settings.saveRules(rules).catch(reread));
      return t.saved;
    });
  };
  const saveTerms = (service: ServiceTerms) =>
    act(async () => {
      await settings.saveTerms(service.service_id, termsOf(service));
      setServices((await settings.services()).services);
      return t.saved;
    });
  const reminder = (minutes: number) => (minutes === 0 ? t.never : fill(t.before, { time: length(minutes, lang) }));

  return (
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="hooks"
      error={error}
      note={note}
      actions={
        <Button component="a" href="/app/bookings" variant="light">
          {t.back}
        </Button>
      }
    >
      {!may && <p className="muted">{t.readOnly}</p>}
      {!rules || !services ? (
        error ? (
          <div className="blank" role="alert">
            <h2>{t.failed}</h2>
          </div>
        ) : (
          <ListSkeleton />
        )
      ) : (
        <>
          <form className="sheet hook-form" onSubmit={saveRules} aria-labelledby="all-bookings">
            <h2 id="all-bookings">{t.letters}</h2>
            <div className="settings-fields">
              <Choice
                label={t.first}
                disabled={!may}
                value={rules.first_reminder_minutes}
                usual={REMINDERS}
                say={reminder}
                onChange={(first_reminder_minutes) => setRules({ ...rules, first_reminder_minutes })}
              />
              <Choice
                label={t.second}
                disabled={!may}
                value={rules.second_reminder_minutes}
                usual={REMINDERS}
                say={reminder}
                onChange={(second_reminder_minutes) => setRules({ ...rules, second_reminder_minutes })}
              />
              <Choice
                label={t.offer}
                disabled={!may}
                value={rules.offer_minutes}
                usual={OFFERS}
                say={(minutes) => length(minutes, lang)}
                onChange={(offer_minutes) => setRules({ ...rules, offer_minutes })}
              />
            </div>
            {may && (
              <div className="hook-acts">
                <Button type="submit">{t.save}</Button>
              </div>
            )}
          </form>
          <h2>{t.services}</h2>
          {services.length === 0 && <p className="sheet hook-none">{t.none}</p>}
          {services.map((service) => (
            <Terms key={service.service_id} service={service} may={may} onSave={saveTerms} />
          ))}
        </>
      )}
    </SubPage>
  );
}

function Terms({ service, may, onSave }: { service: ServiceTerms; may: boolean; onSave(service: ServiceTerms): Promise<boolean> }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [terms, setTerms] = useState<PutTerms>(termsOf(service));
  const [busy, setBusy] = useState(false);
  const set = (change: Partial<PutTerms>) => setTerms({ ...terms, ...change });
  const say = (minutes: number) => length(minutes, lang);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSave({ ...service, ...terms });
    setBusy(false);
  };
  const needs = terms.needs.map((need) => t.kinds[need.kind] ?? need.kind);
  return (
    <form className="sheet hook-form" onSubmit={(event) => void save(event)} aria-label={service.name}>
      <h3>
        <bdi>{service.name}</bdi>
      </h3>
      <div className="settings-fields">
        <Choice
          label={t.minutes}
          disabled={!may}
          value={terms.minutes}
          usual={LENGTHS}
          say={say}
          onChange={(minutes) => set({ minutes })}
        />
        <Choice
          label={t.bufferBefore}
          disabled={!may}
          value={terms.buffer_before_minutes}
          usual={BUFFERS}
          say={say}
          onChange={(buffer_before_minutes) => set({ buffer_before_minutes })}
        />
        <Choice
          label={t.bufferAfter}
          disabled={!may}
          value={terms.buffer_after_minutes}
          usual={BUFFERS}
          say={say}
          onChange={(buffer_after_minutes) => set({ buffer_after_minutes })}
        />
        <Choice
          label={t.notice}
          disabled={!may}
          value={terms.notice_minutes}
          usual={NOTICES}
          say={say}
          onChange={(notice_minutes) => set({ notice_minutes })}
        />
        <Choice
          label={t.horizon}
          disabled={!may}
          value={terms.horizon_days * DAY}
          usual={HORIZONS}
          say={say}
          onChange={(minutes) => set({ horizon_days: minutes / DAY })}
        />
        {needs.length === 0 && (
          <NumberInput
            label={t.capacity}
            disabled={!may}
            min={1}
            max={100}
            allowDecimal={false}
            allowNegative={false}
            value={terms.capacity}
            onChange={(capacity) => set({ capacity: Number(capacity) || 1 })}
          />
        )}
      </div>
      {needs.length > 0 && (
        <p className="muted small">{fill(t.needs, { needs: new Intl.ListFormat(lang, { type: "conjunction" }).format(needs) })}</p>
      )}
      {may && (
        <div className="hook-acts">
          <Button type="submit" variant="light" loading={busy} aria-label={`${t.save}: ${service.name}`}>
            {t.save}
          </Button>
        </div>
      )}
    </form>
  );
}

/** A length of time out of the usual ones, and whatever stands. */
function Choice(props: {
  label: string;
  disabled: boolean;
  value: number;
  usual: readonly number[];
  say(minutes: number): string;
  onChange(minutes: number): void;
}) {
  return (
    <NativeSelect
      label={props.label}
      disabled={props.disabled}
      value={String(props.value)}
      onChange={(event) => props.onChange(Number(event.currentTarget.value))}
      data={choices(props.usual, props.value).map((minutes) => ({ value: String(minutes), label: props.say(minutes) }))}
    />
  );
}
