/**
 * One page of leads, alive.
 *
 * Lives here: loading, the live socket, and the order between the two: events that arrive while a
 * page is on its way are kept and applied on top of it, so nothing is lost and nothing goes back.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import { Live, type LiveState } from "../../../sdk/live";
import type { LeadEvent, LeadPage, Me } from "../../../sdk/wire";
import { api } from "../api";
import { useStable } from "../hooks";
import { NowStore } from "../live/store";
import { ServerClock } from "../promise";
import { type LeadQuery, printQuery, toApi } from "./query";
import { applyEvent } from "./rows";

/** How long a row is shown as new. */
const FRESH_MS = 4000;

/** A list that did not load is asked for again after this and up to as much more. */
const RETRY_MS = 8000;

/** Events kept while a page is loading (A9); more than this asks for the page again. */
const MOST_KEPT = 500;

export interface Leads {
  page: LeadPage | null;
  loading: boolean;
  error: unknown;
  live: LiveState;
  socket: Live;
  now: NowStore;
  /** Messages of mine that wait for the line. */
  queued: number;
  /** Until when what is shown was current: the line is down since then. `null` while it is up. */
  staleSince: number | null;
  fresh: ReadonlySet<string>;
  /** Leads that arrived above the page shown. */
  above: number;
  /** The last lead that came in, for those who listen instead of look. */
  arrived: LeadEvent | null;
  clock: ServerClock;
  reload(): void;
  /** Hears every event; returns the way to stop. */
  subscribe(listener: (frame: LeadEvent | "gap") => void): () => void;
}

export function useLeads(me: Me, query: LeadQuery, onUnauthorised: () => void): Leads {
  const zone = me.tenant.zone;
  const key = printQuery(query);
  const [page, setPage] = useState<LeadPage | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [live, setLive] = useState<LiveState>("connecting");
  const [queued, setQueued] = useState(0);
  const [staleSince, setStaleSince] = useState<number | null>(null);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [above, setAbove] = useState(0);
  const [arrived, setArrived] = useState<LeadEvent | null>(null);
  const clock = useRef(new ServerClock()).current;
  const [socket] = useState(() => new Live({ topics: [] }));
  const [now] = useState(() => new NowStore());
  const kept = useRef<LeadEvent[] | null>(null);
  const current = useRef<LeadPage | null>(null);
  const running = useRef<AbortController | null>(null);
  const listeners = useRef(new Set<(frame: LeadEvent | "gap") => void>()).current;

  const show = (next: LeadPage) => {
    current.current = next;
    setPage(next);
  };

  const apply = useStable((frame: LeadEvent) => {
    if (!current.current) return;
    const step = applyEvent(current.current, query, zone, frame, me.member_id);
    show(step.page);
    if (step.missing && !kept.current) void load();
    setAbove((n) => n + step.above);
    if (!step.entered) return;
    const entered = step.entered;
    setArrived(frame);
    setFresh((set) => new Set(set).add(entered));
    setTimeout(() => setFresh((set) => new Set([...set].filter((one) => one !== entered))), FRESH_MS);
  });

  const load = useStable(async () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    kept.current = [];
    setLoading(true);
    try {
      const next = await api.leads(toApi(query, zone, me.member_id), abort.signal);
      const missed = (kept.current ?? []).filter((frame) => frame.seq > next.seq);
      kept.current = null;
      socket.adopt(next);
      show(next);
      setAbove(0);
      setError(null);
      missed.forEach(apply);
      socket.start();
    } catch (failure) {
      if (abort.signal.aborted) return;
      kept.current = null;
      if (failure instanceof ProblemError && failure.status === 401) return onUnauthorised();
      setError(failure);
    } finally {
      if (!abort.signal.aborted) setLoading(false);
    }
  });

  const hear = useStable((frame: LeadEvent) => {
    clock.heard(frame.at);
    kept.current?.push(frame);
    if (kept.current && kept.current.length > MOST_KEPT) void load();
    apply(frame);
    listeners.forEach((listener) => listener(frame));
  });
  const missed = useStable(() => {
    void load();
    listeners.forEach((listener) => listener("gap"));
  });
  const leave = useStable(onUnauthorised);

  const turned = useStable((state: LiveState) => {
    setLive(state);
    setStaleSince((since) => (state === "live" ? null : (since ?? clock.now())));
  });

  useEffect(() => {
    const stops = [
      now.follow(socket),
      socket.on("event", hear),
      socket.on("gap", missed),
      socket.on("state", turned),
      socket.on("queue", setQueued),
      socket.on("signedout", leave),
    ];
    return () => {
      stops.forEach((stop) => stop());
      socket.stop();
      running.current?.abort();
    };
  }, [socket, now, hear, missed, turned, leave]);

  useEffect(() => void load(), [key, load]);

  // A dashboard on a wall has nobody to press the button.
  useEffect(() => {
    if (!error) return;
    const again = () => void load();
    const asked = error instanceof ProblemError ? error.retryAfterMs : 0;
    const timer = setTimeout(again, Math.max(asked, RETRY_MS) * (1 + Math.random()));
    addEventListener("online", again);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", again);
    };
  }, [error, load]);

  const subscribe = useCallback(
    (listener: (frame: LeadEvent | "gap") => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [listeners],
  );

  return { page, loading, error, live, socket, now, queued, staleSince, fresh, above, arrived, clock, reload: load, subscribe };
}
