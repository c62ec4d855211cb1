/**
 * The calls of the dashboard to the server.
 */
import { request } from "../../sdk/http";
import type {
  AgreeCall,
  CallTimes,
  DemoLogin,
  EndCall,
  Grounds,
  LeadDetail,
  LeadPage,
  Login,
  Me,
  MessageAccepted,
  MessageRating,
  PostMessage,
  Rating,
} from "../../sdk/wire";

const id = encodeURIComponent;
const ratingOf = (sessionId: string, messageId: string) => `/v1/sessions/${id(sessionId)}/messages/${id(messageId)}/rating`;

export const api = {
  me: () => request<Me>("/v1/me"),
  login: (body: Login) => request<void>("/v1/login", { body }),
  logout: () => request<void>("/v1/logout", { method: "POST" }),
  demo: () => request<DemoLogin>("/v1/public/demo"),
  leads: (query: string, signal?: AbortSignal) => request<LeadPage>(`/v1/leads?${query}`, signal && { signal }),
  lead: (leadId: string, signal?: AbortSignal) => request<LeadDetail>(`/v1/leads/${id(leadId)}`, signal && { signal }),
  grounds: (sessionId: string, signal: AbortSignal) => request<Grounds>(`/v1/sessions/${id(sessionId)}/grounds`, { signal }),
  takeover: (sessionId: string) => request<void>(`/v1/sessions/${id(sessionId)}/takeover`, { method: "POST" }),
  release: (sessionId: string) => request<void>(`/v1/sessions/${id(sessionId)}/release`, { method: "POST" }),
  callTimes: (sessionId: string, signal?: AbortSignal) =>
    request<CallTimes>(`/v1/sessions/${id(sessionId)}/call/times`, signal && { signal }),
  agreeCall: (sessionId: string, body: AgreeCall) => request<void>(`/v1/sessions/${id(sessionId)}/call`, { method: "PUT", body }),
  endCall: (sessionId: string, body: EndCall) => request<void>(`/v1/sessions/${id(sessionId)}/call/end`, { body }),
  rate: (sessionId: string, messageId: string, rating: Rating, reason?: string) =>
    request<MessageRating>(ratingOf(sessionId, messageId), { method: "PUT", body: { rating, ...(reason && { reason }) } }),
  unrate: (sessionId: string, messageId: string) => request<void>(ratingOf(sessionId, messageId), { method: "DELETE" }),
  post: (sessionId: string, body: PostMessage) => request<MessageAccepted>(`/v1/sessions/${id(sessionId)}/messages`, { body }),
};
