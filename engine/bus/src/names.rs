//! The names of this crate's metrics. Labels are codes, never ids or data (A13).

/// Listeners whose queue was full and who must resume with their cursor.
pub const LISTENERS_CUT: &str = "forecourt_listeners_cut_total";
/// 1 while this node and Redis hear each other, else 0.
pub const JOINED: &str = "forecourt_bus_joined";
/// Times that this node lost Redis.
pub const CUTS: &str = "forecourt_bus_cuts_total";
/// Events that were handed to Redis.
pub const SENT: &str = "forecourt_bus_sent_total";
/// Packets per round trip to Redis.
pub const SENT_TOGETHER: &str = "forecourt_bus_sent_together";
/// Frames that came from other nodes, by `kind`: `event`, `draft`, `ask`, `head`, `presence`.
pub const RECEIVED: &str = "forecourt_bus_received_total";
/// What was let go, by `what`: `event` (its receivers read it from the journal), `draft`, `foreign` (the
/// engine was not told), `packet` (not understood), `presence` (the next one tells it all again).
pub const DROPPED: &str = "forecourt_bus_dropped_total";
/// Times that events were missing and had to be read from the journal.
pub const GAPS: &str = "forecourt_bus_gaps_total";
/// Events that were read from the journal because Redis did not bring them.
pub const FILLED: &str = "forecourt_bus_filled_total";
/// Gaps that the journal could not fill: listeners find them by their versions.
pub const GIVEN_UP: &str = "forecourt_bus_gaps_given_up_total";
/// Tenants whose events this node follows.
pub const TENANTS: &str = "forecourt_bus_tenants";
/// Answers of a limit, by `by`: `shared` (Redis), `local` (Redis was slow or gone).
pub const LIMITS_ASKED: &str = "forecourt_limits_asked_total";
