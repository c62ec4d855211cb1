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
