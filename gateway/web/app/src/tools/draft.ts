/**
 * A tool as its form holds it, and the way from and to the wire.
 *
 * Invariants: what the form does not show of an argument's schema (bounds, values) is kept; headers that were stored
 * stay unless all of them are given anew, for their values cannot be read.
 */
import type { PutTool, Tool, ToolField, ToolFieldKind, ToolMethod } from "../../../sdk/wire";
import type { Lang } from "../i18n";

export type Texts = Partial<Record<Lang, string>>;

export interface ArgumentDraft {
  name: string;
  type: "string" | "integer" | "boolean";
  description: string;
  required: boolean;
  /** The rest of its schema. */
  rest: Record<string, unknown>;
}

export interface FieldDraft {
  name: string;
  pointer: string;
  label: Texts;
  kind: ToolFieldKind;
  unit: string;
  currency: string;
}

export interface ToolDraft {
  name: string;
  description: Texts;
  arguments: ArgumentDraft[];
  method: ToolMethod;
  url: string;
  /** `null` to keep those that there are. */
  headers: { name: string; value: string }[] | null;
  timeout: number;
  budget: number;
  answer: FieldDraft[];
  active: boolean;
}

export const newArgument = (): ArgumentDraft => ({ name: "", type: "string", description: "", required: true, rest: {} });
export const newField = (): FieldDraft => ({ name: "", pointer: "", label: {}, kind: "text", unit: "", currency: "NOK" });

export function emptyDraft(): ToolDraft {
  return {
    name: "",
    description: {},
    arguments: [newArgument()],
    method: "GET",
    url: "",
    headers: [],
    timeout: 5_000,
    budget: 5,
    answer: [newField()],
    active: true,
  };
}

interface Schema {
  properties?: Record<string, { type?: string; description?: string } & Record<string, unknown>>;
  required?: string[];
}

export function draftOf(tool: Tool): ToolDraft {
  const schema = tool.arguments as Schema;
  const required = new Set(schema.required ?? []);
  return {
    name: tool.name,
    description: { ...tool.description } as Texts,
    arguments: Object.entries(schema.properties ?? {}).map(([name, { type, description, ...rest }]) => ({
      name,
      type: type === "integer" || type === "boolean" ? type : "string",
      description: description ?? "",
      required: required.has(name),
      rest,
    })),
    method: tool.method,
    url: tool.url,
    headers: tool.headers.length ? null : [],
    timeout: tool.timeout_ms,
    budget: tool.budget,
    answer: tool.answer.map((field) => ({
      name: field.name,
      pointer: field.pointer,
      label: { ...field.label } as Texts,
      kind: field.kind,
      unit: field.unit ?? "",
      currency: field.currency ?? "NOK",
    })),
    active: tool.active,
  };
}

/** Texts without those that are empty. */
function said(texts: Texts): Record<string, string> {
  const given = Object.entries(texts).map(([lang, text]) => [lang, text.trim()] as const);
  return Object.fromEntries(given.filter(([, text]) => text));
}

/** Bounds that belong to another type would be refused. */
const KEPT: Record<ArgumentDraft["type"], readonly string[]> = {
  string: ["minLength", "maxLength", "enum"],
  integer: ["minimum", "maximum"],
  boolean: [],
};

function schemaOf(all: readonly ArgumentDraft[]): object {
  const properties = all.map((one) => {
    const rest = Object.entries(one.rest).filter(([key]) => KEPT[one.type].includes(key));
    return [one.name.trim(), { type: one.type, description: one.description.trim(), ...Object.fromEntries(rest) }] as const;
  });
  const required = all.filter((one) => one.required).map((one) => one.name.trim());
  return { type: "object", properties: Object.fromEntries(properties), required };
}

function fieldOf(field: FieldDraft): ToolField {
  const { name, pointer, kind } = field;
  return {
    name: name.trim(),
    pointer: pointer.trim(),
    label: said(field.label),
    kind,
    ...(kind === "number" && field.unit.trim() && { unit: field.unit.trim() }),
    ...(kind === "amount" && { currency: field.currency }),
  };
}

export function bodyOf(draft: ToolDraft, known: Tool | null): PutTool {
  const headers = draft.headers?.filter((one) => one.name.trim());
  return {
    name: draft.name.trim(),
    description: said(draft.description),
    arguments: schemaOf(draft.arguments.filter((one) => one.name.trim() || one.description.trim())),
    method: draft.method,
    url: draft.url.trim(),
    headers: headers ? Object.fromEntries(headers.map((one) => [one.name.trim(), one.value])) : null,
    timeout_ms: draft.timeout,
    access: "read",
    budget: draft.budget,
    answer: draft.answer.filter((one) => one.name.trim() || one.pointer.trim()).map(fieldOf),
    active: draft.active,
    version: known?.version ?? null,
  };
}

/** The same tool, offered or not. */
export function switched(tool: Tool, active: boolean): PutTool {
  return { ...bodyOf(draftOf(tool), tool), access: tool.access, headers: null, active };
}

/** What stands behind a form's texts: numbers and truth values are read by the schema. */
export function argumentsOf(schema: unknown, given: Record<string, string>): Record<string, unknown> {
  const { properties = {} } = schema as Schema;
  const values: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(properties)) {
    const text = given[name]?.trim();
    if (!text) continue;
    if (type === "integer") values[name] = /^-?\d+$/.test(text) ? Number(text) : text;
    else if (type === "boolean") values[name] = text === "true";
    else if (type === "array" || type === "object") values[name] = parsed(text);
    else values[name] = text;
  }
  return values;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The arguments that a schema names, in its order, with their descriptions. */
export function namesOf(schema: unknown): { name: string; type: string; description: string; required: boolean; values: string[] }[] {
  const { properties = {}, required = [] } = schema as Schema;
  return Object.entries(properties).map(([name, one]) => ({
    name,
    type: typeof one.type === "string" ? one.type : "string",
    description: one.description ?? "",
    required: required.includes(name),
    values: Array.isArray(one["enum"]) ? one["enum"].filter((value): value is string => typeof value === "string") : [],
  }));
}
