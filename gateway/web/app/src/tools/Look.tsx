/**
 * Looking at one tool: a trial with its result, its calls, its versions.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import type { ToolCall, ToolTrial, ToolVersion } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, LANGS, type Lang, useLocale } from "../i18n";
import { ending, faultAt, faults, refusal, tools } from "./calls";
import { argumentsOf, namesOf } from "./draft";
import { TEXTS } from "./texts";

interface TrialProps {
  /** The id of a tool of the tenant's own, or the name of a built-in one. */
  tool: string;
  name: string;
  schema: unknown;
  /** Whether a call can be made: a built-in tool is only shown. */
  sends: boolean;
  languages: readonly Lang[];
  onFailed(error: unknown): void;
}

export function Trial({ tool, name, schema, sends, languages, onFailed }: TrialProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const names = namesOf(schema);
  const [given, setGiven] = useState<Record<string, string>>({});
  const [spoken, setSpoken] = useState<Lang>(languages.includes(lang) ? lang : (languages[0] ?? lang));
  const [trial, setTrial] = useState<ToolTrial | null>(null);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async (send: boolean) => {
    setBusy(true);
    setTrial(null);
    setFault("");
    try {
      setTrial(await tools.try(tool, { arguments: argumentsOf(schema, given), send, lang: spoken }));
    } catch (error) {
      const why = faultAt(faults(error), "/arguments");
      if (!why) onFailed(error);
      setFault(why ?? refusal(error, t));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(false);
  };
  return (
    <div className="tool-look">
      <form className="tool-row" onSubmit={submit} aria-label={fill(t.trial.title, { name })}>
        {names.map((one) =>
          one.type === "boolean" || one.values.length ? (
            <NativeSelect
              key={one.name}
              label={one.name}
              description={one.description}
              value={given[one.name] ?? ""}
              onChange={(event) => setGiven({ ...given, [one.name]: event.currentTarget.value })}
              data={["", ...(one.values.length ? one.values : ["true", "false"])]}
            />
          ) : (
            <TextInput
              key={one.name}
              label={one.name}
              description={one.description}
              withAsterisk={one.required}
              dir="auto"
              value={given[one.name] ?? ""}
              onChange={(event) => setGiven({ ...given, [one.name]: event.currentTarget.value })}
            />
          ),
        )}
        <NativeSelect
          label={t.trial.language}
          value={spoken}
          onChange={(event) => setSpoken(event.currentTarget.value as Lang)}
          data={languages.map((tag) => ({ value: tag, label: LANGS[tag] }))}
        />
        <div className="tool-acts">
          <Button type="submit" variant={sends ? "light" : "filled"} loading={busy}>
            {sends ? t.trial.show : t.trial.run}
          </Button>
          {sends && (
            <Button onClick={() => void run(true)} loading={busy}>
              {t.trial.send}
            </Button>
          )}
        </div>
      </form>
      <div role="status">
        {fault && <p className="tool-bad">{fault}</p>}
        {trial && <Shown trial={trial} />}
      </div>
    </div>
  );
}

function Shown({ trial }: { trial: ToolTrial }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const { request, sent, dry_run: dry } = trial;
  const ms = (took: number) => formatNumber(took, lang);
  return (
    <>
      {request && (
        <>
          <h3>{t.trial.request}</h3>
          <pre dir="ltr" tabIndex={0}>
            {[`${request.method} ${request.url}`, ...request.headers.map((name) => `${name}: …`), request.body && `\n${request.body}`]
              .filter(Boolean)
              .join("\n")}
          </pre>
        </>
      )}
      {sent && (
        <>
          <h3>{t.trial.sent}</h3>
          <p className={sent.code === "done" ? "" : "tool-bad"}>
            {sent.status === null
              ? fill(t.trial.noStatus, { ms: ms(sent.took_ms) })
              : fill(t.trial.status, { status: sent.status, ms: ms(sent.took_ms) })}
            {" · "}
            {ending(sent.code, t)}
          </p>
          {sent.fields !== null && (
            <>
              <h3>{t.trial.knows}</h3>
              <pre dir="ltr" tabIndex={0}>
                {JSON.stringify(sent.fields, null, 2)}
              </pre>
              <h3>{t.trial.says}</h3>
              {sent.may_say.length ? (
                <ul>
                  {sent.may_say.map((line, place) => (
                    <li key={place} dir="auto">
                      {line}
                    </li>
                  ))}
                </ul>
              ) : (
                <p className="muted">{t.trial.saysNothing}</p>
              )}
            </>
          )}
          {sent.left_out.length > 0 && <p className="muted">{fill(t.trial.leftOut, { names: sent.left_out.join(", ") })}</p>}
        </>
      )}
      {dry && (
        <>
          <h3>{dry.would_run ? (dry.is_result ? t.trial.result : t.trial.plan) : t.trial.wouldNot}</h3>
          <pre dir="ltr" tabIndex={0}>
            {JSON.stringify(dry.shown, null, 2)}
          </pre>
        </>
      )}
    </>
  );
}

export function Calls({ tool, zone, onFailed }: { tool: string; zone: string; onFailed(error: unknown): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const calls = useRead<ToolCall[]>(async (signal) => (await tools.calls(tool, signal)).calls, tool, onFailed);
  if (!calls) return null;
  if (calls.length === 0) return <p className="muted">{t.callsNone}</p>;
  return (
    <ul className="tool-lines">
      {calls.map((call, place) => (
        <li key={place}>
          <span className={call.code === "done" ? "tool-good" : "tool-bad"}>
            {ending(call.code, t)}
            {call.status !== null && call.code !== "done" && ` (${call.status})`}
          </span>
          <span className="muted">
            {fill(t.callAt, { time: formatTime(call.at, lang, zone, Date.now()), ms: formatNumber(call.took_ms, lang), n: call.version })}
          </span>
          {call.member_id && <span className="muted">{t.byTrial}</span>}
        </li>
      ))}
    </ul>
  );
}

export function Versions({ tool, zone, onFailed }: { tool: string; zone: string; onFailed(error: unknown): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const actions: Record<string, string> = t.actions;
  const versions = useRead<ToolVersion[]>(async (signal) => (await tools.versions(tool, signal)).versions, tool, onFailed);
  return (
    <ul className="tool-lines">
      {versions?.map(({ action, tool: then }) => (
        <li key={then.version}>
          <details>
            <summary>
              {fill(t.version, { n: then.version })} · {actions[action] ?? action} · {formatTime(then.updated_at, lang, zone, Date.now())}
            </summary>
            <pre dir="ltr" tabIndex={0}>
              {JSON.stringify(then, null, 2)}
            </pre>
          </details>
        </li>
      ))}
    </ul>
  );
}

/** Reads once for each tool; what was asked for another one is dropped. */
function useRead<T>(read: (signal: AbortSignal) => Promise<T>, tool: string, onFailed: (error: unknown) => void): T | null {
  const [found, setFound] = useState<T | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    read(stop.signal).then(setFound, (error) => {
      if (!stop.signal.aborted) onFailed(error);
    });
    return () => stop.abort();
    // The tool says what is read; the functions are new at every drawing.
  }, [tool]);
  return found;
}
