/**
 * Small hooks that several screens share.
 */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

// ---- a clock for everybody ------------------------------------------------------------------------

const TICK_MS = 250;
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;
let tick = Date.now();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (!ticking) tick = Date.now();
  ticking ??= setInterval(() => {
    // A page in the background needs no ring; it is drawn right when it comes back.
    if (document.hidden) return;
    tick = Date.now();
    listeners.forEach((one) => one());
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

const ignore = () => () => {};

/** This machine's time, four times a second while `running`; one timer serves all. */
export function useTick(running: boolean): number {
  const shared = useSyncExternalStore(running ? listen : ignore, () => (running && ticking ? tick : 0));
  return shared || Date.now();
}

// ---- the address ----------------------------------------------------------------------------------

/** The query part of the address, as state. */
export function useSearch(): [URLSearchParams, (next: URLSearchParams, replace?: boolean) => void] {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const moved = () => setSearch(location.search);
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  const set = useCallback((next: URLSearchParams, replace = false) => {
    const text = next.toString();
    const url = location.pathname + (text && `?${text}`);
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    setSearch(location.search);
  }, []);
  return [new URLSearchParams(search), set];
}

// ---- the rest -------------------------------------------------------------------------------------

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => matchMedia(query).matches,
  );
}

/** A function that keeps its identity and always runs the newest body. */
export function useStable<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => R {
  const latest = useRef(body);
  useEffect(() => {
    latest.current = body;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}

const TYPING_MS = 300;

/** The text of a search field; what is typed is told after a pause, and a value from elsewhere is taken over. */
export function useTyped(value: string, onTyped: (value: string) => void): [string, (typed: string) => void] {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const tell = useStable(onTyped);
  // It changed by itself (back, clear): the field follows.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      tell(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, tell]);
  return [typed, setTyped];
}

/** `j` and `k` walk through the rows, `/` goes to the search. Enter is the link's own. */
export function useListKeys(active: boolean, row: string): void {
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea")) return;
      if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLElement>('input[name="q"]')?.focus();
        return;
      }
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      if (!step) return;
      const stops = [...document.querySelectorAll<HTMLElement>("[data-stop]")];
      const at = stops.indexOf(document.activeElement as HTMLElement);
      const next = at < 0 ? (step > 0 ? 0 : stops.length - 1) : Math.min(Math.max(at + step, 0), stops.length - 1);
      stops[next]?.focus();
      stops[next]?.closest(row)?.scrollIntoView({ block: "nearest" });
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [active, row]);
}
