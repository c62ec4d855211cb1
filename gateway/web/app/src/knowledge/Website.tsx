/**
 * The business's own pages: which are read, how far, and why not all.
 */
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { WebsiteView } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { knowledge } from "./api";
import type { TabProps } from "./KnowledgePage";
import { type KnowledgeTexts, TEXTS } from "./texts";

const FAST_MS = 1_000;
const SLOW_MS = 10_000;

/** What a short word of the server means to people. */
function why(code: string, t: KnowledgeTexts): string {
  if (code === "robots") return t.website.robots;
  if (code === "no_text") return t.website.no_text;
  if (code === "refused_address") return t.refused.url;
  return ["pages", "time", "passages"].includes(code) ? t.website.cut : t.website.unreachable;
}

export function WebsiteTab({ me, may, act }: TabProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [sites, setSites] = useState<WebsiteView[] | null>(null);
  const [url, setUrl] = useState("");

  const load = useCallback(async () => setSites((await knowledge.websites()).websites), []);
  useEffect(() => void act(load), [act, load]);
  const running = sites?.some((site) => site.status === "waiting" || site.status === "reading");
  useEffect(() => {
    // A look that fails is made again; the last one stays on the screen.
    const timer = setInterval(() => !document.hidden && void load().catch(() => {}), running ? FAST_MS : SLOW_MS);
    return () => clearInterval(timer);
  }, [running, load]);

  const add = (event: FormEvent) => {
    event.preventDefault();
    void act(async () => {
      await knowledge.addWebsite(url.trim());
      setUrl("");
      await load();
    });
  };
  const n = (value: number) => formatNumber(value, lang);
  const told = (site: WebsiteView) =>
    site.status === "reading"
      ? fill(t.website.progress, { read: n(site.pages_read), seen: n(site.pages_seen) })
      : site.passages > 0 && fill(t.website.result, { pages: n(site.pages_read), passages: n(site.passages) });

  if (!sites) return null;
  return (
    <>
      {may && (
        <form className="sheet know-form know-url" onSubmit={add}>
          <TextInput
            label={t.website.url}
            type="url"
            dir="ltr"
            name="url"
            required
            maxLength={2000}
            placeholder="https://"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Button type="submit">{t.website.read}</Button>
        </form>
      )}
      {sites.length === 0 && <p className="sheet know-none">{t.none.website}</p>}
      <ul className="know-list">
        {sites.map((site) => (
          <li key={site.id} className="sheet know-entry">
            <div className="know-head">
              <code dir="ltr">{site.url}</code>
              <span className="know-state" data-state={site.status}>
                {t.website.status[site.status as keyof typeof t.website.status] ?? site.status}
              </span>
            </div>
            {site.status === "reading" && <progress value={site.pages_read} max={Math.max(site.pages_seen, 1)} aria-label={site.url} />}
            <p className="muted small know-facts">
              {told(site) && <span>{told(site)}</span>}
              {site.code && site.status !== "reading" && <span>{why(site.code, t)}</span>}
              {site.next_at && site.status !== "reading" && site.status !== "waiting" && (
                <span>{fill(t.website.next, { time: formatTime(site.next_at, lang, me.tenant.zone, Date.now()) })}</span>
              )}
            </p>
            {may && (
              <div className="know-acts">
                <Button
                  size="compact-sm"
                  variant="light"
                  disabled={site.status === "reading" || site.status === "waiting"}
                  onClick={() =>
                    void act(async () => {
                      await knowledge.readWebsite(site.id);
                      await load();
                    })
                  }
                >
                  {t.website.again}
                </Button>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  onClick={() =>
                    void act(async () => {
                      await knowledge.removeWebsite(site.id);
                      await load();
                      const undo = async () => {
                        await knowledge.addWebsite(site.url);
                        await load();
                      };
                      return { text: t.removed, undo };
                    })
                  }
                >
                  {t.remove}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
