/**
 * The frame of every page beside the list of leads: the bar on top, the heading, what came of what was done.
 */
import { type ReactNode, useEffect } from "react";
import type { Me } from "../../../sdk/wire";
import { Icon, Mark } from "../icons";
import { type Lang, useLocale } from "../i18n";
import { Switches } from "../Switches";
import { PageLinks } from "./PageLinks";
import "./frame.css";

const BACK: Record<Lang, string> = { nb: "Henvendelser", en: "Leads", fr: "Demandes", ar: "الطلبات" };

interface Props {
  me: Me;
  title: string;
  lead?: string;
  /** What the page's own classes hang on. */
  className: string;
  /** What can be done beside the heading. */
  actions?: ReactNode;
  error: string;
  note: ReactNode;
  children: ReactNode;
}

export function SubPage({ me, title, lead, className, actions, error, note, children }: Props) {
  const { lang } = useLocale();
  useEffect(() => {
    document.title = `${title} – ${me.tenant.name}`;
  }, [title, me.tenant.name]);
  return (
    <>
      <header className="top">
        <a className="brand" href="/app/">
          <Mark />
          <span>{me.tenant.name}</span>
        </a>
        <a className="back" href="/app/">
          <Icon name="inbox" />
          <span>{BACK[lang]}</span>
        </a>
        <div className="tools">
          <PageLinks me={me} />
          <Switches />
        </div>
      </header>
      <main className={`page ${className}`}>
        <div className="head">
          <h1>{title}</h1>
          {actions}
        </div>
        {lead && <p className="muted">{lead}</p>}
        <div role="alert">{error && <p className="note">{error}</p>}</div>
        <div role="status">{note && <p className="note">{note}</p>}</div>
        {children}
      </main>
    </>
  );
}
