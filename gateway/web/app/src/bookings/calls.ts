/**
 * The calls of the bookings page, and why one was refused.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type {
  BlockList,
  BookingDetail,
  BookingPage,
  BookingView,
  FreeSlots,
  HoldBooking,
  NewBlock,
  NewWait,
  ResourceList,
  ServiceTermsList,
  WaitList,
} from "../../../sdk/wire";
import type { BookingTexts } from "./texts";

const id = encodeURIComponent;
const at = (booking: string, rest = "") => `/v1/bookings/${id(booking)}${rest}`;

/** Which bookings a list shows; what is empty does not narrow it. */
export interface Wanted {
  status?: string;
  service?: string;
  resource?: string;
  from?: string;
  until?: string;
  cursor?: string;
  limit?: number;
}

export function toQuery(wanted: Wanted): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, String(value));
  return query.toString();
}

export const bookings = {
  list: (wanted: Wanted, signal?: AbortSignal) => request<BookingPage>(`/v1/bookings?${toQuery(wanted)}`, signal && { signal }),
  read: (booking: string, signal?: AbortSignal) => request<BookingDetail>(at(booking), signal && { signal }),
  hold: (body: HoldBooking) => request<BookingView>("/v1/bookings", { body }),
  confirm: (booking: string, offer_id: string) => request<BookingView>(at(booking, "/confirm"), { body: { offer_id } }),
  move: (booking: string, starts_at: string) => request<BookingView>(at(booking, "/reschedule"), { body: { starts_at } }),
  cancel: (booking: string, reason: string) => request<BookingView>(at(booking, "/cancel"), { body: reason ? { reason } : {} }),
  noShow: (booking: string) => request<BookingView>(at(booking, "/no-show"), { method: "POST" }),
  services: () => request<ServiceTermsList>("/v1/services"),
  resources: () => request<ResourceList>("/v1/resources"),
  slots: (query: Record<string, string>, signal?: AbortSignal) =>
    request<FreeSlots>(`/v1/public/slots?${new URLSearchParams(query).toString()}`, signal && { signal }),
  blocks: (resource: string) => request<BlockList>(`/v1/resources/${id(resource)}/blocks`),
  block: (resource: string, body: NewBlock) => request<void>(`/v1/resources/${id(resource)}/blocks`, { body }),
  unblock: (resource: string, block: string) => request<void>(`/v1/resources/${id(resource)}/blocks/${id(block)}`, { method: "DELETE" }),
  waits: () => request<WaitList>("/v1/waits"),
  wait: (body: NewWait) => request<void>("/v1/waits", { body }),
  unwait: (wait: string) => request<void>(`/v1/waits/${id(wait)}`, { method: "DELETE" }),
};

/** Why the server refused, in the reader's language; the reasons why a time is not free come as sentences. */
export function refusal(error: unknown, t: BookingTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  const first = error.problem?.errors?.[0];
  switch (error.code) {
    case "not-free":
      return [t.refused.taken, ...(error.problem?.errors ?? []).map((one) => one.detail)].join(" ");
    case "hold-over":
      return t.refused.holdOver;
    case "booking-over":
    case "another-offer":
      return t.refused.changed;
    case "not-found":
      return t.refused.gone;
    case "too-many-blocks":
      return t.refused.full;
  }
  if (first?.pointer.startsWith("/customer/email")) return t.refused.email;
  if (first?.pointer.startsWith("/customer/phone")) return t.refused.phone;
  if (error.status === 403) return t.refused.forbidden;
  return error.status === 400 ? t.refused.form : t.refused.other;
}
