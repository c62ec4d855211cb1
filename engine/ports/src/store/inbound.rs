//! The log of calls that came in, whatever became of them (S2-US-2.1-6).

use forecourt_core::id::{InboundEventId, LeadId};
use jiff::Timestamp;

/// One call from outside. Its body is the tenant's own data and stays in the tenant's rows.
#[derive(Clone, Debug)]
pub struct InboundEvent {
    pub id: InboundEventId,
    pub at: Timestamp,
    /// What was called, such as `form`.
    pub kind: &'static str,
    /// The answer's HTTP status.
    pub status: u16,
    pub outcome: InboundOutcome,
    pub lead: Option<LeadId>,
    pub content_type: Option<String>,
    /// The body as text, cut at 16 KiB, NUL replaced; empty when it was refused unread.
    pub body: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundOutcome {
    Created,
    Repeated,
    Appended,
    /// Refused: the fields were wrong, the body malformed, too large, of the wrong type.
    Invalid,
    /// Refused: too many.
    Limited,
}

impl InboundOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Repeated => "repeated",
            Self::Appended => "appended",
            Self::Invalid => "invalid",
            Self::Limited => "limited",
        }
    }
}
