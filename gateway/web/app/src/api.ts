/**
 * The calls of the dashboard to the server.
 */
import { request } from "../../sdk/http";
import type { DemoLogin, LeadDetail, LeadPage, Login, Me, MessageAccepted, PostMessage } from "../../sdk/wire";

const id = encodeURIComponent;

export const api = {
  me: () => request<Me>("/v1/me"),
  login: (body: Login) => request<void>("/v1/login", { body }),
  logout: () => request<void>("/v1/logout", { method: "POST" }),
  demo: () => request<DemoLogin>("/v1/public/demo"),
  leads: (query: string, signal?: AbortSignal) => request<LeadPage>(`/v1/leads?${query}`, signal && { signal }),
  lead: (leadId: string, signal?: AbortSignal) => request<LeadDetail>(`/v1/leads/${id(leadId)}`, signal && { signal }),
  takeover: (sessionId: string) => request<void>(`/v1/sessions/${id(sessionId)}/takeover`, { method: "POST" }),
  release: (sessionId: string) => request<void>(`/v1/sessions/${id(sessionId)}/release`, { method: "POST" }),
  post: (sessionId: string, body: PostMessage) => request<MessageAccepted>(`/v1/sessions/${id(sessionId)}/messages`, { body }),
};
