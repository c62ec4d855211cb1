/**
 * The calls of one endpoint: what became of each, every try, and sending them again.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import type { WebhookCall, WebhookCallStatus, WebhookCallStory } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { hooks, refusal } from "./calls";
import { TEXTS } from "./texts";

const STATUSES: readonly WebhookCallStatus[] = ["pending", "accepted", "failed", "skipped"];

export function Calls({ endpoint, zone }: { endpoint: string; zone: string }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [status, setStatus] = useState("");
  const [calls, setCalls] = useState<WebhookCall[]>([]);
  const [next, setNext] = useState<number>();
  const [note, setNote] = useState("");
  const [story, setStory] = useState<WebhookCallStory | null>(null);
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");

  const load = useCallback(
    async (before?: number) => {
      const query = new URLSearchParams({ limit: "25" });
      if (status) query.set("status", status);
      if (before !== undefined) query.set("before", String(before));
      try {
        const page = await hooks.calls(endpoint, query.toString());
        setCalls((known) => (before === undefined ? page.calls : [...known, ...page.calls]));
        setNext(page.next);
      } catch (failed) {
        setNote(refusal(failed, t));
      }
    },
    [endpoint, status, t],
  );
  useEffect(() => void load(), [load]);

  const replay = async (body: Parameters<typeof hooks.replay>[1]) => {
    try {
      const done = await hooks.replay(endpoint, body);
      setNote(`${fill(t.replayed, { n: formatNumber(done.count, lang) })}${done.more ? ` ${t.more}` : ""}`);
    } catch (failed) {
      setNote(refusal(failed, t));
    }
    await load();
  };
  const show = async (number: number) => {
    if (story?.call.number === number) return setStory(null);
    try {
      setStory(await hooks.call(endpoint, number));
    } catch (failed) {
      setNote(refusal(failed, t));
    }
  };
  const time = (at: string) => formatTime(at, lang, zone, Date.now());

  return (
    <div className="hook-calls">
      <div className="hook-acts">
        <NativeSelect
          aria-label={t.calls}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
          data={[{ value: "", label: t.status.all }, ...STATUSES.map((value) => ({ value, label: t.status[value] }))]}
        />
        <Button variant="subtle" onClick={() => void load()}>
          {t.refresh}
        </Button>
      </div>
      <div role="status">{note && <p className="note">{note}</p>}</div>
      {calls.length === 0 && <p className="muted">{t.noCalls}</p>}
      <ul>
        {calls.map((call) => (
          <li key={call.number}>
            <button type="button" aria-expanded={story?.call.number === call.number} onClick={() => void show(call.number)}>
              <span className="muted">{call.number}</span>
              <code dir="ltr">{call.topic}</code>
              <span className="hook-state" data-state={call.status}>
                {t.status[call.status]}
              </span>
              <span className="muted">{call.last}</span>
              <span className="muted">{time(call.created_at)}</span>
              {call.next_at && call.tries > 0 && <span className="muted">{fill(t.next, { time: time(call.next_at) })}</span>}
            </button>
            {story?.call.number === call.number && (
              <div className="hook-story">
                <h3>{t.tries}</h3>
                <ol>
                  {story.tries.map((one) => (
                    <li key={one.number}>
                      {time(one.at)} · <strong>{one.status ?? fill(t.noAnswer, { code: one.code ?? "?" })}</strong> ·{" "}
                      {fill(t.took, { n: formatNumber(one.took_ms, lang) })}
                      {one.beginning && <pre dir="ltr">{one.beginning}</pre>}
                    </li>
                  ))}
                </ol>
                <h3>{t.body}</h3>
                <pre dir="ltr">{story.body}</pre>
                {story.call.status !== "pending" && (
                  <Button size="compact-sm" onClick={() => void replay({ numbers: [call.number] })}>
                    {t.replay}
                  </Button>
                )}
              </div>
            )}
          </li>
        ))}
      </ul>
      <div className="hook-acts">
        {next !== undefined && (
          <Button variant="light" onClick={() => void load(next)}>
            {t.older}
          </Button>
        )}
        <TextInput type="date" aria-label={t.from} title={t.from} value={since} onChange={(event) => setSince(event.currentTarget.value)} />
        <TextInput type="date" aria-label={t.to} title={t.to} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
        <Button variant="light" onClick={() => void replay({ ...(since && { since }), ...(until && { until }) })}>
          {t.replayRange}
        </Button>
      </div>
    </div>
  );
}
