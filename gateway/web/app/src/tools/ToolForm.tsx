/**
 * A tool of the tenant's own, made or changed. What the server refuses stands at its field.
 */
import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/Fieldset.css";
import "@mantine/core/styles/NumberInput.css";
import { Button, Checkbox, Fieldset, NativeSelect, NumberInput, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Tool, ToolFieldKind, ToolMethod } from "../../../sdk/wire";
import { fill, LANGS, type Lang, useLocale } from "../i18n";
import { faultAt } from "./calls";
import { type ArgumentDraft, draftOf, emptyDraft, type FieldDraft, newArgument, newField, type Texts, type ToolDraft } from "./draft";
import { TEXTS } from "./texts";

const METHODS: readonly ToolMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const CURRENCIES = ["NOK", "EUR", "USD"];

interface Props {
  known: Tool | null;
  /** The languages that the tenant speaks. */
  languages: readonly Lang[];
  faults: Record<string, string>;
  onSave(draft: ToolDraft): Promise<unknown>;
  onCancel(): void;
}

export function ToolForm({ known, languages, faults, onSave, onCancel }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const f = t.form;
  const [draft, setDraft] = useState<ToolDraft>(() => (known ? draftOf(known) : emptyDraft()));
  const [busy, setBusy] = useState(false);
  const set = <K extends keyof ToolDraft>(name: K, value: ToolDraft[K]) => setDraft((before) => ({ ...before, [name]: value }));
  const at = (pointer: string) => faultAt(faults, pointer);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSave(draft);
    setBusy(false);
  };
  return (
    <form className="sheet tool-form" onSubmit={(event) => void save(event)}>
      <TextInput
        label={f.name}
        description={f.nameHint}
        required
        dir="ltr"
        maxLength={40}
        value={draft.name}
        error={at("/name")}
        onChange={(event) => set("name", event.currentTarget.value)}
      />
      <InLanguages
        legend={f.description}
        hint={f.descriptionHint}
        languages={languages}
        texts={draft.description}
        max={500}
        fault={at("/description")}
        onChange={(texts) => set("description", texts)}
      />
      <Fieldset legend={f.arguments} className="tool-rows">
        {at("/arguments") && <p className="tool-bad">{at("/arguments")}</p>}
        {draft.arguments.map((one, place) => (
          <Argument
            key={place}
            one={one}
            onChange={(next) => set("arguments", replaced(draft.arguments, place, next))}
            onRemove={() => set("arguments", without(draft.arguments, place))}
          />
        ))}
        {draft.arguments.length < 12 && <More onClick={() => set("arguments", [...draft.arguments, newArgument()])} />}
      </Fieldset>
      <div className="tool-two">
        <NativeSelect
          label={f.method}
          value={draft.method}
          error={at("/method")}
          onChange={(event) => set("method", event.currentTarget.value as ToolMethod)}
          data={[...METHODS]}
        />
        <TextInput
          label={f.url}
          description={f.urlHint}
          type="text"
          inputMode="url"
          required
          dir="ltr"
          placeholder="https://"
          value={draft.url}
          error={at("/url")}
          onChange={(event) => set("url", event.currentTarget.value)}
        />
      </div>
      <Fieldset legend={f.headers} className="tool-rows">
        {draft.headers === null ? (
          <>
            <p className="muted">{fill(f.headersKept, { names: known?.headers.join(", ") ?? "" })}</p>
            <Button size="compact-md" variant="light" onClick={() => set("headers", [{ name: "", value: "" }])}>
              {f.headersNew}
            </Button>
          </>
        ) : (
          <>
            <p className="muted small">{f.headersHint}</p>
            {at("/headers") && <p className="tool-bad">{at("/headers")}</p>}
            {draft.headers.map((one, place) => (
              <div key={place} className="tool-row">
                <TextInput
                  label={f.header}
                  dir="ltr"
                  value={one.name}
                  onChange={(event) => set("headers", replaced(draft.headers!, place, { ...one, name: event.currentTarget.value }))}
                />
                <PasswordInput
                  label={f.value}
                  dir="ltr"
                  autoComplete="off"
                  value={one.value}
                  onChange={(event) => set("headers", replaced(draft.headers!, place, { ...one, value: event.currentTarget.value }))}
                />
                <Less name={one.name || f.header} onClick={() => set("headers", without(draft.headers!, place))} />
              </div>
            ))}
            {draft.headers.length < 10 && <More onClick={() => set("headers", [...draft.headers!, { name: "", value: "" }])} />}
          </>
        )}
      </Fieldset>
      <Fieldset legend={f.answer} className="tool-rows">
        {faults["/answer"] && <p className="tool-bad">{faults["/answer"]}</p>}
        {draft.answer.map((one, place) => (
          <AnswerField
            key={place}
            one={one}
            languages={languages}
            fault={at(`/answer/${place}`)}
            onChange={(next) => set("answer", replaced(draft.answer, place, next))}
            onRemove={() => set("answer", without(draft.answer, place))}
          />
        ))}
        {draft.answer.length < 20 && <More onClick={() => set("answer", [...draft.answer, newField()])} />}
      </Fieldset>
      <div className="tool-two">
        <NumberInput
          label={f.timeout}
          description={f.timeoutHint}
          min={500}
          max={10_000}
          step={500}
          value={draft.timeout}
          error={at("/timeout_ms")}
          onChange={(value) => set("timeout", Number(value) || 5_000)}
        />
        <NumberInput
          label={f.budget}
          description={f.budgetHint}
          min={1}
          max={20}
          value={draft.budget}
          error={at("/budget")}
          onChange={(value) => set("budget", Number(value) || 1)}
        />
      </div>
      <Checkbox label={f.offered} checked={draft.active} onChange={(event) => set("active", event.currentTarget.checked)} />
      <div className="tool-acts">
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

const replaced = <T,>(all: readonly T[], place: number, one: T): T[] => all.map((before, at) => (at === place ? one : before));
const without = <T,>(all: readonly T[], place: number): T[] => all.filter((_, at) => at !== place);

function More({ onClick }: { onClick(): void }) {
  const { lang } = useLocale();
  return (
    <Button size="compact-md" variant="light" onClick={onClick}>
      {TEXTS[lang].more}
    </Button>
  );
}

function Less({ name, onClick }: { name: string; onClick(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  return (
    <Button size="compact-md" variant="subtle" color="red" aria-label={`${t.less}: ${name}`} onClick={onClick}>
      {t.less}
    </Button>
  );
}

function InLanguages(props: {
  legend: string;
  hint: string;
  languages: readonly Lang[];
  texts: Texts;
  max: number;
  fault: string | undefined;
  onChange(texts: Texts): void;
}) {
  return (
    <div className="tool-langs" role="group" aria-label={props.legend}>
      <p className="tool-legend">
        {props.legend} <span className="muted small">– {props.hint}</span>
      </p>
      {props.fault && <p className="tool-bad">{props.fault}</p>}
      {props.languages.map((tag) => (
        <TextInput
          key={tag}
          label={LANGS[tag]}
          lang={tag}
          dir="auto"
          maxLength={props.max}
          value={props.texts[tag] ?? ""}
          onChange={(event) => props.onChange({ ...props.texts, [tag]: event.currentTarget.value })}
        />
      ))}
    </div>
  );
}

function Argument({ one, onChange, onRemove }: { one: ArgumentDraft; onChange(next: ArgumentDraft): void; onRemove(): void }) {
  const { lang } = useLocale();
  const f = TEXTS[lang].form;
  return (
    <div className="tool-row">
      <TextInput
        label={f.argument}
        dir="ltr"
        maxLength={40}
        value={one.name}
        onChange={(event) => onChange({ ...one, name: event.currentTarget.value })}
      />
      <NativeSelect
        label={f.type}
        value={one.type}
        onChange={(event) => onChange({ ...one, type: event.currentTarget.value as ArgumentDraft["type"] })}
        data={(["string", "integer", "boolean"] as const).map((value) => ({ value, label: f.types[value] }))}
      />
      <TextInput
        label={f.about}
        dir="auto"
        maxLength={300}
        value={one.description}
        onChange={(event) => onChange({ ...one, description: event.currentTarget.value })}
      />
      <Checkbox
        label={f.required}
        checked={one.required}
        onChange={(event) => onChange({ ...one, required: event.currentTarget.checked })}
      />
      <Less name={one.name || f.argument} onClick={onRemove} />
    </div>
  );
}

function AnswerField(props: {
  one: FieldDraft;
  languages: readonly Lang[];
  fault: string | undefined;
  onChange(next: FieldDraft): void;
  onRemove(): void;
}) {
  const { one, onChange } = props;
  const { lang } = useLocale();
  const f = TEXTS[lang].form;
  return (
    <div className="tool-field">
      {props.fault && <p className="tool-bad">{props.fault}</p>}
      <div className="tool-row">
        <TextInput label={f.name} dir="ltr" value={one.name} onChange={(event) => onChange({ ...one, name: event.currentTarget.value })} />
        <TextInput
          label={f.pointer}
          description={f.pointerHint}
          dir="ltr"
          value={one.pointer}
          onChange={(event) => onChange({ ...one, pointer: event.currentTarget.value })}
        />
        <NativeSelect
          label={f.kind}
          value={one.kind}
          onChange={(event) => onChange({ ...one, kind: event.currentTarget.value as ToolFieldKind })}
          data={(["text", "number", "date", "amount"] as const).map((value) => ({ value, label: f.kinds[value] }))}
        />
        {one.kind === "number" && (
          <TextInput label={f.unit} value={one.unit} onChange={(event) => onChange({ ...one, unit: event.currentTarget.value })} />
        )}
        {one.kind === "amount" && (
          <NativeSelect
            label={f.currency}
            value={one.currency}
            onChange={(event) => onChange({ ...one, currency: event.currentTarget.value })}
            data={CURRENCIES}
          />
        )}
        <Less name={one.name || f.pointer} onClick={props.onRemove} />
      </div>
      <InLanguages
        legend={f.label}
        hint={f.labelHint}
        languages={props.languages}
        texts={one.label}
        max={100}
        fault={undefined}
        onChange={(label) => onChange({ ...one, label })}
      />
    </div>
  );
}
