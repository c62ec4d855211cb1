/**
 * One lead with its conversation, kept current by the live events of the list.
 *
 * Lives here: loading, merging of live messages, own replies that are still on their way, takeover,
 * give-back and assignment, what the customer has seen.
 * Invariants: a reply keeps its `client_id` over every retry, so it is never stored twice; a reply
 * names the newest message that was on the screen, so it never leaves past an answer that its writer
 * has not seen.
 */
import { useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import { newId } from "../../../sdk/id";
import { LineLost } from "../../../sdk/live";
import { rowAfter } from "../../../sdk/rows";
import type { LeadDetail, LeadEvent, Message, MessageRating, Rating } from "../../../sdk/wire";
import { api } from "../api";
import { useStable } from "../hooks";
import type { Leads } from "../leads/useLeads";
import { ratingsAfter } from "./ratings";

/** Timeline and deliveries come with the whole lead: a burst of events asks for it once. */
const REFRESH_MS = 600;

export interface Pending {
  clientId: string;
  text: string;
  /** The newest message that its writer had on the screen. */
  seen: number;
  failed: boolean;
}

/** A reply that did not leave: these were written meanwhile. */
export interface Conflict extends Pending {
  newer: Message[];
}

/** What the assistant leaves to the person who takes over. */
export type HandoffNote = Partial<Record<"asked" | "promised" | "held" | "missing", string | string[]>>;

export type Detailed = LeadDetail & { handoff_note?: HandoffNote | null };

export interface Detail {
  data: Detailed | null;
  error: unknown;
  pending: Pending[];
  conflict: Conflict | null;
  /** What the customer has seen, and since when. */
  receipt: { seq: number; at: string } | null;
  /** A takeover or give-back is on its way, or failed. */
  acting: boolean;
  failure: "other" | "not-yours" | null;
  reload(): void;
  takeover(): Promise<boolean>;
  release(): Promise<boolean>;
  assign(memberId: string | null): Promise<boolean>;
  /** What the member thinks of a message; `null` takes it back. */
  rate(memberId: string, messageId: string, rating: Rating | null, reason?: string): void;
  send(text: string): void;
  retry(clientId: string): void;
  /** Sends what was held back, past what was written meanwhile. */
  sendAnyway(): void;
  discard(): void;
}

/** A colleague may hold the conversation; everything else is told as one. */
function why(failure: unknown): Detail["failure"] {
  return failure instanceof ProblemError && failure.code === "not-yours" ? "not-yours" : "other";
}

/** Adds what is new, in the order of the conversation. */
export function mergeMessages(known: Message[], more: Message[]): Message[] {
  const all = new Map(known.map((message) => [message.message_id, message]));
  more.forEach((message) => all.set(message.message_id, message));
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}

export function useDetail(leadId: string, leads: Leads, onUnauthorised: () => void): Detail {
  const { socket } = leads;
  const [data, setData] = useState<Detailed | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [pending, setPending] = useState<Pending[]>([]);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [receipt, setReceipt] = useState<Detail["receipt"]>(null);
  const [acting, setActing] = useState(false);
  const [failure, setFailure] = useState<Detail["failure"]>(null);
  const refresh = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const running = useRef<AbortController | null>(null);
  const sessionId = data?.lead.session_id;
  const newest = data?.messages.at(-1)?.seq ?? 0;

  const load = useStable(async () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    try {
      const next = await api.lead(leadId, abort.signal);
      // A message that arrived live while this was on its way must not vanish again.
      setData((old) => ({ ...next, messages: mergeMessages(old?.messages ?? [], next.messages) }));
      setError(null);
      settle(next.messages);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof ProblemError && error.status === 401) return onUnauthorised();
      setError(error);
    }
  });

  const settle = (messages: Message[]) => {
    const stored = new Set(messages.map((message) => message.client_id));
    setPending((list) => list.filter((one) => !stored.has(one.clientId)));
  };

  const hear = useStable((frame: LeadEvent | "gap") => {
    if (frame === "gap") return void load();
    if (frame.session_id !== sessionId) return;
    const { message, seen } = frame;
    setData((old) => {
      if (!old) return old;
      const lead = rowAfter(old.lead, frame) ?? old.lead;
      return { ...old, lead, messages: message ? mergeMessages(old.messages, [message]) : old.messages };
    });
    if (message) settle([message]);
    if (seen && !seen.member_id) setReceipt((old) => (old && old.seq >= seen.seq ? old : { seq: seen.seq, at: frame.at }));
    // What was seen is in the frame; all else may have left a trace in the records.
    if (seen) return;
    clearTimeout(refresh.current);
    refresh.current = setTimeout(() => void load(), REFRESH_MS);
  });

  useEffect(() => {
    void load();
    const stop = leads.subscribe(hear);
    return () => {
      stop();
      running.current?.abort();
      clearTimeout(refresh.current);
    };
  }, [load, hear, leads.subscribe]);

  // A colleague's thumb; a member of two screens sees their own, too.
  useEffect(
    () =>
      socket.on("rating", ({ session_id: id, message_id: message, member_id: member, rating, reason, at }) => {
        if (id !== sessionId) return;
        setData((old) => old && { ...old, ratings: ratingsAfter(old.ratings, member, message, rating ?? null, at, reason) });
      }),
    [socket, sessionId],
  );

  // What is on the screen: who else looks sees it, and the running answer and the draft come in.
  useEffect(() => {
    if (!sessionId) return;
    socket.view(sessionId);
    return () => {
      socket.view(null);
      leads.now.leave();
    };
  }, [socket, sessionId, leads.now]);
  useEffect(() => {
    if (!sessionId || !newest) return;
    const see = () => document.visibilityState === "visible" && socket.seen(sessionId, newest);
    see();
    document.addEventListener("visibilitychange", see);
    return () => document.removeEventListener("visibilitychange", see);
  }, [socket, sessionId, newest]);

  /** Over the socket while it is up, else by a request of its own. */
  const act = async (live: (id: string) => Promise<void>, http?: (id: string) => Promise<void>): Promise<boolean> => {
    if (!sessionId) return false;
    setActing(true);
    setFailure(null);
    try {
      await live(sessionId).catch((error: unknown) => {
        if (error instanceof LineLost && http) return http(sessionId);
        // It is as it should be already.
        if (error instanceof ProblemError && error.code === "stale") return;
        throw error;
      });
      await load();
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) onUnauthorised();
      setFailure(why(error));
      return false;
    } finally {
      setActing(false);
    }
  };

  const deliver = useStable(async (one: Pending) => {
    if (!sessionId) return;
    const { clientId, text, seen } = one;
    const mark = (failed: boolean) => setPending((list) => list.map((it) => (it.clientId === clientId ? { ...it, failed } : it)));
    mark(false);
    try {
      const result = await socket.send(sessionId, text, { seen, clientId });
      if (result.state === "conflict") {
        setPending((list) => list.filter((it) => it.clientId !== clientId));
        setData((old) => old && { ...old, messages: mergeMessages(old.messages, result.newer) });
        setConflict({ ...one, newer: result.newer });
        return;
      }
      await load();
      setPending((list) => list.filter((it) => it.clientId !== clientId));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return onUnauthorised();
      mark(true);
      if (why(error) === "not-yours") setFailure("not-yours");
    }
  });

  /** Shown at once; what stands comes back when it was not stored. */
  const rate = useStable((memberId: string, messageId: string, rating: Rating | null, reason?: string) => {
    if (!sessionId) return;
    const at = new Date(leads.clock.now()).toISOString();
    const show = (ratings: MessageRating[]) => ratingsAfter(ratings, memberId, messageId, rating, at, reason);
    setFailure(null);
    setData((old) => old && { ...old, ratings: show(old.ratings) });
    const stored: Promise<unknown> = rating ? api.rate(sessionId, messageId, rating, reason) : api.unrate(sessionId, messageId);
    stored.catch((error: unknown) => {
      if (error instanceof ProblemError && error.status === 401) return onUnauthorised();
      setFailure(why(error));
      void load();
    });
  });

  const push = (one: Pending) => {
    setPending((list) => [...list, one]);
    void deliver(one);
  };
  const send = useStable((text: string) => push({ clientId: newId(), text, seen: newest, failed: false }));
  const retry = useStable((clientId: string) => {
    const one = pending.find((it) => it.clientId === clientId);
    if (one) void deliver(one);
  });
  const sendAnyway = useStable(() => {
    if (!conflict) return;
    const { clientId, text, newer } = conflict;
    setConflict(null);
    push({ clientId, text, seen: newer.at(-1)?.seq ?? newest, failed: false });
  });

  return {
    data,
    error,
    pending,
    conflict,
    receipt,
    acting,
    failure,
    reload: load,
    takeover: () => act((id) => socket.takeOver(id), api.takeover),
    release: () => act((id) => socket.giveBack(id), api.release),
    assign: (memberId) => act((id) => socket.assign(id, memberId)),
    rate,
    send,
    retry,
    sendAnyway,
    discard: () => setConflict(null),
  };
}
