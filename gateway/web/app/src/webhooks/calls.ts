/**
 * The calls of the webhooks page to the server, and what it says of times.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type {
  ReplayWebhooks,
  WebhookCalls,
  WebhookCallStory,
  WebhookEndpoint,
  WebhookEndpoints,
  WebhookQueued,
  WebhookSettings,
  WebhooksReplayed,
  WebhookTopic,
  WebhookWithSecret,
} from "../../../sdk/wire";
import type { WebhookTexts } from "./texts";

const ALL = "/v1/webhooks/endpoints";
const at = (endpoint: string) => `${ALL}/${encodeURIComponent(endpoint)}`;

export const hooks = {
  list: (signal?: AbortSignal) => request<WebhookEndpoints>(ALL, signal && { signal }),
  create: (body: WebhookSettings) => request<WebhookWithSecret>(ALL, { body }),
  change: (id: string, body: WebhookSettings) => request<WebhookEndpoint>(at(id), { method: "PUT", body }),
  remove: (id: string) => request<void>(at(id), { method: "DELETE" }),
  pause: (id: string) => request<WebhookEndpoint>(`${at(id)}/pause`, { method: "POST" }),
  resume: (id: string, skip: boolean) => request<WebhookEndpoint>(`${at(id)}/resume`, { body: { skip } }),
  rotate: (id: string) => request<WebhookWithSecret>(`${at(id)}/rotate`, { method: "POST" }),
  test: (id: string) => request<WebhookQueued>(`${at(id)}/test`, { method: "POST" }),
  calls: (id: string, query: string, signal?: AbortSignal) => request<WebhookCalls>(`${at(id)}/calls?${query}`, signal && { signal }),
  call: (id: string, number: number) => request<WebhookCallStory>(`${at(id)}/calls/${number}`),
  replay: (id: string, body: ReplayWebhooks) => request<WebhooksReplayed>(`${at(id)}/replay`, { body }),
};

/** What can be chosen; the test goes to everybody. */
export const TOPICS: readonly WebhookTopic[] = [
  "lead.captured",
  "lead.repeated",
  "lead.changed",
  "lead.assigned",
  "message.posted",
  "messages.seen",
  "session.opened",
  "session.taken_over",
  "session.released",
  "session.closed",
  "handoff.requested",
  "promise.kept",
  "promise.broken",
  "delivery.failed",
  "booking.held",
  "booking.booked",
  "booking.rescheduled",
  "booking.cancelled",
  "booking.no_show",
  "booking.expired",
];

/** The settings that a form stands for: all topics are none named, so that new ones come too. */
export function settings(url: string, description: string, topics: ReadonlySet<WebhookTopic>): WebhookSettings {
  const all = TOPICS.every((topic) => topics.has(topic));
  return {
    url: url.trim(),
    ...(description.trim() && { description: description.trim() }),
    topics: all ? [] : TOPICS.filter((topic) => topics.has(topic)),
  };
}

/** Why the server refused, in the reader's language where it is known. */
export function refusal(error: unknown, t: WebhookTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  const field = error.problem?.errors?.[0];
  if (field?.pointer === "/url") return t.refused.url;
  if (error.code === "too-many-endpoints") return t.refused.full;
  if (error.code === "forbidden") return t.refused.forbidden;
  return t.refused.other;
}
