/**
 * Outgoing webhooks, for owners and managers: endpoints, their secrets (shown once), their calls.
 */
import { Alert, Button, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import type { Me, WebhookEndpoint, WebhookTopic } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { SubPage } from "../frame/SubPage";
import { type Acts, useActs } from "../frame/useActs";
import { Calls } from "./Calls";
import { hooks, refusal, settings, TOPICS } from "./calls";
import { TEXTS } from "./texts";
import "./webhooks.css";

export default function WebhooksPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [endpoints, setEndpoints] = useState<WebhookEndpoint[] | null>(null);
  const [secret, setSecret] = useState("");
  const [editing, setEditing] = useState<WebhookEndpoint | "new" | null>(null);
  const [open, setOpen] = useState<string | null>(null);

  const { error, note, act } = useActs({
    refusal: (failed) => refusal(failed, t),
    onLoggedOut,
    load: async (signal) => setEndpoints((await hooks.list(signal)).endpoints),
  });

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
      {secret && <Secret secret={secret} onDone={() => setSecret("")} />}
      {editing === "new" && (
        <EndpointForm
          onCancel={() => setEditing(null)}
          onSave={(body) =>
            act(async () => {
              const made = await hooks.create(body);
              setSecret(made.secret);
              setEditing(null);
            })
          }
        />
      )}
      {endpoints?.length === 0 && editing !== "new" && <p className="sheet hook-none">{t.none}</p>}
      {endpoints?.map((endpoint) => (
        <section key={endpoint.endpoint_id} className="sheet hook" aria-label={endpoint.description ?? endpoint.url}>
          {editing !== null && editing !== "new" && editing.endpoint_id === endpoint.endpoint_id ? (
            <EndpointForm
              endpoint={endpoint}
              onCancel={() => setEditing(null)}
              onSave={(body) =>
                act(async () => {
                  await hooks.change(endpoint.endpoint_id, body);
                  setEditing(null);
                })
              }
            />
          ) : (
            <Endpoint endpoint={endpoint} zone={me.tenant.zone}>
              <Actions endpoint={endpoint} act={act} onSecret={setSecret} onEdit={() => setEditing(endpoint)} />
              <Button
                size="compact-sm"
                variant="subtle"
                aria-expanded={open === endpoint.endpoint_id}
                onClick={() => setOpen(open === endpoint.endpoint_id ? null : endpoint.endpoint_id)}
              >
                {t.calls}
              </Button>
            </Endpoint>
          )}
          {open === endpoint.endpoint_id && <Calls endpoint={endpoint.endpoint_id} zone={me.tenant.zone} />}
        </section>
      ))}
    </SubPage>
  );
}

function Endpoint({ endpoint, zone, children }: { endpoint: WebhookEndpoint; zone: string; children: ReactNode }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const time = (at: string) => formatTime(at, lang, zone, Date.now());
  return (
    <>
      <div className="hook-head">
        <div>
          {endpoint.description && <strong>{endpoint.description}</strong>}
          <code dir="ltr">{endpoint.url}</code>
        </div>
        <span className="hook-state" data-state={endpoint.paused ? "paused" : endpoint.failing_since ? "failing" : "active"}>
          {endpoint.paused ? t.paused[endpoint.paused.why] : t.active}
        </span>
      </div>
      <p className="muted small hook-facts">
        {endpoint.failing_since && <span className="hook-bad">{fill(t.failing, { time: time(endpoint.failing_since) })}</span>}
        {endpoint.accepted_at && <span>{fill(t.accepted, { time: time(endpoint.accepted_at) })}</span>}
        {endpoint.pending + endpoint.behind > 0 && (
          <span>{fill(t.waiting, { n: formatNumber(endpoint.pending + endpoint.behind, lang) })}</span>
        )}
        {endpoint.old_secret_until && <span>{fill(t.oldSecret, { time: time(endpoint.old_secret_until) })}</span>}
        {endpoint.topics.map((topic) => (
          <code key={topic} dir="ltr">
            {topic}
          </code>
        ))}
      </p>
      <div className="hook-acts">{children}</div>
    </>
  );
}

