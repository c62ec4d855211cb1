/**
 * One lead with its conversation, kept current by the live events of the list.
 *
 * Lives here: loading, merging of live messages, own replies that are still on their way, takeover
 * and release. A reply keeps its `client_id` over every retry, so it is never sent twice.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { LeadEvent, LeadDetail, Message } from "../../../sdk/wire";
import { api } from "../api";
import { useStable } from "../hooks";
import type { Leads } from "../leads/useLeads";

/** Timeline and deliveries come with the whole lead: a burst of events asks for it once. */
const REFRESH_MS = 600;

export interface Pending {
  clientId: string;
  text: string;
  failed: boolean;
}

export interface Detail {
  data: LeadDetail | null;
  error: unknown;
  pending: Pending[];
  /** A takeover or release is on its way, or failed. */
  acting: boolean;
  failure: "other" | "not-yours" | null;
  reload(): void;
  takeover(): Promise<boolean>;
  release(): Promise<boolean>;
  send(text: string): void;
  retry(clientId: string): void;
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
  const [data, setData] = useState<LeadDetail | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [pending, setPending] = useState<Pending[]>([]);
  const [acting, setActing] = useState(false);
  const [failure, setFailure] = useState<Detail["failure"]>(null);
  const refresh = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const running = useRef<AbortController | null>(null);

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
    if (frame.lead.lead_id !== leadId) return;
    const { message } = frame;
    setData((old) => old && { ...old, lead: frame.lead, messages: message ? mergeMessages(old.messages, [message]) : old.messages });
    if (message) settle([message]);
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

  const act = async (run: (sessionId: string) => Promise<void>): Promise<boolean> => {
    if (!data) return false;
    setActing(true);
    setFailure(null);
    try {
      await run(data.lead.session_id);
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

  const deliver = useStable(async (clientId: string, text: string) => {
    if (!data) return;
    const mark = (failed: boolean) => setPending((list) => list.map((one) => (one.clientId === clientId ? { ...one, failed } : one)));
    mark(false);
    try {
      // A person who writes has taken over: first the fence, then the words.
      if (data.lead.session_status === "open") await api.takeover(data.lead.session_id);
      await api.post(data.lead.session_id, { text, client_id: clientId });
      await load();
      setPending((list) => list.filter((one) => one.clientId !== clientId));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return onUnauthorised();
      mark(true);
      if (why(error) === "not-yours") setFailure("not-yours");
    }
  });

  const send = useCallback(
    (text: string) => {
      const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
      setPending((list) => [...list, { clientId, text, failed: false }]);
      void deliver(clientId, text);
    },
    [deliver],
  );
  const retry = useStable((clientId: string) => {
    const one = pending.find((it) => it.clientId === clientId);
    if (one) void deliver(clientId, one.text);
  });

  return {
    data,
    error,
    pending,
    acting,
    failure,
    reload: load,
    takeover: () => act(api.takeover),
    release: () => act(api.release),
    send,
    retry,
  };
}
