/**
 * External calendars, for owners and managers: connecting one, choosing what it stands for, how it is.
 */
import { Alert, Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import type { CalendarChecked, CalendarChoice, CalendarProvider, CalendarView, Me, ResourceView } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { SubPage } from "../frame/SubPage";
import { useActs } from "../frame/useActs";
import { calendars, credentials, reason, refusal } from "./calls";
import { TEXTS } from "./texts";
import "../webhooks/webhooks.css";

export default function CalendarsPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [all, setAll] = useState<CalendarView[] | null>(null);
  const [providers, setProviders] = useState<CalendarProvider[]>([]);
  const [resources, setResources] = useState<ResourceView[]>([]);
  const [choices, setChoices] = useState<Record<string, CalendarChoice[]>>({});
  const [hook, setHook] = useState<CalendarChecked | null>(null);
  const [editing, setEditing] = useState<CalendarView | "new" | null>(null);
  const { error, note, tell, act } = useActs({
    refusal: (failed) => refusal(failed, t),
    onLoggedOut,
    load: async (signal) => {
      const found = await calendars.list(signal);
      setAll(found.calendars);
      setProviders(found.providers);
    },
  });
  useEffect(() => {
    calendars.resources().then(
      (found) => setResources(found.resources.filter((one) => one.active)),
      () => setResources([]),
    );
  }, []);
  useEffect(() => {
    const url = new URL(location.href);
    const consent = url.searchParams.get("consent");
    if (!consent) return;
    url.searchParams.delete("consent");
    history.replaceState(null, "", url);
    if (consent === "connected") tell("", t.consented);
    else tell(t.denied);
  }, [t, tell]);

  const keep = (checked: CalendarChecked) => {
    setChoices((known) => ({ ...known, [checked.calendar.calendar_id]: checked.choices }));
    if (checked.hook_secret) setHook(checked);
    setEditing(null);
  };

  return (
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="hooks"
      error={error}
      note={note}
      actions={
        <Button onClick={() => setEditing("new")} disabled={editing === "new"}>
          {t.add}
        </Button>
      }
    >
      {hook && (
        <Alert color="green" title={t.hook}>
          <p>
            <code dir="ltr">{hook.hook_url}</code>
          </p>
          <p>
            <code dir="ltr">{hook.hook_secret}</code>
          </p>
          <Button size="compact-sm" variant="light" onClick={() => setHook(null)}>
            {t.done}
          </Button>
        </Alert>
      )}
      {editing && (
        <CredentialsForm
          key={editing === "new" ? "new" : editing.calendar_id}
          providers={editing === "new" ? providers : [editing.provider]}
          known={editing === "new" ? null : editing}
          onCancel={() => setEditing(null)}
          onConsent={(provider) => act(async () => location.assign((await calendars.consent(provider)).url))}
          onSave={(body) =>
            act(async () => keep(editing === "new" ? await calendars.connect(body) : await calendars.reconnect(editing.calendar_id, body)))
          }
        />
      )}
      {all?.length === 0 && editing !== "new" && <p className="sheet hook-none">{t.none}</p>}
      {all?.map((calendar) => {
        const id = calendar.calendar_id;
        const offered = choices[id];
        const look = (say: string) => act(async () => (keep(await calendars.check(id)), say));
        return (
          <section key={id} className="sheet hook" aria-label={calendar.name || t.providers[calendar.provider]}>
            <Facts calendar={calendar} zone={me.tenant.zone} resources={resources} />
            {offered && (
              <Chooser
                calendar={calendar}
                choices={offered}
                resources={resources}
                onChoose={(external, resource) =>
                  act(async () => {
                    await calendars.choose(id, { calendar: external, resource_id: resource });
                    setChoices(({ [id]: _chosen, ...others }) => others);
                  })
                }
              />
            )}
            <div className="hook-acts">
              {!offered && (
                <Button size="compact-sm" variant="light" onClick={() => void look("")}>
                  {calendar.state === "choosing" ? t.choose : t.change}
                </Button>
              )}
              <Button size="compact-sm" variant="subtle" onClick={() => void look(t.checked)}>
                {t.check}
              </Button>
              {(calendar.provider === "cal_com" || calendar.provider === "cal_dav") && (
                <Button size="compact-sm" variant="subtle" onClick={() => setEditing(calendar)}>
                  {t.reconnect}
                </Button>
              )}
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={() => confirm(t.removeSure) && void act(() => calendars.remove(id))}
              >
                {t.remove}
              </Button>
            </div>
          </section>
        );
      })}
    </SubPage>
  );
}

