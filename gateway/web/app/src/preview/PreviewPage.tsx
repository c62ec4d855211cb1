/**
 * The preview, for owners and managers: a conversation with the assistant in which nothing is real.
 */
import { Alert, Button, Loader, NativeSelect } from "@mantine/core";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { Me, PreviewAnswers, PreviewReadiness, StartPreview } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { LANGS, type Lang, useLocale } from "../i18n";
import { useStable } from "../hooks";
import { Ready, Stands } from "./Aside";
import { previews, refusal } from "./calls";
import { zones } from "./lines";
import { Talk } from "./Talk";
import { TEXTS } from "./texts";
import { usePreview } from "./usePreview";
import "./preview.css";

export default function PreviewPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [error, setError] = useState("");
  const [readiness, setReadiness] = useState<PreviewReadiness | null>(null);
  const [zone, setZone] = useState(me.tenant.zone);
  const complain = useStable((failed: unknown) => {
    if (failed instanceof ProblemError && failed.status === 401) onLoggedOut();
    setError(refusal(failed, t));
  });
  const { running, preview, draft, busy, start, write, end } = usePreview(complain);
  useEffect(() => {
    // Who comes back from another tab may have changed something there.
    const look = () => !document.hidden && previews.readiness().then(setReadiness, complain);
    void look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [complain]);
  const live = running === "runs";
  const begin = async (wish: StartPreview) => {
    setError("");
    await start(wish);
  };
  return (
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="preview"
      error={error}
      note={running === "ended" ? t.ended : ""}
      actions={
        live && (
          <Button variant="light" onClick={() => void end()} disabled={busy}>
            {t.endIt}
          </Button>
        )
      }
    >
      <Alert color="yellow" title={t.banner}>
        {t.bannerText} {(live ? preview?.answers === "models" : readiness?.models) ? t.spends : t.free}
      </Alert>
      {running === "loading" && <Loader aria-label={t.starting} />}
      {running !== "loading" && (
        <Setup me={me} readiness={readiness} again={!!preview} busy={busy} zone={zone} onZone={setZone} onStart={begin} />
      )}
      <div className="preview-sides">
        {preview ? (
          <Talk
            me={me}
            preview={preview}
            draft={draft}
            busy={busy}
            live={live}
            zone={zone}
            onWrite={(text, pressed) => {
              setError("");
              return write(text, pressed);
            }}
          />
        ) : (
          running === "none" && <p className="sheet preview-none">{t.none}</p>
        )}
        <div className="preview-aside">
          {preview && <Stands preview={preview} me={me} zone={zone} />}
          {readiness && <Ready readiness={readiness} />}
        </div>
      </div>
    </SubPage>
  );
}

/** How the customer comes. */
function Setup(props: {
  me: Me;
  readiness: PreviewReadiness | null;
  again: boolean;
  busy: boolean;
  zone: string;
  onZone(zone: string): void;
  onStart(wish: StartPreview): Promise<void>;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const spoken = props.me.tenant.languages.map((tag) => tag.split("-")[0] as Lang).filter((tag) => tag in LANGS);
  const [theirs, setTheirs] = useState<Lang>(spoken.includes(lang) ? lang : (spoken[0] ?? lang));
  const [answers, setAnswers] = useState<PreviewAnswers>("models");
  const models = props.readiness?.models ?? false;
  const all = useMemo(() => zones(props.me.tenant.zone), [props.me.tenant.zone]);
  const begin = (event: FormEvent) => {
    event.preventDefault();
    void props.onStart({ lang: theirs, answers: models ? answers : "house" });
  };
  return (
    <form className="sheet preview-setup" onSubmit={begin}>
      <NativeSelect
        label={t.language}
        value={theirs}
        onChange={(event) => setTheirs(event.currentTarget.value as Lang)}
        data={spoken.map((tag) => ({ value: tag, label: LANGS[tag] }))}
      />
      <NativeSelect
        label={t.zone}
        value={props.zone}
        onChange={(event) => props.onZone(event.currentTarget.value)}
        data={all.map((name) => ({ value: name, label: name.replaceAll("_", " ") }))}
      />
      <NativeSelect
        label={t.who}
        description={props.readiness && !models ? t.noModels : undefined}
        value={models ? answers : "house"}
        disabled={!models}
        onChange={(event) => setAnswers(event.currentTarget.value as PreviewAnswers)}
        data={[...(models ? [{ value: "models", label: t.models }] : []), { value: "house", label: t.house }]}
      />
      <Button type="submit" loading={props.busy}>
        {props.again ? t.again : t.start}
      </Button>
    </form>
  );
}
