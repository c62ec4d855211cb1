/**
 * Adding a vehicle, or changing one: plain errors beside their fields, and a colleague's change that came
 * between is shown without losing what was typed.
 */
import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { VehicleFields, VehicleView } from "../../../sdk/wire";
import type { Acts } from "../frame/useActs";
import { Icon } from "../icons";
import { fill, LANGS as NAMES, useLocale } from "../i18n";
import { fault, fieldErrors, isConflict, vehicles } from "./calls";
import {
  BODIES,
  changesOf,
  CURRENCIES,
  type Draft,
  draftOf,
  DRIVES,
  type Field,
  fieldsOf,
  FUELS,
  LANGS,
  rebased,
  TRANSMISSIONS,
} from "./draft";
import { TEXTS } from "./texts";

interface Props {
  /** What is changed; nothing when one is added. */
  vehicle: VehicleView | null;
  currency: string;
  act: Acts<string>["act"];
  /** Tells of a colleague's change. */
  onConflict(text: string): void;
  /** Answers what is told of it, where the form stood. */
  onSaved(vehicle: VehicleView): string | void;
  onCancel(): void;
}

export function VehicleForm({ vehicle, currency, act, onConflict, onSaved, onCancel }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  // What the form was opened with, and newer when a colleague's change came between.
  const [base, setBase] = useState(vehicle);
  const [draft, setDraft] = useState<Draft>(() => draftOf(vehicle, currency));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  // The first wrong field is where the member goes on.
  useEffect(() => {
    if (Object.keys(errors).length) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [errors]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { fields, faults } = fieldsOf(draft);
    const told = Object.entries(faults).map(([field, code]) => [field, fault(code, "", t)]);
    setErrors(Object.fromEntries(told));
    if (told.length) return;
    setBusy(true);
    let conflict = "";
    const done = await act(async () => {
      try {
        return onSaved(base ? await change(base) : await vehicles.add(fields as VehicleFields));
      } catch (failed) {
        if (!base || !isConflict(failed)) {
          setErrors(fieldErrors(failed, t));
          throw failed;
        }
        const [newer, story] = await Promise.all([vehicles.get(base.vehicle_id), vehicles.history(base.vehicle_id)]);
        setDraft(rebased(draftOf(base), draft, draftOf(newer)));
        setBase(newer);
        conflict = fill(t.conflict, { name: story.steps[0]?.by ?? t.somebody });
      }
    });
    setBusy(false);
    if (done && conflict) onConflict(conflict);
  };
  const change = async (from: VehicleView) => {
    const set = changesOf(draftOf(from), draft);
    return Object.keys(set).length ? vehicles.change(from.vehicle_id, { version: from.version, set }) : from;
  };

  const put = (field: Field, value: string) => setDraft((before) => ({ ...before, [field]: value }));
  const props = (field: Field) => ({
    label: t.field[field],
    name: field,
    value: draft[field],
    error: errors[field],
    onChange: (event: { currentTarget: { value: string } }) => put(field, event.currentTarget.value),
  });
  const text = (field: Field, more: object = {}) => <TextInput key={field} maxLength={2000} dir="auto" {...props(field)} {...more} />;
  const code = (field: Field, more: object = {}) => text(field, { dir: "ltr", autoComplete: "off", ...more });
  const number = (field: Field, more: object = {}) => text(field, { dir: "ltr", inputMode: "numeric", maxLength: 14, ...more });
  const choice = <T extends string>(field: Field, values: readonly T[], labels: Record<T, string>, optional = true) => (
    <NativeSelect
      key={field}
      {...props(field)}
      rightSection={<Icon name="down" size={16} />}
      data={[...(optional ? [{ value: "", label: t.unnamed }] : []), ...values.map((value) => ({ value, label: labels[value] }))]}
    />
  );
  const needed = { withAsterisk: true, "aria-required": true };
  return (
    <form
      ref={form}
      className="veh-form"
      noValidate
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // What was typed is not closed away with the drawer.
        event.stopPropagation();
        onCancel();
      }}
    >
      <Group name={t.groups.car}>
        {text("make", { ...needed, "data-autofocus": true, autoFocus: true })}
        {text("model", needed)}
        {text("variant")}
        {number("year", needed)}
        {choice("fuel", FUELS, t.fuel, false)}
        {choice("body", BODIES, t.body)}
      </Group>
      <Group name={t.groups.price}>
        {number("price_minor", { ...needed, inputMode: "decimal" })}
        <NativeSelect {...props("currency")} rightSection={<Icon name="down" size={16} />} data={[...CURRENCIES]} />
        {number("kilometres", needed)}
        {number("range_km")}
      </Group>
      <Group name={t.groups.details}>
        {number("seats")}
        {choice("transmission", TRANSMISSIONS, t.transmission)}
        {choice("drive", DRIVES, t.drive)}
        {text("colour")}
        {number("power_kw")}
        {number("towing_kg")}
        {text("first_registered", { type: "date", dir: "ltr" })}
        {text("location")}
        {code("listing_url", { type: "url", placeholder: "https://" })}
        <Textarea className="veh-wide" dir="auto" rows={3} {...props("equipment")} />
      </Group>
      <Group name={t.groups.numbers}>
        {code("plate")}
        {code("plate_country", { maxLength: 2, placeholder: "NO" })}
        {code("stock_number")}
        {code("vin", { maxLength: 24 })}
      </Group>
      <Group name={t.groups.texts}>
        {/* The reader's own language first. */}
        {[lang, ...LANGS.filter((one) => one !== lang)].map((one) => (
          <Textarea
            key={one}
            className="veh-wide"
            label={NAMES[one]}
            name={`description-${one}`}
            lang={one}
            dir={one === "ar" ? "rtl" : "ltr"}
            rows={2}
            maxLength={4000}
            error={errors["description"]}
            value={draft.description[one] ?? ""}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setDraft((before) => ({ ...before, description: { ...before.description, [one]: value } }));
            }}
          />
        ))}
      </Group>
      <div className="veh-acts veh-save">
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

function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <fieldset>
      <legend>{name}</legend>
      {children}
    </fieldset>
  );
}
