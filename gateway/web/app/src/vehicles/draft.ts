/**
 * A vehicle as a form holds it: text alone; and what the text stands for.
 */
import type { VehicleFields } from "../../../sdk/wire";
import type { Lang } from "../i18n";

export const LANGS: readonly Lang[] = ["nb", "fr", "en", "ar"];
export const FUELS = ["electric", "petrol", "diesel", "hybrid"] as const;
export const BODIES = [
  "hatchback",
  "saloon",
  "estate",
  "suv",
  "coupe",
  "convertible",
  "mpv",
  "van",
  "pickup",
  "motorcycle",
  "other",
] as const;
export const STATUSES = ["available", "reserved", "sold", "in_service"] as const;
export const TRANSMISSIONS = ["manual", "automatic"] as const;
export const DRIVES = ["front", "rear", "all"] as const;
export const CURRENCIES = ["NOK", "EUR", "USD"] as const;

const WORDS = ["make", "model", "variant", "colour", "location", "stock_number", "vin", "plate", "plate_country", "listing_url"] as const;
const CHOICES = ["fuel", "currency", "body", "transmission", "drive", "first_registered"] as const;
const NUMBERS = ["year", "kilometres", "seats", "range_km", "power_kw", "towing_kg"] as const;
/** Without these there is no vehicle. */
const NEEDED: readonly string[] = ["make", "model", "year", "price_minor", "fuel", "kilometres"];

export type Field = (typeof WORDS)[number] | (typeof CHOICES)[number] | (typeof NUMBERS)[number] | "price_minor" | "equipment";
export type Draft = Record<Field, string> & { description: Partial<Record<Lang, string>> };

/** What a form shows of a vehicle; of none, a blank one in the currency of the stock. */
export function draftOf(vehicle: VehicleFields | null, currency = "NOK"): Draft {
  const text = (value: string | number | undefined) => (value === undefined ? "" : String(value));
  const draft = { description: { ...vehicle?.description } } as Draft;
  for (const field of [...WORDS, ...CHOICES, ...NUMBERS]) draft[field] = text(vehicle?.[field]);
  draft.currency ||= currency;
  draft.fuel ||= "electric";
  draft.price_minor = vehicle ? text(vehicle.price_minor / 100) : "";
  draft.equipment = (vehicle?.equipment ?? []).join("\n");
  return draft;
}

/** `46 200`, `46.200`, `46,200` and `46200` are the same; nothing that is no whole number. */
export function whole(text: string): number | null {
  const plain = latin(text).replace(/[\s\u00a0\u202f']/g, "");
  if (/^\d{1,9}$/.test(plain)) return Number(plain);
  return /^\d{1,3}([.,]\d{3})+$/.test(plain) ? Number(plain.replace(/[.,]/g, "")) : null;
}

/** An amount in minor units: `399 000`, `24 900,50`, `24,900.50`. */
export function minor(text: string): number | null {
  const plain = latin(text).replace(/[\s\u00a0\u202f']/g, "");
  const found = /^(\d{1,9}|\d{1,3}(?:[.,]\d{3})+)(?:[.,](\d{1,2}))?$/.exec(plain);
  if (!found) return null;
  const cents = (found[2] ?? "").padEnd(2, "0");
  return Number(found[1]!.replace(/[.,]/g, "")) * 100 + Number(cents);
}

/** Arabic digits as Latin ones. */
function latin(text: string): string {
  return text.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));
}

/** Codes of what is wrong, by field. */
export type Faults = Partial<Record<Field, "required" | "number">>;

/** What the text stands for; a field that is empty is left out. */
export function fieldsOf(draft: Draft): { fields: Partial<VehicleFields>; faults: Faults } {
  const faults: Faults = {};
  const fields: Record<string, unknown> = {};
  for (const field of [...WORDS, ...CHOICES]) {
    const text = draft[field].trim();
    if (text) fields[field] = text;
  }
  for (const field of [...NUMBERS, "price_minor"] as const) {
    const text = draft[field].trim();
    const value = field === "price_minor" ? minor(text) : whole(text);
    if (value !== null) fields[field] = value;
    else if (text) faults[field] = "number";
  }
  const equipment = draft.equipment
    .split("\n")
    .map((piece) => piece.trim())
    .filter(Boolean);
  if (equipment.length) fields["equipment"] = equipment;
  const description = Object.entries(draft.description).filter(([, text]) => text?.trim());
  if (description.length) fields["description"] = Object.fromEntries(description);
  for (const field of NEEDED) if (fields[field] === undefined) faults[field as Field] ??= "required";
  return { fields: fields as Partial<VehicleFields>, faults };
}

/**
 * What a member changed: fields that the form holds differently from how it was opened; `null` empties one.
 * What they did not touch is not sent, so that a colleague's change of it stays.
 */
export function changesOf(before: Draft, after: Draft): Record<string, unknown> {
  const [old, now] = [fieldsOf(before).fields, fieldsOf(after).fields] as Record<string, unknown>[];
  const set: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(old!), ...Object.keys(now!)])) {
    if (JSON.stringify(old![field]) !== JSON.stringify(now![field])) set[field] = now![field] ?? null;
  }
  return set;
}

/** A colleague's newer record with the member's own changes laid over it. */
export function rebased(opened: Draft, mine: Draft, newer: Draft): Draft {
  const next = { ...newer, description: { ...newer.description } };
  for (const field of Object.keys(mine) as (keyof Draft)[]) {
    if (field !== "description" && mine[field] !== opened[field]) next[field] = mine[field];
  }
  for (const lang of LANGS) {
    if (mine.description[lang] !== opened.description[lang]) next.description[lang] = mine.description[lang] ?? "";
  }
  return next;
}
