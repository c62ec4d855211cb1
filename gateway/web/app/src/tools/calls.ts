/**
 * The calls of the tools page, and why one was refused, field by field.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type { PutTool, Tool, ToolCalls, Tools, ToolTrial, ToolVersions, TryTool } from "../../../sdk/wire";
import type { ToolTexts } from "./texts";

const at = (tool: string, rest = "") => `/v1/tools/${encodeURIComponent(tool)}${rest}`;

export const tools = {
  list: (signal?: AbortSignal) => request<Tools>("/v1/tools", signal && { signal }),
  make: (body: PutTool) => request<Tool>("/v1/tools", { body }),
  put: (tool: string, body: PutTool) => request<Tool>(at(tool), { method: "PUT", body }),
  remove: (tool: string, version: number) => request<void>(at(tool, `?version=${version}`), { method: "DELETE" }),
  versions: (tool: string, signal?: AbortSignal) => request<ToolVersions>(at(tool, "/versions"), signal && { signal }),
  calls: (tool: string, signal?: AbortSignal) => request<ToolCalls>(at(tool, "/calls"), signal && { signal }),
  try: (tool: string, body: TryTool) => request<ToolTrial>(at(tool, "/try"), { body }),
};

/** Why the server refused, in the reader's language. */
export function refusal(error: unknown, t: ToolTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  if (error.code === "changed-meanwhile") return t.refused.changed;
  if (error.code === "too-many-tools") return t.refused.full;
  if (error.code === "forbidden") return t.refused.forbidden;
  if (error.code === "not-found") return t.refused.gone;
  if (error.code === "invalid") return t.refused.fields;
  return t.refused.other;
}

/** What is wrong with which field: by its pointer, in the server's words. */
export function faults(error: unknown): Record<string, string> {
  if (!(error instanceof ProblemError)) return {};
  return Object.fromEntries((error.problem?.errors ?? []).map((one) => [one.pointer, one.detail]));
}

/** The fault of a field, or of anything below it. */
export function faultAt(all: Record<string, string>, pointer: string): string | undefined {
  return all[pointer] ?? Object.entries(all).find(([one]) => one.startsWith(`${pointer}/`))?.[1];
}

/** How a call ended, in words; a word that is not known yet as it is. */
export function ending(code: string, t: ToolTexts): string {
  const known: Record<string, string> = t.endings;
  return known[code] ?? code.replaceAll("_", " ");
}
