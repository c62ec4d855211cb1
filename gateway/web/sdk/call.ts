/**
 * A call that a visitor waits for, under the events of their stream.
 *
 * Invariants: what is agreed stands until another time is, or it is over; what is agreed ends what was offered.
 */
import type { CallNews, ChatCall } from "./wire";

export function callAfter(call: ChatCall | null, news: CallNews): ChatCall | null {
  if (news.kind === "agreed") return { offered: [], agreed: news.time };
  if (news.kind === "offered") return { ...call, offered: news.times, why: news.why };
  if (news.kind === "ringing") return call && { ...call, ringing: true };
  return call?.offered.length ? { offered: call.offered } : null;
}