interface ActionsProps {
  endpoint: WebhookEndpoint;
  act: Acts<string>["act"];
  onSecret(secret: string): void;
  onEdit(): void;
}

function Actions({ endpoint, act, onSecret, onEdit }: ActionsProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const id = endpoint.endpoint_id;
  const button = (label: string, work: () => Promise<string | void>) => (
    <Button key={label} size="compact-sm" variant="light" onClick={() => void act(work)}>
      {label}
    </Button>
  );
  return (
    <>
      {!endpoint.paused && button(t.test, async () => fill(t.testSent, { n: (await hooks.test(id)).number }))}
      {!endpoint.paused && button(t.pause, async () => void (await hooks.pause(id)))}
      {endpoint.paused && button(t.resume, async () => void (await hooks.resume(id, false)))}
      {endpoint.paused && button(t.skip, async () => void (await hooks.resume(id, true)))}
      <Button size="compact-sm" variant="light" onClick={onEdit}>
        {t.change}
      </Button>
      {button(t.rotate, async () => {
        if (confirm(t.rotateSure)) onSecret((await hooks.rotate(id)).secret);
      })}
      <Button
        size="compact-sm"
        variant="light"
        color="red"
        onClick={() => confirm(t.removeSure) && void act(async () => void (await hooks.remove(id)))}
      >
        {t.remove}
      </Button>
    </>
  );
}

function Secret({ secret, onDone }: { secret: string; onDone(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // Not allowed: it can still be selected by hand.
    }
  };
  return (
    <Alert title={t.secret} className="hook-secret">
      <p>{t.secretHint}</p>
      <code dir="ltr" data-testid="secret" tabIndex={0}>
        {secret}
      </code>
      <div className="hook-acts">
        <Button size="compact-sm" onClick={() => void copy()}>
          {copied ? t.copied : t.copy}
        </Button>
        <Button size="compact-sm" variant="light" onClick={onDone}>
          {t.done}
        </Button>
      </div>
    </Alert>
  );
}

interface FormProps {
  endpoint?: WebhookEndpoint;
  onSave(body: ReturnType<typeof settings>): Promise<unknown>;
  onCancel(): void;
}

function EndpointForm({ endpoint, onSave, onCancel }: FormProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [description, setDescription] = useState(endpoint?.description ?? "");
  const [topics, setTopics] = useState<ReadonlySet<WebhookTopic>>(new Set(endpoint?.topics.length ? endpoint.topics : TOPICS));
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSave(settings(url, description, topics));
    setBusy(false);
  };
  const toggle = (topic: WebhookTopic, on: boolean) => {
    const next = new Set(topics);
    if (on) next.add(topic);
    else next.delete(topic);
    setTopics(next);
  };
  return (
    <form className="sheet hook-form" onSubmit={(event) => void submit(event)}>
      <TextInput
        label={t.url}
        description={t.urlHint}
        type="url"
        dir="ltr"
        name="url"
        required
        maxLength={2000}
        placeholder="https://"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        autoFocus
      />
      <TextInput
        label={t.description}
        name="description"
        maxLength={200}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <fieldset>
        <legend>{t.topics}</legend>
        {TOPICS.map((topic) => (
          <label key={topic}>
            <input type="checkbox" checked={topics.has(topic)} onChange={(event) => toggle(topic, event.currentTarget.checked)} />
            <code dir="ltr">{topic}</code>
          </label>
        ))}
      </fieldset>
      <div className="hook-acts">
        <Button type="submit" loading={busy} disabled={topics.size === 0}>
          {t.save}
        </Button>
        <Button variant="light" onClick={onCancel}>
          {t.cancel}
        </Button>
      </div>
    </form>
  );
}
