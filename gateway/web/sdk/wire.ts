/**
 * The wire types: every body and frame the browser exchanges with the server.
 *
 * Lives here: shapes only, no code. Field names are the server's (snake_case); times are RFC 3339
 * strings in UTC; ids are prefixed strings (`ses_…`, `msg_…`, `lead_…`).
 * Used by: everything else in this folder tree.
 */

// ---- errors -------------------------------------------------------------------------------------

/** One field that was refused; `pointer` is a JSON pointer into the body, such as `/email`. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

/** An `application/problem+json` body (RFC 9457). `code` is the stable name to switch on. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance?: string;
  errors?: FieldError[];
  retry_after_s?: number;
}

// ---- the customer's side ------------------------------------------------------------------------

export type Author = "customer" | "assistant" | "member";

/** Who answers now: the assistant (`open`), a member of staff (`with_human`), nobody (`closed`). */
export type SessionStatus = "open" | "with_human" | "closed";

export interface Message {
  message_id: string;
  seq: number;
  at: string;
  author: Author;
  member_name?: string | null;
  text: string;
  client_id?: string | null;
}

export interface OpenSession {
  tenant: string;
  lang?: string;
  page_url?: string;
}

/** The part of a tenant that its widget shows. `color` is `#rrggbb`. */
export interface TenantBrand {
  name: string;
  color: string;
  phone?: string | null;
  languages: string[];
}

export interface SessionOpened {
  session_id: string;
  token: string;
  lang: string;
  tenant: TenantBrand;
  greeting: string;
  epoch: number;
  seq: number;
}

/** The assistant's answer as far as it is written. */
export interface Draft {
  draft_id: string;
  text: string;
}

export interface SessionSnapshot {
  session_id: string;
  lang: string;
  status: SessionStatus;
  epoch: number;
  seq: number;
  messages: Message[];
  draft: Draft | null;
}

/** `client_id` makes a repeat harmless: the same id is answered with the first result. */
export interface PostMessage {
  text: string;
  client_id: string;
}

export interface MessageAccepted {
  message_id: string;
  seq: number;
  version: number;
}

export interface MessagePosted {
  type: "message.posted";
  seq: number;
  at: string;
  message: Message;
}

export interface SessionStatusChanged {
  type: "session.status";
  seq: number;
  at: string;
  status: SessionStatus;
  by?: "assistant" | "member" | null;
}

export interface TurnStarted {
  type: "turn.started";
  seq: number;
  at: string;
  draft_id: string;
}

export interface TurnFailed {
  type: "turn.failed";
  seq: number;
  at: string;
  draft_id: string;
}

/** `offset` counts characters (Unicode scalar values) of the draft that come before `text`. */
export interface DraftDelta {
  type: "draft.delta";
  draft_id: string;
  offset: number;
  text: string;
}

export interface DraftDiscarded {
  type: "draft.discarded";
  draft_id: string;
}

export interface SessionGap {
  type: "gap";
  snapshot_url: string;
}

export interface SessionError {
  type: "error";
  problem: Problem;
}

/** Everything an event stream of one session can carry. */
export type SessionEvent =
  MessagePosted | SessionStatusChanged | TurnStarted | TurnFailed | DraftDelta | DraftDiscarded | SessionGap | SessionError;

// ---- the public face of a tenant ----------------------------------------------------------------

export interface PublicVehicle {
  title: string;
  year: number;
  price: string;
  fuel: string;
  kilometres: number;
  status: string;
}

export interface PublicService {
  name: string;
  minutes: number;
  price?: string | null;
}

export interface OpeningSpan {
  opens: string;
  closes: string;
}

/** `weekday` is 1 (Monday) to 7 (Sunday); no spans means closed. */
export interface OpeningDay {
  weekday: number;
  spans: OpeningSpan[];
}

export interface PublicTenant {
  slug: string;
  name: string;
  color: string;
  phone?: string | null;
  email?: string | null;
  address?: string | null;
  website?: string | null;
  languages: string[];
  vehicles: PublicVehicle[];
  services: PublicService[];
  hours: OpeningDay[];
}

export interface FormLead {
  name: string;
  email: string;
  message: string;
  phone?: string;
  vehicle_interest?: string;
  source_url?: string;
}

export interface FormReceipt {
  lead_id: string;
  status: "created" | "repeated" | "appended";
}

// ---- staff --------------------------------------------------------------------------------------

/** The credentials of the demo tenant; served in demo mode only. */
export interface DemoLogin {
  tenant: string;
  email: string;
  password: string;
}

export interface Login {
  tenant: string;
  email: string;
  password: string;
}

export type Role = "owner" | "manager" | "seller";

export interface Me {
  member_id: string;
  name: string;
  email: string;
  role: Role;
  tenant: {
    slug: string;
    name: string;
    color: string;
    languages: string[];
    zone: string;
    promise: { deadline_ms: number };
  };
}

export type LeadStatus = "new" | "contacted" | "qualified" | "won" | "lost";
export type LeadSource = "website" | "widget";

/** The promise clock of one lead: does somebody wait, until when, and how did it end. */
export interface LeadPromise {
  state: "none" | "waiting" | "kept" | "broken";
  since?: string | null;
  deadline?: string | null;
  answered_after_ms?: number | null;
  by?: "model" | "template" | "member" | null;
  model?: string | null;
}

export interface Lead {
  lead_id: string;
  session_id: string;
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  vehicle_interest?: string | null;
  source: LeadSource;
  source_url?: string | null;
  status: LeadStatus;
  created_at: string;
  updated_at: string;
  excerpt: string;
  repeats: number;
  language: string;
  promise: LeadPromise;
  needs_human: boolean;
  human_reason?: string | null;
  session_status: SessionStatus;
}

export interface LeadPage {
  leads: Lead[];
  total: number;
  page: number;
  pages: number;
  per_page: number;
  epoch: number;
  seq: number;
}

export interface TimelineEntry {
  seq: number;
  at: string;
  type: string;
  summary: string;
}

export interface DeliveryView {
  delivery_id: string;
  kind: string;
  status: string;
  attempts: number;
  code?: string | null;
  at: string;
}

export interface LeadDetail {
  lead: Lead;
  messages: Message[];
  events: TimelineEntry[];
  deliveries: DeliveryView[];
}

// ---- the live socket ----------------------------------------------------------------------------

export interface HelloFrame {
  type: "hello";
  ref: string;
  after: string | null;
  topics: string[];
}

export interface PingFrame {
  type: "ping";
  ref: string;
}

export type ClientFrame = HelloFrame | PingFrame;

export interface WelcomeFrame {
  type: "welcome";
  ref: string;
  epoch: number;
  seq: number;
  resumed: boolean;
}

export interface GapFrame {
  type: "gap";
  snapshot_url: string;
  epoch: number;
  seq: number;
}

export interface ReplyFrame {
  type: "reply";
  ref: string;
  ok: boolean;
  problem?: Problem;
}

export type LeadEventName = "lead.captured" | "lead.repeated" | "lead.changed" | "message.posted";

/** A change of a lead; it always carries the whole fresh row. */
export interface EventFrame {
  type: "event";
  seq: number;
  event: LeadEventName;
  at: string;
  session_id: string;
  lead: Lead;
  message?: Message;
}

export interface BeatFrame {
  type: "beat";
  seq: number;
}

export type ServerFrame = WelcomeFrame | GapFrame | ReplyFrame | EventFrame | BeatFrame;
