//! What a decision asks for: durable effects become rows of the same transaction, the rest runs after it (A4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    event::{DeliveryQueued, Fence},
    id::{DeliveryId, TurnId},
    promise::Rung,
};

/// A durable timer of a session. There is at most one of each kind per session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The next rung of the promise clock.
    Promise,
    /// Reminds staff of a customer who waits for a person.
    Handoff,
    /// The lease of a running turn: when it ends and nobody runs the turn, it is run again.
    Turn,
    /// The customer has written, and may write more: one turn answers the whole burst.
    Gather,
    /// A member types: the assistant goes on when nobody does any more.
    Resume,
    /// A customer waits for a member who has taken over: the assistant speaks again.
    GiveBack,
    /// Nobody answers a hand-off: the next person gets it.
    Reroute,
    /// The customer may have gone: a chat is politely ended.
    Idle,
    /// A call-back: it is offered because the wait was long, it rings, or nobody has called.
    Callback,
}

/// What becomes of a timer whose time passed while nobody could fire it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It fires, however late: somebody waits for what it does.
    Run,
    /// It fires once for all the times that passed, and counts on from now: a night without the
    /// engine must not end in a dozen reminders at once.
    Shift,
}

impl TimerKind {
    pub const ALL: [Self; 9] = [
        Self::Promise,
        Self::Handoff,
        Self::Turn,
        Self::Gather,
        Self::Resume,
        Self::GiveBack,
        Self::Reroute,
        Self::Idle,
        Self::Callback,
    ];

    /// What becomes of it when it is late.
    pub const fn late(self) -> Late {
        match self {
            Self::Promise
            | Self::Turn
            | Self::Gather
            | Self::Resume
            | Self::GiveBack
            | Self::Callback => Late::Run,
            Self::Handoff | Self::Reroute | Self::Idle => Late::Shift,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Handoff => "handoff",
            Self::Turn => "turn",
            Self::Gather => "gather",
            Self::Resume => "resume",
            Self::GiveBack => "give_back",
            Self::Reroute => "reroute",
            Self::Idle => "idle",
            Self::Callback => "callback",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How a timer ended; kept on its row so that it explains itself afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerEnd {
    Fired,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Durable: set the timer, or move it.
    SetTimer { kind: TimerKind, due_at: Timestamp },
    /// Durable: the timer has fired or is no longer needed.
    EndTimer { kind: TimerKind, end: TimerEnd },
    /// Durable: send this.
    QueueDelivery(DeliveryQueued),
    /// Durable: try again at `next_at`.
    RetryDelivery { delivery: DeliveryId, next_at: Timestamp, code: String },
    /// Durable: it is over.
    EndDelivery { delivery: DeliveryId, end: DeliveryEnd },
    /// After the commit: ask a model.
    StartTurn { turn: TurnId, rung: Rung, fence: Fence },
    /// After the commit: stop asking.
    CancelTurn { turn: TurnId },
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    Accepted {
        reference: Option<String>,
    },
    Failed {
        code: String,
    },
    Uncertain {
        code: String,
    },
    /// It carried an older fence (A7).
    Refused,
}

/// What [`crate::session::LeadSession::decide`] answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub events: Vec<crate::event::Event>,
    pub effects: Vec<Effect>,
}
