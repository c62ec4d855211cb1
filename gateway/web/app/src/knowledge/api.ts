/**
 * The calls of the knowledge page to the server, and how forms stand for entries.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type {
  Hours,
  KnowledgeEntries,
  KnowledgeEntry,
  KnowledgeHistory,
  Profile,
  PutEntry,
  UnansweredQuestions,
  Websites,
  WebsiteView,
} from "../../../sdk/wire";
import type { Lang } from "../i18n";
import type { KnowledgeTexts } from "./texts";

export type Kind = "services" | "faqs" | "policies";

const ALL = "/v1/knowledge";
const at = (kind: Kind, id: string) => `${ALL}/${kind}/${encodeURIComponent(id)}`;

export const knowledge = {
  list: (kind: Kind) => request<KnowledgeEntries>(`${ALL}/${kind}`),
  create: (kind: Kind, body: PutEntry) => request<KnowledgeEntry>(`${ALL}/${kind}`, { body }),
  change: (kind: Kind, id: string, body: PutEntry) => request<KnowledgeEntry>(at(kind, id), { method: "PUT", body }),
  remove: (kind: Kind, entry: KnowledgeEntry) =>
    request<KnowledgeEntry>(`${at(kind, entry.id)}?version=${entry.version}`, { method: "DELETE" }),
  restore: (kind: Kind, entry: KnowledgeEntry) =>
    request<KnowledgeEntry>(`${at(kind, entry.id)}/restore`, { body: { version: entry.version } }),
  history: (kind: Kind, id: string) => request<KnowledgeHistory>(`${at(kind, id)}/history`),
  profile: () => request<Profile>(`${ALL}/profile`),
  saveProfile: (body: Profile) => request<Profile>(`${ALL}/profile`, { method: "PUT", body }),
  hours: () => request<Hours>(`${ALL}/hours`),
  saveHours: (body: Hours) => request<Hours>(`${ALL}/hours`, { method: "PUT", body }),
  websites: () => request<Websites>(`${ALL}/websites`),
  addWebsite: (url: string) => request<WebsiteView>(`${ALL}/websites`, { body: { url } }),
  readWebsite: (id: string) => request<void>(`${ALL}/websites/${encodeURIComponent(id)}/read`, { method: "POST" }),
  removeWebsite: (id: string) => request<void>(`${ALL}/websites/${encodeURIComponent(id)}`, { method: "DELETE" }),
  unanswered: () => request<UnansweredQuestions>(`${ALL}/unanswered`),
  dismiss: (id: string) => request<void>(`${ALL}/unanswered/${encodeURIComponent(id)}/dismiss`, { method: "POST" }),
  reopen: (id: string) => request<void>(`${ALL}/unanswered/${encodeURIComponent(id)}/reopen`, { method: "POST" }),
};

/** What a form holds of an entry. */
export interface Draft {
  title: Partial<Record<Lang, string>>;
  text: Partial<Record<Lang, string>>;
  keywords: string;
  price: string;
  currency: string;
  minutes: string;
  active: boolean;
}

export function draftOf(entry: KnowledgeEntry | null): Draft {
  return {
    title: { ...entry?.title },
    text: { ...entry?.text },
    keywords: entry?.keywords.join(", ") ?? "",
    price: entry?.price ? String(entry.price.minor / 100) : "",
    currency: entry?.price?.currency ?? "NOK",
    minutes: String(entry?.minutes ?? 30),
    active: entry?.active ?? true,
  };
}

/** `1 250,50` and `1250.5` are the same price; in minor units, or nothing when it cannot be read. */
export function minor(text: string): number | null {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : null;
}

/** The body that a form stands for; languages without a title and a text are left out. */
export function bodyOf(kind: Kind, draft: Draft, version: number | null, question: string | null): PutEntry {
  const filled = (texts: Draft["title"]) =>
    Object.fromEntries(Object.entries(texts).filter(([, text]) => text?.trim())) as Record<string, string>;
  const price = draft.price.trim() ? minor(draft.price) : null;
  return {
    title: filled(draft.title),
    text: filled(draft.text),
    keywords: draft.keywords
      .split(/[,،\n]/)
      .map((word) => word.trim())
      .filter(Boolean),
    price: kind === "services" && price !== null ? { minor: price, currency: draft.currency } : null,
    minutes: kind === "services" && version === null ? Number(draft.minutes) || 30 : null,
    active: draft.active,
    version,
    question_id: question,
  };
}

/** Why the server refused, in the reader's language where it is known. */
export function refusal(error: unknown, t: KnowledgeTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  if (error.code === "changed-meanwhile") return t.refused.changed;
  if (error.code === "too-many-entries") return t.refused.full;
  if (error.code === "forbidden") return t.refused.forbidden;
  const pointer = error.problem?.errors?.[0]?.pointer ?? "";
  if (pointer.startsWith("/title") || pointer.startsWith("/text")) return t.refused.texts;
  if (pointer.startsWith("/week") || pointer.startsWith("/exceptions")) return t.refused.hours;
  if (pointer === "/url" || pointer === "/website" || pointer === "/logo_url") return t.refused.url;
  return t.refused.other;
}
