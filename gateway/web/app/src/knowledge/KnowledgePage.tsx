/**
 * What the assistant may say: profile and hours, services, questions, rules, the website, and what it had no
 * answer to. Everybody reads; owners and managers change.
 */
import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Me } from "../../../sdk/wire";
import { useLocale } from "../i18n";
import { SubPage } from "../frame/SubPage";
import { type Acts, useActs } from "../frame/useActs";
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
  act: Acts<Note>["act"];
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
  const { error, note, tell, act } = useActs<Note>({ refusal: (failed) => refusal(failed, t), onLoggedOut });
  const tabs = useRef<HTMLDivElement>(null);

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
    tell("");
  };

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
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="know"
      error={error}
      note={
        note && (
          <>
            {note.text}
            {note.undo && (
              <Button size="compact-sm" variant="subtle" onClick={() => void act(note.undo!)}>
                {t.undo}
              </Button>
            )}
          </>
        )
      }
    >
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
      <div id="know-panel" className="know-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {shown[tab]()}
      </div>
    </SubPage>
  );
}
