/**
 * The chat widget: `<script src="/widget.js" data-tenant="…" async></script>`.
 *
 * Lives here: the attributes of the script tag and the start. Until the visitor opens the panel
 * there is one button, no request, no storage, no shift of the page.
 *
 * Attributes: `data-tenant` (required), `data-lang`, `data-theme` (`light`, `dark`; else the
 * system's), `data-color` and `data-name` (shown before the tenant's own are known).
 * The page may ask: `dispatchEvent(new CustomEvent("forecourt:open", { detail: { text } }))`.
 */
import { Chat } from "../sdk/chat";
import { pickLang, TEXTS } from "./texts";
import { View } from "./view";

const script = document.currentScript as HTMLScriptElement | null;
const tenant = script?.dataset["tenant"];

function start(from: HTMLScriptElement, slug: string): void {
  const { lang: asked, theme, color, name } = from.dataset;
  const wishes = [asked, document.documentElement.lang, ...navigator.languages];
  const lang = () => pickLang(wishes, chat.brand.languages);
  let due = false;
  const chat = new Chat({
    base: new URL(from.src).origin,
    tenant: slug,
    lang,
    onChange() {
      // Several changes of one moment are drawn once.
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        view.render();
      });
    },
  });
  const wasOpen = chat.restore();
  const view = new View(chat, {
    lang,
    texts: () => TEXTS[lang()],
    theme: theme ?? null,
    color: color ?? null,
    name: name ?? null,
    load: <T>(name: string) => import(/* @vite-ignore */ new URL(`/widget-${name}.js`, from.src).href) as Promise<T>,
  });
  document.body.append(view.host);
  if (wasOpen) view.toggle(true, true);
  addEventListener("online", () => view.render());
  addEventListener("offline", () => view.render());
  addEventListener("forecourt:open", (event) => {
    view.toggle(true, false, (event as CustomEvent<{ text?: string } | null>).detail?.text ?? "");
  });
}

// Twice on one page, without a tenant, or in a browser from before 2023: stay away quietly.
if (script && tenant && "adoptedStyleSheets" in document && !document.querySelector("forecourt-chat")) {
  if (document.body) start(script, tenant);
  else addEventListener("DOMContentLoaded", () => start(script, tenant));
}
