/**
 * The reply that a conversation's members write together.
 *
 * Lives here: the pure part: what I typed, what the server has, and what to do when both changed.
 * Invariants: my text is never replaced while it differs from what the server knows; the server's
 * is never overwritten unseen (compare-and-save by revision); one save is under way at a time.
 */
import type { DraftFrame } from "../../../sdk/wire";

/** What the server has, as far as we know. */
export interface DraftBase {
  revision: number;
  text: string;
}

export interface DraftState {
  /** What stands in the field. */
  text: string;
  base: DraftBase;
  /** A colleague's text that differs from mine: the person chooses. */
  theirs: DraftFrame | null;
  /** Who changed the draft while I had nothing of my own in it, to be said softly. */
  changedBy: string | null;
  /** What is on its way to the server. */
  saving: string | null;
  /** It was sent, and nothing new has been typed: what comes in of mine is an echo. */
  sent: boolean;
}

export const NO_DRAFT: DraftState = { text: "", base: { revision: 0, text: "" }, theirs: null, changedBy: null, saving: null, sent: false };

export const isDirty = (state: DraftState): boolean => state.text !== state.base.text;

export function typed(state: DraftState, text: string): DraftState {
  return { ...state, text, changedBy: null, sent: false };
}

/** The draft as the server has it now: from a frame, or from the answer to a save. */
export function heard(state: DraftState, frame: DraftFrame, me: string): DraftState {
  const { base } = state;
  // 0: there is no draft any more, and the count begins anew.
  if (frame.revision !== 0 && frame.revision <= base.revision) return state;
  if (state.sent && frame.revision !== 0 && frame.member_id === me) return { ...state, base: { revision: frame.revision, text: "" } };
  const next: DraftBase = { revision: frame.revision, text: frame.text };
  const mine = frame.member_id === me && (frame.text === state.saving || frame.text === state.text);
  if (mine || frame.text === state.text) return { ...state, base: next, theirs: null };
  if (!isDirty(state)) {
    const changedBy = frame.member_id && frame.member_id !== me && frame.text ? frame.member_id : null;
    return { ...state, text: frame.text, base: next, theirs: null, changedBy };
  }
  // It was thrown away, or sent: mine goes on as a draft of its own.
  if (!frame.text) return { ...state, base: next, theirs: null };
  return { ...state, theirs: frame };
}

export function takeTheirs(state: DraftState): DraftState {
  const { theirs } = state;
  return theirs ? { ...state, text: theirs.text, base: theirs, theirs: null } : state;
}

/** Mine is saved over theirs, which was read. */
export function keepMine(state: DraftState): DraftState {
  return state.theirs ? { ...state, base: state.theirs, theirs: null } : state;
}

/** What to save now, or `null`: nothing new, something under way, or a choice to be made first. */
export function due(state: DraftState): { text: string; revision: number } | null {
  if (state.theirs || state.saving !== null || !isDirty(state)) return null;
  return { text: state.text, revision: state.base.revision };
}

/** It was sent: the field is empty, and the server throws its draft away by itself. */
export function cleared(state: DraftState): DraftState {
  return { ...NO_DRAFT, base: { revision: state.base.revision, text: "" }, sent: true };
}
