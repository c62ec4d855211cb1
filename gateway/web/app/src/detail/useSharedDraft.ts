/**
 * The shared draft in a field: saved through the socket when the typing pauses, heard from it.
 */
import { useEffect, useRef, useState } from "react";
import type { Live } from "../../../sdk/live";
import { useStable } from "../hooks";
import { type NowStore, useNow } from "../live/store";
import { cleared, type DraftState, due, heard, keepMine, NO_DRAFT, takeTheirs, typed } from "./sharedDraft";

/** A pause in the typing. */
const SAVE_MS = 500;

export interface SharedDraft extends DraftState {
  write(text: string): void;
  /** It was sent. */
  clear(): void;
  takeTheirs(): void;
  keepMine(): void;
}

export function useSharedDraft(sessionId: string, me: string, socket: Live, now: NowStore): SharedDraft {
  const [state, setState] = useState(NO_DRAFT);
  const latest = useRef(state);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const frame = useNow(now, (store) => (store.draft?.session_id === sessionId ? store.draft : null));

  const change = useStable((step: (old: DraftState) => DraftState) => {
    latest.current = step(latest.current);
    setState(latest.current);
    clearTimeout(timer.current);
    if (due(latest.current)) timer.current = setTimeout(() => void save(), SAVE_MS);
  });
  const save = async () => {
    const next = due(latest.current);
    if (!next) return;
    change((old) => ({ ...old, saving: next.text }));
    try {
      const { draft } = await socket.saveDraft(sessionId, next.text, next.revision);
      change((old) => ({ ...heard(old, draft, me), saving: null }));
    } catch {
      // No line, or not now: the next change, or the line when it is back, tries again.
      latest.current = { ...latest.current, saving: null };
      setState(latest.current);
    }
  };
  useEffect(() => {
    if (frame) change((old) => heard(old, frame, me));
  }, [frame, me, change]);
  useEffect(() => {
    // After a reconnect the server tells its draft anew; what I typed meanwhile is saved on top of it.
    const stop = socket.on("state", (live) => live === "live" && change((old) => old));
    return () => {
      stop();
      clearTimeout(timer.current);
      void save();
    };
    // `save` reads the newest state itself.
  }, [socket, change]);

  return {
    ...state,
    write: (text) => change((old) => typed(old, text)),
    clear: () => change(cleared),
    takeTheirs: () => change(takeTheirs),
    keepMine: () => change(keepMine),
  };
}
