/**
 * The ways to the other pages; on a phone they are one menu.
 */
import { ActionIcon } from "@mantine/core";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Me } from "../../../sdk/wire";
import { Icon, type IconName } from "../icons";
import { type Lang, useLocale } from "../i18n";
import "./frame.css";

interface Target {
  path: string;
  icon: IconName;
  /** Sellers may go there too. */
  all: boolean;
  label: Record<Lang, string>;
}

const TARGETS: readonly Target[] = [
  {
    path: "/app/bookings",
    icon: "agenda",
    all: true,
    label: { nb: "Bestillinger", en: "Bookings", fr: "Rendez-vous", ar: "المواعيد" },
  },
  {
    path: "/app/vehicles",
    icon: "car",
    all: true,
    label: { nb: "Biler", en: "Vehicles", fr: "Véhicules", ar: "المركبات" },
  },
  {
    path: "/app/knowledge",
    icon: "book",
    all: true,
    label: { nb: "Hva assistenten vet", en: "What the assistant knows", fr: "Ce que sait l’assistant", ar: "ما يعرفه المساعد" },
  },
  {
    path: "/app/replies",
    icon: "chart",
    all: false,
    label: { nb: "Assistentens svar", en: "The assistant’s replies", fr: "Réponses de l’assistant", ar: "ردود المساعد" },
  },
  {
    path: "/app/preview",
    icon: "eye",
    all: false,
    label: { nb: "Forhåndsvisning", en: "Preview", fr: "Aperçu", ar: "معاينة" },
  },
  {
    path: "/app/tools",
    icon: "tool",
    all: false,
    label: { nb: "Verktøy", en: "Tools", fr: "Outils", ar: "الأدوات" },
  },
  {
    path: "/app/calendars",
    icon: "calendar",
    all: false,
    label: { nb: "Kalendere", en: "Calendars", fr: "Agendas", ar: "التقاويم" },
  },
  {
    path: "/app/webhooks",
    icon: "hook",
    all: false,
    label: { nb: "Webhooks", en: "Webhooks", fr: "Webhooks", ar: "خطاطيف الويب" },
  },
];
const MENU: Record<Lang, string> = { nb: "Andre sider", en: "Other pages", fr: "Autres pages", ar: "صفحات أخرى" };

export function PageLinks({ me }: { me: Me }) {
  const { lang } = useLocale();
  const menu = useRef<HTMLDetailsElement>(null);
  const targets = TARGETS.filter((target) => target.all || me.role !== "seller");
  const isHere = (target: Target) => (location.pathname.startsWith(target.path) ? "page" : undefined);
  useEffect(() => {
    const elsewhere = (event: Event) => {
      if (menu.current && !menu.current.contains(event.target as Node)) menu.current.open = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, []);
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.current?.open) return;
    menu.current.open = false;
    menu.current.querySelector("summary")?.focus();
  };
  return (
    <>
      <nav className="links" aria-label={MENU[lang]}>
        {targets.map((target) => (
          <ActionIcon
            key={target.path}
            component="a"
            href={target.path}
            variant="subtle"
            color="gray"
            size={40}
            aria-label={target.label[lang]}
            aria-current={isHere(target)}
            title={target.label[lang]}
          >
            <Icon name={target.icon} size={20} />
          </ActionIcon>
        ))}
      </nav>
      <details className="links-menu" ref={menu} onKeyDown={onKey}>
        <summary aria-label={MENU[lang]}>
          <Icon name="menu" size={20} />
        </summary>
        <ul>
          {targets.map((target) => (
            <li key={target.path}>
              <a href={target.path} aria-current={isHere(target)}>
                <Icon name={target.icon} size={20} />
                {target.label[lang]}
              </a>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
