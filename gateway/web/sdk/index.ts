/**
 * Forecourt for developers: the live inbox of staff, and the chat of a visitor.
 *
 * Lives here: the two ways in. The dashboard and the widget are built on the same parts.
 */
import { Chat, type ChatOptions } from "./chat";
import { type InboxOptions, keepInbox } from "./inbox";
import { Live, type LiveOptions } from "./live";

export { Chat, type Item, type ItemState, type Note } from "./chat";
export { ProblemError, Unreachable } from "./http";
export {
  type DraftResult,
  LineLost,
  Live,
  type LiveEvents,
  type LiveOptions,
  type LiveState,
  QueueFull,
  type RunningAnswer,
  type SendResult,
} from "./live";
export type * from "./wire";

/**
 * The live inbox. With `onLeads` the newest leads are loaded and kept current; without, the caller
 * loads its own lists, listens to `event` and `gap`, and calls `adopt` with each snapshot.
 */
export function connectLive(options: LiveOptions & Partial<InboxOptions> = {}): Live {
  const live = new Live(options);
  const { onLeads } = options;
  if (onLeads) keepInbox(live, { ...options, onLeads });
  else live.start();
  return live;
}

/** A visitor's conversation. Nothing is asked or stored before the first message. */
export function openChat(options: Pick<ChatOptions, "tenant" | "onChange"> & { url?: string; lang?: string }): Chat {
  const { tenant, onChange, url = "", lang = document.documentElement.lang || "en" } = options;
  const chat = new Chat({ base: url, tenant, lang: () => lang, onChange });
  chat.restore();
  return chat;
}
