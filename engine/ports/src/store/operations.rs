//! What people look at when they ask what the engine will do, does, or has failed to do.
//!
//! Reads only: what people want changed goes through the session as a command, like everything else.
//!
//! # Invariants
//! - **A8** every list is one tenant's;
//! - **A9** every list is paged, [`MOST_ROWS`] at most;
//! - no list holds a message's text; who a letter goes to stands only in its detail.

use async_trait::async_trait;
use forecourt_core::{
    effect::{TimerEnd, TimerKind},
    event::{DeliveryKind, Event, EventRecord, Fence},
    id::{DeliveryId, NodeId, SessionId, TenantId},
};
use jiff::Timestamp;

use super::StoreError;

/// The longest page of any list here.
pub const MOST_ROWS: u32 = 500;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// It waits for its time.
    Pending,
    /// The point of no return is passed; the provider's word is awaited.
    HandingOver,
    Accepted,
    /// The provider said no for good, or the ladder has ended: a dead letter.
    Failed,
    /// Nobody knows whether it left (R1): a dead letter.
    Uncertain,
    /// It carried an older fence, and stayed in (A7).
    Refused,
}

impl DeliveryStatus {
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::HandingOver,
        Self::Accepted,
        Self::Failed,
        Self::Uncertain,
        Self::Refused,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::HandingOver => "handing_over",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether a person may have it sent once more.
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Failed | Self::Uncertain)
    }
}

/// A node that works on a row, and until when the others leave it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub by: NodeId,
    pub until: Timestamp,
}

/// A delivery as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRecord {
    pub delivery: DeliveryId,
    pub session: SessionId,
    pub kind: DeliveryKind,
    pub status: DeliveryStatus,
    /// Tries that have ended.
    pub attempts: u32,
    pub fence: Option<Fence>,
    /// When the next try is due; of what has ended, when the last one was.
    pub next_at: Timestamp,
    /// The promise's, if it was queued while one ran.
    pub deadline: Option<Timestamp>,
    pub held: Option<Held>,
    /// The provider's last code, never its free text.
    pub code: Option<String>,
    /// What it means, as a key; see [`forecourt_core::delivery::Intent`].
    pub intent: Option<String>,
    /// The dead letter that it sends once more.
    pub replay_of: Option<DeliveryId>,
    /// The newest delivery that sends this dead letter once more.
    pub replayed_by: Option<DeliveryId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which deliveries a list shows: the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub status: Option<DeliveryStatus>,
    pub session: Option<SessionId>,
    /// Queued at this time or later.
    pub since: Option<Timestamp>,
    /// Queued before this time.
    pub until: Option<Timestamp>,
    /// Only those that are older than this one: the last of the page before.
    pub after: Option<DeliveryId>,
    pub limit: u32,
}

/// A delivery with what happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryHistory {
    pub row: DeliveryRecord,
    /// Whom it goes to.
    pub to: String,
    /// What its session's journal says of it, oldest first; see [`speaks_of`].
    pub events: Vec<EventRecord>,
}

/// A timer as people see it. Its row is one for as long as its session is, so it tells the last outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRecord {
    pub session: SessionId,
    pub kind: TimerKind,
    /// When it is due; of what has ended, when it was.
    pub due_at: Timestamp,
    /// Since when it is pending, or was when it ended.
    pub set_at: Timestamp,
    /// How often it was moved since, and when for the last time.
    pub moved: u32,
    pub moved_at: Option<Timestamp>,
    /// How often it has fired since the session began, and when and where for the last time.
    pub fired: u32,
    pub fired_at: Option<Timestamp>,
    pub fired_by: Option<NodeId>,
    pub held: Option<Held>,
    /// `None` while it is pending.
    pub end: Option<TimerEnd>,
    pub ended_at: Option<Timestamp>,
    /// The kind of the event that set, moved or ended it last.
    pub reason: Option<String>,
}

/// Which timers a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimerFilter {
    /// The ended ones, those of the newest sessions first; otherwise the pending ones, the next to
    /// fire first.
    pub ended: bool,
    pub session: Option<SessionId>,
    pub kind: Option<TimerKind>,
    pub after: Option<TimerPlace>,
    pub limit: u32,
}

/// Where a page of timers ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerPlace {
    pub due_at: Timestamp,
    pub session: SessionId,
    pub kind: TimerKind,
}

impl TimerRecord {
    pub const fn place(&self) -> TimerPlace {
        TimerPlace { due_at: self.due_at, session: self.session, kind: self.kind }
    }
}

#[async_trait]
pub trait Operations: Send + Sync {
    async fn list_deliveries(
        &self,
        tenant: TenantId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;

    async fn find_delivery(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
    ) -> Result<Option<DeliveryHistory>, StoreError>;

    async fn list_timers(
        &self,
        tenant: TenantId,
        filter: &TimerFilter,
    ) -> Result<Vec<TimerRecord>, StoreError>;
}

/// Whether an event tells something of this delivery.
pub fn speaks_of(event: &Event, delivery: DeliveryId) -> bool {
    match event {
        Event::DeliveryQueued(queued) => {
            queued.delivery == delivery || queued.replay_of == Some(delivery)
        }
        Event::DeliveryReplayed { of, delivery: new, .. } => *of == delivery || *new == delivery,
        Event::DeliveryAccepted { delivery: told, .. }
        | Event::DeliveryRetried { delivery: told, .. }
        | Event::DeliveryFailed { delivery: told, .. }
        | Event::DeliveryUncertain { delivery: told, .. }
        | Event::DeliveryRefused { delivery: told } => *told == delivery,
        _ => false,
    }
}

/// The kind of the event that a decision began with: why its timers were set, moved or ended.
pub fn reason_of(events: &[Event]) -> Option<&'static str> {
    events.first().map(Event::kind)
}