/** What a calendar is, and how it is. */
function Facts({ calendar, zone, resources }: { calendar: CalendarView; zone: string; resources: ResourceView[] }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const time = (at: string) => formatTime(at, lang, zone, Date.now());
  const counted = (text: string, n: number) => fill(text, { n: formatNumber(n, lang) });
  const resource = resources.find((one) => one.resource_id === calendar.resource_id);
  return (
    <>
      <div className="hook-head">
        <div>
          <strong>{calendar.name || t.providers[calendar.provider]}</strong>
          <span className="muted">{[t.providers[calendar.provider], calendar.server, resource?.name].filter(Boolean).join(" · ")}</span>
        </div>
        <span className="hook-state" data-state={calendar.state === "working" ? "active" : calendar.state === "choosing" ? "" : "failing"}>
          {t.state[calendar.state]}
        </span>
      </div>
      {calendar.state === "failing" && calendar.failing_since && (
        <p>{fill(t.failing, { time: time(calendar.failing_since), why: reason(calendar.last_error, t) })}</p>
      )}
      {calendar.state === "refused" && <p>{t.refusedHint}</p>}
      {calendar.state !== "choosing" && (
        <p className="muted">
          {[
            calendar.read_at ? fill(t.read, { time: time(calendar.read_at) }) : t.never,
            counted(t.busy, calendar.busy),
            calendar.pending > 0 && counted(t.pending, calendar.pending),
            calendar.failed > 0 && counted(t.failed, calendar.failed),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      )}
    </>
  );
}

function Chooser(props: {
  calendar: CalendarView;
  choices: CalendarChoice[];
  resources: ResourceView[];
  onChoose(calendar: string, resource: string): Promise<unknown>;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const writable = props.choices.filter((choice) => choice.writable);
  const [external, setExternal] = useState(props.calendar.calendar || (writable[0]?.calendar ?? ""));
  const [resource, setResource] = useState(props.calendar.resource_id ?? props.resources[0]?.resource_id ?? "");
  const [busy, setBusy] = useState(false);
  const choose = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await props.onChoose(external, resource);
    setBusy(false);
  };
  return (
    <form className="hook-form" onSubmit={(event) => void choose(event)}>
      <NativeSelect
        label={t.calendar}
        value={external}
        onChange={(event) => setExternal(event.currentTarget.value)}
        data={writable.map((choice) => ({ value: choice.calendar, label: choice.name }))}
      />
      <NativeSelect
        label={t.resource}
        value={resource}
        onChange={(event) => setResource(event.currentTarget.value)}
        data={props.resources.map((one) => ({ value: one.resource_id, label: one.name }))}
      />
      <div className="hook-acts">
        <Button type="submit" loading={busy} disabled={!external || !resource}>
          {t.choose}
        </Button>
      </div>
    </form>
  );
}

function CredentialsForm(props: {
  providers: CalendarProvider[];
  /** The calendar that is connected again. */
  known: CalendarView | null;
  onCancel(): void;
  onConsent(provider: CalendarProvider): Promise<unknown>;
  onSave(body: ReturnType<typeof credentials>): Promise<unknown>;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [provider, setProvider] = useState<CalendarProvider>(props.providers[0] ?? "cal_dav");
  const [given, setGiven] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const consents = provider === "google" || provider === "microsoft";
  const set = (name: string) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setGiven((before) => ({ ...before, [name]: value }));
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await (consents ? props.onConsent(provider) : props.onSave(credentials(provider, given)));
    setBusy(false);
  };
  return (
    <form className="sheet hook-form" onSubmit={(event) => void save(event)}>
      {!props.known && (
        <NativeSelect
          label={t.provider}
          value={provider}
          onChange={(event) => setProvider(event.currentTarget.value as CalendarProvider)}
          data={props.providers.map((one) => ({ value: one, label: t.providers[one] }))}
        />
      )}
      {provider === "cal_com" && (
        <PasswordInput label={t.key} required autoComplete="off" dir="ltr" value={given["key"] ?? ""} onChange={set("key")} />
      )}
      {provider === "cal_dav" && (
        <>
          {!props.known && (
            <TextInput
              label={t.url}
              type="url"
              required
              dir="ltr"
              placeholder="https://"
              value={given["url"] ?? ""}
              onChange={set("url")}
            />
          )}
          <TextInput label={t.user} required autoComplete="off" dir="ltr" value={given["user"] ?? ""} onChange={set("user")} />
          <PasswordInput
            label={t.password}
            description={t.passwordHint}
            required
            autoComplete="new-password"
            value={given["password"] ?? ""}
            onChange={set("password")}
          />
        </>
      )}
      <div className="hook-acts">
        <Button type="submit" loading={busy}>
          {consents ? t.consent : t.connect}
        </Button>
        <Button variant="light" onClick={props.onCancel}>
          {t.cancel}
        </Button>
      </div>
    </form>
  );
}
