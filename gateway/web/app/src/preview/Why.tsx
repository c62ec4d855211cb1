/**
 * Why an answer is as it is: who gave it, the tools it used, what it stood on, what was kept back.
 */
import type { PreviewTool, PreviewTurn } from "../../../sdk/wire";
import { fill, formatNumber, useLocale } from "../i18n";
import { hasReasons, pretty } from "./lines";
import { TEXTS } from "./texts";

export function Reasons({ turn }: { turn: PreviewTurn }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const sources: Record<string, string> = t.sources;
  const seconds = formatNumber((turn.took_ms ?? 0) / 1000, lang, 1);
  return (
    <details className="preview-why" open={turn.withheld.length > 0 || undefined}>
      <summary>{turn.message_id ? t.why : t.whyFailed}</summary>
      {turn.model && <p className="muted small">{fill(t.by, { model: turn.model, prompt: turn.prompt ?? "", seconds })}</p>}
      {turn.failure && <p className="preview-bad">{fill(t.failure, { why: turn.failure.replaceAll("_", " ") })}</p>}
      {turn.state === "cancelled" && <p className="muted">{t.cancelled}</p>}
      {turn.withheld.length > 0 && (
        <>
          <h3>{t.withheld}</h3>
          <ul>
            {turn.withheld.map((one, place) => (
              <li key={place} className="preview-bad">
                <strong>{one.reason.replaceAll("_", " ")}</strong> <q dir="auto">{one.text}</q>
              </li>
            ))}
          </ul>
        </>
      )}
      {turn.tools.length > 0 && (
        <>
          <h3>{t.tools}</h3>
          <ul>
            {turn.tools.map((tool, place) => (
              <li key={place}>
                <Used tool={tool} />
              </li>
            ))}
          </ul>
        </>
      )}
      {turn.grounds.length > 0 && (
        <>
          <h3>{t.grounds}</h3>
          <ul>
            {turn.grounds.map((ground) => (
              <li key={ground.id}>
                <span className="muted">{sources[ground.source] ?? ground.source}</span>{" "}
                <bdi>{ground.url ? <code dir="ltr">{ground.url}</code> : ground.title}</bdi>
                {ground.excerpt && ground.excerpt !== ground.title && (
                  <p className="muted small" dir="auto">
                    {ground.excerpt}
                  </p>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {turn.message_id && !hasReasons(turn) && <p className="muted">{t.noReasons}</p>}
    </details>
  );
}

function Used({ tool }: { tool: PreviewTool }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const outcomes: Record<string, string> = t.outcomes;
  const said = (
    <>
      <code dir="ltr">{tool.tool}</code>{" "}
      <span className={tool.outcome === "done" ? "muted" : "preview-bad"}>
        {outcomes[tool.outcome] ?? tool.outcome}
        {tool.code && ` (${tool.code.replaceAll("_", " ")})`}
      </span>
    </>
  );
  if (!tool.arguments && !tool.result) return said;
  return (
    <details>
      <summary>{said}</summary>
      {tool.arguments && (
        <>
          <h4>{t.asked}</h4>
          <pre dir="ltr" tabIndex={0}>
            {pretty(tool.arguments)}
          </pre>
        </>
      )}
      {tool.result && (
        <>
          <h4>{t.got}</h4>
          <pre dir="ltr" tabIndex={0}>
            {pretty(tool.result)}
          </pre>
        </>
      )}
    </details>
  );
}
