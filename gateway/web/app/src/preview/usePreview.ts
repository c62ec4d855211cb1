/**
 * The preview that runs: read whole after each of its events, its answer word by word in between.
 *
 * Invariants: one message is on its way at a time, under one id over all its retries; what was begun anew never shows
 * what belonged to the one before.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { DraftAssembler } from "../../../sdk/draft";
import { newId } from "../../../sdk/id";
import type { Pressed, Preview, SessionEvent, StartPreview, Step } from "../../../sdk/wire";
import { useStable } from "../hooks";
import { previews } from "./calls";

/** Events come in bursts: what stands behind them is read once. */
const TOGETHER_MS = 120;
/** Letters come without an event. */
const REFRESH_MS = 5_000;
/** A stream that was refused is opened again after this. */
const REOPEN_MS = 1_500;

const TELLING = ["message.posted", "session.status", "turn.started", "turn.failed", "times.offered", "booking.changed", "gap"] as const;

export type Running = "loading" | "none" | "runs" | "ended";

export interface Draft {
  text: string;
  step: Step | null;
}

export function usePreview(failed: (error: unknown) => void) {
  const [running, setRunning] = useState<Running>("loading");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [busy, setBusy] = useState(false);
  const known = useRef(false);
  const asked = useRef(0);
  const complain = useStable(failed);

  const adopt = useCallback((found: Preview | null) => {
    setPreview((before) => found ?? before);
    if (found) setRunning("runs");
    else setRunning(known.current ? "ended" : "none");
    known.current = !!found;
  }, []);

  const refresh = useCallback(async () => {
    const nth = (asked.current += 1);
    try {
      const found = await previews.find(known.current);
      // An answer that was overtaken by a newer question says nothing new.
      if (nth === asked.current) adopt(found);
    } catch (error) {
      if (nth === asked.current) complain(error);
    }
  }, [adopt, complain]);

  useEffect(() => {
    void refresh();
  }, [refresh]);

  const id = running === "runs" ? preview?.preview_id : undefined;
  useEffect(() => {
    if (!id) return setDraft(null);
    const assembler = new DraftAssembler();
    let source: EventSource | undefined;
    let soon: ReturnType<typeof setTimeout> | undefined;
    let reopen: ReturnType<typeof setTimeout> | undefined;
    const later = () => {
      clearTimeout(soon);
      soon = setTimeout(() => void refresh(), TOGETHER_MS);
    };
    const take = (message: MessageEvent<string>) => {
      let event: SessionEvent;
      try {
        event = JSON.parse(message.data) as SessionEvent;
      } catch {
        return; // A frame of a newer server.
      }
      switch (event.type) {
        case "turn.started":
          assembler.start(event.draft_id);
          setDraft({ text: "", step: null });
          return later();
        case "draft.progress":
          assembler.start(event.draft_id);
          return setDraft({ text: assembler.text, step: event.step });
        case "draft.delta":
          // A hole is filled by the whole, which is read with the answer.
          if (assembler.apply(event) === "grown") setDraft({ text: assembler.text, step: null });
          return;
        case "draft.discarded":
          assembler.end(event.draft_id);
          return setDraft(null);
        case "message.posted":
          if (event.message.author === "customer") return later();
          assembler.end();
          setDraft(null);
          return later();
        case "turn.failed":
          assembler.end(event.draft_id);
          setDraft(null);
          return later();
        default:
          return later();
      }
    };
    const open = () => {
      source = new EventSource("/v1/preview/events");
      for (const name of [...TELLING, "draft.progress", "draft.delta", "draft.discarded"]) source.addEventListener(name, take);
      source.onopen = later;
      source.onerror = () => {
        later();
        if (source?.readyState !== EventSource.CLOSED) return;
        clearTimeout(reopen);
        reopen = setTimeout(open, REOPEN_MS);
      };
    };
    open();
    const timer = setInterval(() => !document.hidden && void refresh(), REFRESH_MS);
    return () => {
      source?.close();
      clearTimeout(soon);
      clearTimeout(reopen);
      clearInterval(timer);
    };
  }, [id, refresh]);

  const doing = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    try {
      await work();
      return true;
    } catch (error) {
      complain(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const start = (wish: StartPreview) =>
    doing(async () => {
      asked.current += 1;
      adopt(await previews.start(wish));
      setDraft(null);
    });
  const write = (text: string, pressed?: Pressed) =>
    doing(async () => {
      if (!preview) return;
      await previews.write({ preview_id: preview.preview_id, text, client_id: newId(), ...(pressed && { pressed }) });
      await refresh();
    });
  const end = () =>
    doing(async () => {
      await previews.end();
      asked.current += 1;
      known.current = false;
      setPreview(null);
      setRunning("none");
    });
  return { running, preview, draft, busy, start, write, end };
}
