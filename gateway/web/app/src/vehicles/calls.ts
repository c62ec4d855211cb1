/**
 * The calls of the vehicles page to the server, and why one was refused.
 */
import { ProblemError, problemOf, request, Unreachable } from "../../../sdk/http";
import type {
  ChangeVehicle,
  FieldError,
  ImportDone,
  ImportPreview,
  VehicleFields,
  VehiclePage,
  VehicleStatus,
  VehicleStory,
  VehicleView,
} from "../../../sdk/wire";
import { fill } from "../i18n";
import type { VehicleTexts } from "./texts";

const ALL = "/v1/vehicles";
/** How long a file may be on its way. */
const FILE_TIMEOUT_MS = 60_000;
export const MAX_FILE_BYTES = 5 * 1024 * 1024;
export const MAX_PHOTO_BYTES = 4 * 1024 * 1024;

const at = (vehicle: string, rest = "") => `${ALL}/${encodeURIComponent(vehicle)}${rest}`;

/** Sends a file as it is. */
async function send<T>(url: string, file: Blob, media: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { accept: "application/json", "content-type": media },
      credentials: "same-origin",
      body: file,
      signal: AbortSignal.timeout(FILE_TIMEOUT_MS),
    });
  } catch {
    throw new Unreachable();
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

export const vehicles = {
  list: (query: string, signal?: AbortSignal) => request<VehiclePage>(`${ALL}?${query}`, signal && { signal }),
  get: (id: string) => request<VehicleView>(at(id)),
  add: (fields: VehicleFields) => request<VehicleView>(ALL, { body: fields }),
  change: (id: string, body: ChangeVehicle) => request<VehicleView>(at(id), { method: "PATCH", body }),
  setStatus: (id: string, version: number, status: VehicleStatus) => request<VehicleView>(at(id, "/status"), { body: { version, status } }),
  remove: (id: string, version: number) => request<VehicleView>(at(id, `?version=${version}`), { method: "DELETE" }),
  restore: (id: string, version: number) => request<VehicleView>(at(id, `/restore?version=${version}`), { method: "POST" }),
  history: (id: string, before?: number) => request<VehicleStory>(at(id, `/history?limit=50${before ? `&before=${before}` : ""}`)),
  addPhoto: (id: string, version: number, file: File) => send<VehicleView>(at(id, `/photos?version=${version}`), file, file.type),
  removePhoto: (id: string, version: number, photo: string) =>
    request<VehicleView>(at(id, `/photos/${photo}?version=${version}`), { method: "DELETE" }),
  preview: (file: Blob) => send<ImportPreview>(`${ALL}/import`, file, "text/csv"),
  commit: (preview: string) => request<ImportDone>(`${ALL}/import/${encodeURIComponent(preview)}/commit`, { method: "POST" }),
};

/** Somebody else changed the vehicle after it was read. */
export const isConflict = (failed: unknown) => failed instanceof ProblemError && failed.code === "vehicle-changed";

/** Why the server refused, in the reader's language where it is known. */
export function refusal(failed: unknown, t: VehicleTexts): string {
  if (failed instanceof Unreachable) return t.refused.offline;
  if (!(failed instanceof ProblemError)) return t.refused.other;
  const known: Record<string, string> = {
    "vehicle-changed": t.refused.changed,
    "vehicle-taken": t.refused.taken,
    "status-not-possible": t.refused.status,
    "stock-full": t.refused.full,
    "import-outdated": t.refused.outdated,
    "unreadable-file": t.refused.unreadable,
    "too-large": t.refused.large,
    "unsupported-media-type": t.refused.media,
    "not-found": t.refused.gone,
    forbidden: t.refused.forbidden,
    invalid: t.refused.invalid,
  };
  return known[failed.code] ?? t.refused.other;
}

/** What is wrong with a field or a cell: by its code, with the bounds that the server tells. */
export function fault(code: string, detail: string, t: VehicleTexts): string {
  const known: Record<string, string> = t.faults;
  const bounds = /from (-?\d+) to (-?\d+)/.exec(detail);
  if (code === "range" && bounds) return fill(t.faults.bounds, { low: bounds[1]!, high: bounds[2]! });
  const most = /at most (\d+)/.exec(detail);
  if (code === "length" && most) return fill(t.faults.most, { n: most[1]! });
  // What has no words yet is told in the server's own.
  return known[code] ?? detail;
}

/** The errors of a refused form by the name of the field, whether it was an addition or a change. */
export function fieldErrors(failed: unknown, t: VehicleTexts): Record<string, string> {
  const errors: FieldError[] = failed instanceof ProblemError ? (failed.problem?.errors ?? []) : [];
  const told: Record<string, string> = {};
  for (const { pointer, code, detail } of errors) {
    const field = pointer.replace(/^\/set/, "").split("/")[1];
    if (field) told[field] ??= fault(code, detail, t);
  }
  return told;
}

/** The server's own picture behind an address; none for one of elsewhere. */
export function ownPhoto(address: string): string | null {
  return /^\/v1\/public\/photos\/([0-9a-f]{64})$/.exec(address)?.[1] ?? null;
}
