/**
 * What the assistant may say: profile and hours, services, questions, rules, the website, and what it had no
 * answer to. Everybody reads; owners and managers change.
 */
import { Button } from "@mantine/core";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { Me } from "../../../sdk/wire";
import { Icon, Mark } from "../icons";
import { useLocale } from "../i18n";
import { Switches } from "../Switches";
import { refusal } from "./api";
import { Entries } from "./Entries";
import { ProfileTab } from "./Profile";
import { TEXTS } from "./texts";
import { Unanswered } from "./Unanswered";
import { WebsiteTab } from "./Website";
import "./knowledge.css";

const TABS = ["profile", "services", "faqs", "policies", "website", "unanswered"] as const;
type Tab = (typeof TABS)[number];

/** Something that was done, and how it is taken back. */
export interface Note {
  text: string;
  undo?: () => Promise<void>;
}

export interface TabProps {
  me: Me;
  /** Whether this member may change anything. */
  may: boolean;
  /** Does something and tells what came of it; false when it was refused. */
  act(work: () => Promise<Note | void>): Promise<boolean>;
}

/** The question that an answer is being written for. */
export interface Asked {
  id: string;
  lang: string;
  text: string;
}

const tabOf = (): Tab => TABS.find((tab) => tab === location.hash.slice(1)) ?? "faqs";

export default function KnowledgePage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [tab, setTab] = useState<Tab>(tabOf);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [note, setNote] = useState<Note | null>(null);
  const [error, setError] = useState("");
  const tabs = useRef<HTMLDivElement>(null);

  useEffect(() => {
    document.title = `${t.title} – ${me.tenant.name}`;
  }, [t, me.tenant.name]);
  useEffect(() => {
    const moved = () => setTab(tabOf());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);

  // On a phone the tabs are wider than the screen.
  useEffect(() => {
    tabs.current?.querySelector(`#tab-${tab}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [tab]);

  const go = (next: Tab) => {
    history.replaceState(null, "", `#${next}`);
    setTab(next);
    setNote(null);
    setError("");
  };

  const act = useCallback<TabProps["act"]>(
    async (work) => {
      setNote(null);
      try {
        setNote((await work()) ?? null);
        setError("");
        return true;
      } catch (failed) {
        if (failed instanceof ProblemError && failed.status === 401) onLoggedOut();
        setError(refusal(failed, t));
        return false;
      }
    },
    [t, onLoggedOut],
  );

  /** Arrow keys go from tab to tab, in the direction of reading. */
  const onKey = (event: React.KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const way = document.documentElement.dir === "rtl" ? -step : step;
    const next = TABS[(TABS.indexOf(tab) + way + TABS.length) % TABS.length]!;
    go(next);
    tabs.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };

  const props: TabProps = { me, may: me.role !== "seller", act };
  const shown: Record<Tab, () => ReactNode> = {
    profile: () => <ProfileTab {...props} />,
    services: () => <Entries key="services" kind="services" {...props} />,
    faqs: () => <Entries key="faqs" kind="faqs" asked={asked} onAnswered={() => setAsked(null)} {...props} />,
    policies: () => <Entries key="policies" kind="policies" {...props} />,
    website: () => <WebsiteTab {...props} />,
    unanswered: () => (
      <Unanswered
        {...props}
        onAnswer={(question) => {
          setAsked(question);
          go("faqs");
        }}
      />
    ),
  };

  return (
    <>
      <header className="top">
        <a className="brand" href="/app/">
          <Mark />
          <span>{me.tenant.name}</span>
        </a>
        <a className="know-back" href="/app/">
          <Icon name="inbox" />
          {t.back}
        </a>
        <div className="tools">
          <Switches />
        </div>
      </header>
      <main className="page know">
        <div className="head">
          <h1>{t.title}</h1>
        </div>
        <p className="muted">{t.lead}</p>
        <div className="know-tabs" role="tablist" aria-label={t.title} ref={tabs} onKeyDown={onKey}>
          {TABS.map((one) => (
            <button
              key={one}
              id={`tab-${one}`}
              type="button"
              role="tab"
              aria-selected={one === tab}
              aria-controls="know-panel"
              tabIndex={one === tab ? 0 : -1}
              onClick={() => go(one)}
            >
              {t.tabs[one]}
            </button>
          ))}
        </div>
        <div role="alert">{error && <p className="note">{error}</p>}</div>
        <div role="status">
          {note && (
            <p className="note">
              {note.text}
              {note.undo && (
                <Button size="compact-sm" variant="subtle" onClick={() => void act(note.undo!)}>
                  {t.undo}
                </Button>
              )}
            </p>
          )}
        </div>
        <div id="know-panel" className="know-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
          {shown[tab]()}
        </div>
      </main>
    </>
  );
}
