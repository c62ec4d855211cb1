/**
 * The wire types: every body and frame the browser exchanges with the server.
 *
 * Lives here: the shapes that the server's own types are printed to (`wire.gen.ts`), and the members
 * of its tagged unions by name.
 */
import type { ServerFrame as AnyServerFrame, SessionEvent as AnySessionEvent } from "./wire.gen";

export type * from "./wire.gen";

/** The events of a session that are stored: they have a place in its log. */
export type StoredEvent = Extract<AnySessionEvent, { type: "message.posted" | "session.status" | "turn.started" | "turn.failed" }>;

/** A piece of the answer that is being written. */
export type DeltaEvent = Extract<AnySessionEvent, { type: "draft.delta" }>;

/** A change of a lead on the live socket; it always carries the whole fresh row. */
export type LeadEvent = Extract<AnyServerFrame, { type: "event" }>;
