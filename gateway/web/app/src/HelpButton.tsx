/**
 * The list of keys, behind a button and the `?` key.
 */
import { ActionIcon } from "@mantine/core";
import { useEffect, useRef } from "react";
import { Icon } from "./icons";
import { useLocale } from "./i18n";

const KEYS = [
  ["j", "k", "move"],
  ["Enter", "enter"],
  ["/", "search"],
  ["r", "reply"],
  ["t", "take"],
  ["Esc", "close"],
  ["?", "help"],
] as const;

export function HelpButton() {
  const { t } = useLocale();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || (event.target as HTMLElement).closest("input, select, textarea")) return;
      event.preventDefault();
      if (dialog.current?.open) dialog.current.close();
      else dialog.current?.showModal();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={40}
        className="help-open"
        aria-label={t.help.open}
        title={`${t.help.open} (?)`}
        onClick={() => dialog.current?.showModal()}
      >
        <Icon name="keyboard" size={20} />
      </ActionIcon>
      <dialog
        ref={dialog}
        className="help"
        aria-labelledby="help-title"
        onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
        // A click beside the sheet closes it.
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      >
        <div>
          <h2 id="help-title">{t.help.title}</h2>
          <dl>
            {KEYS.map((row) => (
              <div key={row.at(-1)}>
                <dt dir="ltr">
                  {row.slice(0, -1).map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t.help[row.at(-1) as keyof typeof t.help]}</dd>
              </div>
            ))}
          </dl>
          <button type="button" className="link" onClick={() => dialog.current?.close()}>
            {t.help.done}
          </button>
        </div>
      </dialog>
    </>
  );
}
