/**
 * The wire types: every body and frame the browser exchanges with the server.
 *
 * Lives here: the shapes that the server's own types are printed to (`wire.gen.ts`), and the members
 * of its tagged unions by name.
 */
import type { SessionEvent as AnySessionEvent, ClientFrame, ServerFrame as AnyServerFrame, SessionSnapshot } from "./wire.gen";

export type * from "./wire.gen";

/** The customer's place among those who wait for a person. */
export type QueueEvent = Extract<AnySessionEvent, { type: "queue" }>;

/** Everything that a visitor's stream can carry. */
export type VisitorEvent = AnySessionEvent;

/** The events of a session that are stored: they have a place in its log. */
export type StoredEvent =
  | Extract<
      AnySessionEvent,
      {
        type:
          "message.posted" | "turn.started" | "turn.failed" | "times.offered" | "call.changed" | "booking.changed" | "attachments.changed";
      }
    >
  | StatusEvent;

/** Somebody else speaks for the tenant: with the member's name when a member does. */
export type StatusEvent = Extract<AnySessionEvent, { type: "session.status" }>;

export type Snapshot = SessionSnapshot;

/** A piece of the answer that is being written. */
export type DeltaEvent = Extract<AnySessionEvent, { type: "draft.delta" }>;

/** A fact of the tenant's log on the live socket: the whole row, or what changed of it. */
export type LeadEvent = Extract<AnyServerFrame, { type: "event" }>;

/** A step of a booking on the live socket. */
export type BookingEvent = Extract<AnyServerFrame, { type: "booking" }>;

type Unsent<T> = T extends { ref: string } ? Omit<T, "ref"> : never;

/** A client frame before it has its `ref`. */
export type Wish = Unsent<ClientFrame>;
