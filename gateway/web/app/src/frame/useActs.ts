/**
 * What a page does and what came of it; and, where it wants that, its data read again every few seconds.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import { useStable } from "../hooks";

const REFRESH_MS = 5_000;

interface Options {
  /** Why something was refused, in the reader's language. */
  refusal(failed: unknown): string;
  onLoggedOut(): void;
  /** Reads what the page shows: at once, after every act, and every few seconds while the page is seen. */
  load?(signal: AbortSignal): Promise<void>;
}

export interface Acts<N> {
  /** Why the last act, or the last reading, was refused. */
  error: string;
  note: N | null;
  /** Tells something, or nothing more. */
  tell(error: string, note?: N | null): void;
  /** Does something and tells what came of it; false when it was refused. */
  act(work: () => Promise<N | void>): Promise<boolean>;
}

export function useActs<N = string>({ refusal, onLoggedOut, load }: Options): Acts<N> {
  const [error, setError] = useState("");
  const [broken, setBroken] = useState("");
  const [note, setNote] = useState<N | null>(null);
  const stop = useRef<AbortController | null>(null);
  const why = useStable((failed: unknown) => {
    if (failed instanceof ProblemError && failed.status === 401) onLoggedOut();
    return refusal(failed);
  });
  const read = useStable(async () => {
    const { signal } = (stop.current ??= new AbortController());
    try {
      await load?.(signal);
      setBroken("");
    } catch (failed) {
      if (!signal.aborted) setBroken(why(failed));
    }
  });
  const polls = !!load;
  useEffect(() => {
    if (!polls) return;
    stop.current = new AbortController();
    void read();
    const timer = setInterval(() => !document.hidden && void read(), REFRESH_MS);
    return () => {
      clearInterval(timer);
      stop.current?.abort();
    };
  }, [polls, read]);

  const tell = useCallback((told: string, noted: N | null = null) => {
    setError(told);
    setNote(noted);
  }, []);
  const act = useStable(async (work: () => Promise<N | void>) => {
    setNote(null);
    let done = true;
    try {
      setNote((await work()) ?? null);
      setError("");
    } catch (failed) {
      setError(why(failed));
      done = false;
    }
    await read();
    return done;
  });
  return { error: error || broken, note, tell, act };
}
