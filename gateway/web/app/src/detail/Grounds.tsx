/**
 * What the assistant's answers of a conversation stood on, as it read then, and which way it was found.
 *
 * Read when it is opened: most who look at a conversation never ask.
 */
import { useEffect, useState } from "react";
import type { Ground } from "../../../sdk/wire";
import { api } from "../api";
import { formatExact, formatTime, useLocale } from "../i18n";

interface GroundsProps {
  sessionId: string;
  /** Read anew when it changes. */
  upTo: number;
  zone: string;
  now: number;
}

export function Grounds({ sessionId, upTo, zone, now }: GroundsProps) {
  const { lang, t } = useLocale();
  const texts = t.detail.grounds;
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState<Ground[] | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    api.grounds(sessionId, stop.signal).then(
      (found) => {
        setAll(found.grounds);
        setFailed(false);
      },
      () => !stop.signal.aborted && setFailed(true),
    );
    return () => stop.abort();
  }, [open, sessionId, upTo]);
  const named = (words: Record<string, string>, name: string | null) => (name && words[name]) || "";
  return (
    <details className="grounds" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.title}</summary>
      {failed && (
        <p className="muted" role="alert">
          {texts.failed}
        </p>
      )}
      {all?.length === 0 && <p className="muted">{texts.none}</p>}
      <ul>
        {all?.map((one) => (
          <li key={`${one.turn_id} ${one.source} ${one.id}`}>
            <b>
              <bdi>{one.title || named(texts.source, one.source)}</bdi>
            </b>
            {one.excerpt && <p dir="auto">{one.excerpt}</p>}
            <span className="muted small">
              {[named(texts.source, one.source), named(texts.by, one.found_by)].filter(Boolean).join(" · ")}{" "}
              <time dateTime={one.at} title={formatExact(one.at, lang, zone)}>
                {formatTime(one.at, lang, zone, now)}
              </time>{" "}
              {one.url && /^https?:/.test(one.url) && (
                <a href={one.url} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
                  {one.url}
                </a>
              )}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
