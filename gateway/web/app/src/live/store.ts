/**
 * What is of this moment: who is at which conversation, who is there, the running answer, the draft.
 *
 * Lives here: the newest frame of each subject, and who wants to hear when one changes.
 * Invariants: nothing is shown as of now while the line is down; a conversation that nobody is at
 * takes no memory (A9).
 */
import { useCallback, useSyncExternalStore } from "react";
import type { Live, RunningAnswer } from "../../../sdk/live";
import type { DraftFrame, MemberFrame, PresenceFrame } from "../../../sdk/wire";

export class NowStore {
  readonly presence = new Map<string, PresenceFrame>();
  readonly #listeners = new Set<() => void>();
  /** Replaced as a whole, so that a reader sees a change. */
  members: readonly MemberFrame[] = [];
  answer: RunningAnswer | null = null;
  draft: DraftFrame | null = null;

  /** Follows a socket; returns the way to stop. */
  follow(live: Live): () => void {
    const stops = [
      live.on("presence", (frame) => {
        const idle = !frame.viewers.length && !frame.customer_online && !frame.customer_typing && frame.assistant === "idle";
        if (idle) this.presence.delete(frame.session_id);
        else this.presence.set(frame.session_id, frame);
        this.#tell();
      }),
      live.on("member", (frame) => {
        const others = this.members.filter((one) => one.member_id !== frame.member_id);
        this.members = [...others, frame].sort((a, b) => a.name.localeCompare(b.name));
        this.#tell();
      }),
      live.on("answer", (answer) => {
        this.answer = answer.text === null ? null : answer;
        this.#tell();
      }),
      live.on("draft", (frame) => {
        this.draft = frame;
        this.#tell();
      }),
      live.on("state", (state) => {
        if (state === "live" || !this.presence.size) return;
        this.presence.clear();
        this.#tell();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Nothing is viewed any more: the next view tells its draft and answer anew. */
  leave(): void {
    this.answer = null;
    this.draft = null;
    this.#tell();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(): void {
    this.#listeners.forEach((listener) => listener());
  }
}

export function useNow<T>(store: NowStore, read: (store: NowStore) => T): T {
  return useSyncExternalStore(store.subscribe, () => read(store));
}

export function usePresence(store: NowStore, sessionId: string | undefined): PresenceFrame | undefined {
  const read = useCallback(() => (sessionId ? store.presence.get(sessionId) : undefined), [store, sessionId]);
  return useSyncExternalStore(store.subscribe, read);
}
