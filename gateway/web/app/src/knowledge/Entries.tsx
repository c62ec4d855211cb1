/**
 * Services, questions or rules: the list, the form in four languages, who changed what.
 */
import { Button, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { KnowledgeChange, KnowledgeEntry } from "../../../sdk/wire";
import { formatNumber, formatTime, type Lang, useLocale } from "../i18n";
import { bodyOf, type Draft, draftOf, type Kind, knowledge } from "./api";
import type { Asked, TabProps } from "./KnowledgePage";
import { TEXTS } from "./texts";

const LANGS: readonly Lang[] = ["nb", "fr", "en", "ar"];
const NAMES: Record<Lang, string> = { nb: "Norsk", fr: "Français", en: "English", ar: "العربية" };

interface Props extends TabProps {
  kind: Kind;
  asked?: Asked | null;
  onAnswered?(): void;
}

export function Entries({ kind, me, may, act, asked, onAnswered }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [entries, setEntries] = useState<KnowledgeEntry[] | null>(null);
  const [editing, setEditing] = useState<string | null>(asked ? "new" : null);
  const [open, setOpen] = useState<string | null>(null);

  const load = useCallback(async () => setEntries((await knowledge.list(kind)).entries), [kind]);
  useEffect(() => void act(load), [act, load]);

  const done = () => {
    setEditing(null);
    onAnswered?.();
  };
  const save = (entry: KnowledgeEntry | null, draft: Draft) =>
    act(async () => {
      const body = bodyOf(kind, draft, entry?.version ?? null, entry ? null : (asked?.id ?? null));
      try {
        await (entry ? knowledge.change(kind, entry.id, body) : knowledge.create(kind, body));
      } catch (failed) {
        await load();
        throw failed;
      }
      done();
      await load();
      return { text: t.saved };
    });
  const remove = (entry: KnowledgeEntry) =>
    act(async () => {
      const gone = await knowledge.remove(kind, entry);
      await load();
      const undo = async () => {
        await knowledge.restore(kind, gone);
        await load();
      };
      return { text: t.removed, undo };
    });

  if (!entries) return null;
  const fresh = asked && { ...draftOf(null), title: { [asked.lang]: asked.text } };
  return (
    <>
      {may && editing !== "new" && (
        <Button className="know-add" onClick={() => setEditing("new")}>
          {t.add[kind]}
        </Button>
      )}
      {editing === "new" && (
        <EntryForm kind={kind} draft={fresh || draftOf(null)} isNew onSave={(draft) => save(null, draft)} onCancel={done} />
      )}
      {entries.length === 0 && editing !== "new" && <p className="sheet know-none">{t.none[kind]}</p>}
      <ul className="know-list">
        {entries.map((entry) => (
          <li key={entry.id} className="sheet know-entry">
            {editing === entry.id ? (
              <EntryForm
                key={entry.version}
                kind={kind}
                draft={draftOf(entry)}
                onSave={(draft) => save(entry, draft)}
                onCancel={() => setEditing(null)}
              />
            ) : (
              <Shown entry={entry} />
            )}
            {editing !== entry.id && (
              <div className="know-acts">
                {may && (
                  <>
                    <Button size="compact-sm" variant="light" onClick={() => setEditing(entry.id)}>
                      {t.change}
                    </Button>
                    <Button size="compact-sm" variant="subtle" color="red" onClick={() => void remove(entry)}>
                      {t.remove}
                    </Button>
                  </>
                )}
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-expanded={open === entry.id}
                  onClick={() => setOpen(open === entry.id ? null : entry.id)}
                >
                  {t.history}
                </Button>
              </div>
            )}
            {open === entry.id && <History kind={kind} id={entry.id} zone={me.tenant.zone} version={entry.version} />}
          </li>
        ))}
      </ul>
    </>
  );
}

function Shown({ entry }: { entry: KnowledgeEntry }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  // In the reader's language, else in the first there is.
  const shown = entry.title[lang] ? lang : (Object.keys(entry.title)[0] ?? lang);
  return (
    <>
      <div className="know-head">
        <strong dir="auto" lang={shown}>
          {entry.title[shown]}
        </strong>
        {!entry.active && <span className="know-state">{t.inactive}</span>}
      </div>
      {entry.text[shown] && (
        <p className="know-text" dir="auto" lang={shown}>
          {entry.text[shown]}
        </p>
      )}
      <p className="muted small know-facts">
        {entry.price && (
          <span>
            {formatNumber(entry.price.minor / 100, lang)} {entry.price.currency}
          </span>
        )}
        <span dir="ltr">{Object.keys(entry.title).join(" · ")}</span>
        {entry.keywords.length > 0 && <span dir="auto">{entry.keywords.join(", ")}</span>}
      </p>
    </>
  );
}

interface FormProps {
  kind: Kind;
  draft: Draft;
  isNew?: boolean;
  onSave(draft: Draft): Promise<boolean>;
  onCancel(): void;
}

function EntryForm({ kind, draft: first, isNew, onSave, onCancel }: FormProps) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [draft, setDraft] = useState(first);
  const [busy, setBusy] = useState(false);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSave(draft);
    setBusy(false);
  };
  // The reader's own language first.
  const langs = [lang, ...LANGS.filter((one) => one !== lang)];
  return (
    <form
      className={isNew ? "sheet know-form" : "know-form"}
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
    >
      {langs.map((one, index) => (
        <fieldset key={one} lang={one} dir={one === "ar" ? "rtl" : "ltr"}>
          <legend>{NAMES[one]}</legend>
          <TextInput
            label={TEXTS[one].name[kind]}
            name={`title-${one}`}
            maxLength={300}
            value={draft.title[one] ?? ""}
            onChange={(event) => set({ title: { ...draft.title, [one]: event.currentTarget.value } })}
            data-autofocus={index === 0 || undefined}
            autoFocus={index === 0}
          />
          <Textarea
            label={TEXTS[one].text[kind]}
            name={`text-${one}`}
            maxLength={4000}
            rows={3}
            value={draft.text[one] ?? ""}
            onChange={(event) => set({ text: { ...draft.text, [one]: event.currentTarget.value } })}
          />
        </fieldset>
      ))}
      <TextInput
        label={t.keywords}
        description={t.keywordsHint}
        name="keywords"
        value={draft.keywords}
        onChange={(event) => set({ keywords: event.currentTarget.value })}
      />
      {kind === "services" && (
        <div className="know-row">
          <TextInput
            label={t.price}
            name="price"
            inputMode="decimal"
            dir="ltr"
            maxLength={14}
            value={draft.price}
            onChange={(event) => set({ price: event.currentTarget.value })}
          />
          <label className="know-field">
            {" "}
            <select aria-label={t.price} value={draft.currency} onChange={(event) => set({ currency: event.currentTarget.value })}>
              {["NOK", "EUR", "USD"].map((code) => (
                <option key={code}>{code}</option>
              ))}
            </select>
          </label>
          {isNew && (
            <TextInput
              label={t.minutes}
              name="minutes"
              inputMode="numeric"
              dir="ltr"
              maxLength={4}
              value={draft.minutes}
              onChange={(event) => set({ minutes: event.currentTarget.value })}
            />
          )}
        </div>
      )}
      <label className="know-check">
        <input type="checkbox" checked={draft.active} onChange={(event) => set({ active: event.currentTarget.checked })} />
        {t.active}
      </label>
      <div className="know-acts">
        <Button type="submit" loading={busy}>
          {t.save}
        </Button>
        <Button variant="light" onClick={onCancel}>
          {t.cancel}
        </Button>
      </div>
    </form>
  );
}

function History({ kind, id, zone, version }: { kind: Kind; id: string; zone: string; version: number }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [changes, setChanges] = useState<KnowledgeChange[]>([]);
  useEffect(() => {
    knowledge.history(kind, id).then(
      (history) => setChanges(history.changes),
      () => setChanges([]),
    );
  }, [kind, id, version]);
  return (
    <ol className="know-history small">
      {changes.map((change) => (
        <li key={change.version}>
          <time dateTime={change.at}>{formatTime(change.at, lang, zone, Date.now())}</time>{" "}
          <span dir="auto">{change.member_name ?? t.somebody}</span>: {t.actions[change.action as keyof typeof t.actions] ?? change.action}
        </li>
      ))}
    </ol>
  );
}
