/**
 * Who is logged in, and in which language: the frame around every screen.
 */
import { Button, Loader, useDirection } from "@mantine/core";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { ProblemError } from "../../sdk/http";
import type { Me } from "../../sdk/wire";
import { api } from "./api";
import { type Lang, type Locale, LocaleContext, loadTexts, rememberLang, type Texts } from "./i18n";
import { LeadsPage } from "./leads/LeadsPage";
import { LoginPage } from "./LoginPage";

const WebhooksPage = lazy(() => import("./webhooks/WebhooksPage"));
const KnowledgePage = lazy(() => import("./knowledge/KnowledgePage"));
const BookingsPage = lazy(() => import("./bookings/BookingsPage"));
const ToolsPage = lazy(() => import("./tools/ToolsPage"));
const PreviewPage = lazy(() => import("./preview/PreviewPage"));
const CalendarsPage = lazy(() => import("./calendars/CalendarsPage"));
const VehiclesPage = lazy(() => import("./vehicles/VehiclesPage"));
const BookingSettingsPage = lazy(() => import("./settings/BookingSettingsPage"));
const RepliesPage = lazy(() => import("./replies/RepliesPage"));
/** The first that an address begins with. */
const PAGES = {
  "/app/bookings/settings": BookingSettingsPage,
  "/app/replies": RepliesPage,
  "/app/vehicles": VehiclesPage,
  "/app/bookings": BookingsPage,
  "/app/webhooks": WebhooksPage,
  "/app/knowledge": KnowledgePage,
  "/app/calendars": CalendarsPage,
  "/app/preview": PreviewPage,
  "/app/tools": ToolsPage,
};
/** The page of this address, besides the list of leads. */
const Page = Object.entries(PAGES).find(([path]) => location.pathname.startsWith(path))?.[1];

type Account = { state: "loading" } | { state: "out" } | { state: "in"; me: Me } | { state: "failed" };

export function App(props: { lang: Lang; texts: Texts }) {
  const [lang, setLangState] = useState(props.lang);
  const [t, setTexts] = useState(props.texts);
  const [account, setAccount] = useState<Account>({ state: "loading" });
  const { setDirection } = useDirection();

  const setLang = useCallback(
    (next: Lang) => {
      void loadTexts(next).then((texts) => {
        rememberLang(next);
        document.documentElement.lang = next;
        setDirection(next === "ar" ? "rtl" : "ltr");
        setLangState(next);
        setTexts(texts);
      });
    },
    [setDirection],
  );

  const load = useCallback(async () => {
    try {
      setAccount({ state: "in", me: await api.me() });
    } catch (error) {
      const out = error instanceof ProblemError && (error.status === 401 || error.status === 403);
      setAccount({ state: out ? "out" : "failed" });
    }
  }, []);
  useEffect(() => void load(), [load]);

  const locale = useMemo<Locale>(() => ({ lang, t, setLang }), [lang, t, setLang]);
  const loggedOut = useCallback(() => setAccount({ state: "out" }), []);

  return (
    <LocaleContext.Provider value={locale}>
      {account.state === "in" && !Page && <LeadsPage me={account.me} onLoggedOut={loggedOut} />}
      {account.state === "in" && Page && (
        <Suspense>
          <Page me={account.me} onLoggedOut={loggedOut} />
        </Suspense>
      )}
      {account.state === "out" && <LoginPage onLoggedIn={load} />}
      {account.state === "loading" && (
        <div className="middle">
          <Loader aria-label="…" />
        </div>
      )}
      {account.state === "failed" && (
        <main className="middle" role="alert">
          <h1>{t.error.title}</h1>
          <p>{t.error.offline}</p>
          <Button onClick={() => void load()}>{t.error.retry}</Button>
        </main>
      )}
    </LocaleContext.Provider>
  );
}
