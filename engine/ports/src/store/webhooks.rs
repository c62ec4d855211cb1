//! Endpoints of integrators, and the calls that are owed to them.
//!
//! Each endpoint has a cursor in its tenant's log. Whoever holds the endpoint's claim takes the events after
//! the cursor, writes a call for each that the endpoint asked for, and moves the cursor, in one transaction;
//! so the commit of an event pays nothing for webhooks, and a crash neither loses nor doubles a call.
//!
//! # Invariants
//! - **A1** the cursor and the calls it stands for move together;
//! - of one conversation only the oldest pending call is due: the next waits until it is accepted or given up;
//! - **A8** every call names its tenant; a sweep answers only *which* endpoints owe work;
//! - **A9** at most [`MOST_PENDING`] calls of an endpoint are written ahead: the rest waits in the log.

use std::time::Duration;

use async_trait::async_trait;
use forecourt_core::{
    event::Seq,
    id::{EndpointId, MemberId, NodeId, SessionId, TenantId},
    webhook::{Outcome, PauseReason, Topic},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::StoreError;
use crate::webhook::Encode;

/// So many pending calls of an endpoint are rows at a time.
pub const MOST_PENDING: u64 = 10_000;
/// So many calls one replay sends at most.
pub const MOST_REPLAYED: u32 = 1_000;

/// An endpoint to be made. It hears of everything from now on.
#[derive(Clone)]
pub struct NewEndpoint {
    pub endpoint: EndpointId,
    pub url: String,
    pub description: Option<String>,
    /// Empty: all of them.
    pub topics: Vec<Topic>,
    /// Sealed.
    pub secret: Vec<u8>,
    pub by: MemberId,
    pub at: Timestamp,
}

/// An endpoint that is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    pub why: PauseReason,
    pub since: Timestamp,
}

/// What became of the letter that tells of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeStatus {
    Due,
    /// The letter is being handed over; after a crash nobody knows whether it left.
    Begun,
    Sent,
    Failed,
}

impl NoticeStatus {
    pub const ALL: [Self; 4] = [Self::Due, Self::Begun, Self::Sent, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Begun => "begun",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// An endpoint as people see it.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointRecord {
    pub endpoint: EndpointId,
    pub url: String,
    pub description: Option<String>,
    pub topics: Vec<Topic>,
    /// `None` while it is active.
    pub paused: Option<Paused>,
    pub notice: Option<NoticeStatus>,
    /// Since when there was nothing but failures.
    pub failing_since: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    /// Until when the secret of before the last rotation signs too.
    pub old_secret_until: Option<Timestamp>,
    /// Calls that wait to be accepted.
    pub pending: u64,
    /// Events of the log that have not been looked at yet.
    pub behind: u64,
    pub created_by: MemberId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for EndpointRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointRecord").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What a member changes of an endpoint.
#[derive(Clone)]
pub enum EndpointChange {
    /// What is `None` stays; an empty description is taken away.
    Set {
        url: Option<String>,
        description: Option<String>,
        topics: Option<Vec<Topic>>,
    },
    Pause,
    /// Goes on where it stopped; with `skip`, what has waited is left out.
    Resume {
        skip: bool,
    },
    /// A new sealed secret; the one before signs until `old_until`.
    Rotate {
        secret: Vec<u8>,
        old_until: Timestamp,
    },
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// It waits for its time, or for an earlier one of its conversation.
    Pending,
    Accepted,
    /// The ladder has ended.
    Failed,
    /// A member left it out when the endpoint was resumed.
    Skipped,
}

impl CallStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Failed, Self::Skipped];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A call as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Its place among the calls of its endpoint, from 1.
    pub number: i64,
    pub topic: Topic,
    /// The `webhook-id`.
    pub event_id: String,
    /// The event's place in the tenant's log; a test has none.
    pub seq: Option<Seq>,
    pub session: Option<SessionId>,
    pub status: CallStatus,
    /// Tries that have ended, over all replays.
    pub tries: u32,
    /// When the next try is due; of what has ended, when the last one was.
    pub next_at: Timestamp,
    /// What the last try came to: the status, or a code such as `timeout`.
    pub last: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One try of a call.
#[derive(Clone, PartialEq, Eq)]
pub struct TryRecord {
    /// From 1.
    pub number: u32,
    pub at: Timestamp,
    pub took_ms: u32,
    pub status: Option<u16>,
    /// Why there was no status.
    pub code: Option<String>,
    /// The beginning of the answer's body.
    pub beginning: String,
}

// What an endpoint answers may speak of people (A13).
impl std::fmt::Debug for TryRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TryRecord")
            .field("number", &self.number)
            .field("status", &self.status)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// A call with its body and its tries, oldest first.
#[derive(Clone, PartialEq, Eq)]
pub struct CallStory {
    pub row: CallRecord,
    pub body: String,
    pub tries: Vec<TryRecord>,
}

/// Which calls a list shows: the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    pub status: Option<CallStatus>,
    /// Made at this time or later.
    pub since: Option<Timestamp>,
    /// Made before this time.
    pub until: Option<Timestamp>,
    /// Only those with a lower number.
    pub before: Option<i64>,
    pub limit: u32,
}

/// Which calls are sent once more; [`MOST_REPLAYED`] at most, the oldest first. What is pending stays so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    Numbers(Vec<i64>),
    Range { status: CallStatus, since: Option<Timestamp>, until: Option<Timestamp> },
}

/// What became of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub count: u32,
    /// There may be more of them: ask again.
    pub more: bool,
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct WorkAsk<'a> {
    pub node: NodeId,
    pub now: Timestamp,
    /// The claim is renewed for so long.
    pub lease: SignedDuration,
    /// Calls that the worker has in hand.
    pub busy: &'a [i64],
    /// How many more it takes.
    pub room: u32,
}

/// A call that is due.
#[derive(Clone, PartialEq, Eq)]
pub struct DueCall {
    pub number: i64,
    /// Whose order it keeps: the conversation, or the test itself.
    pub entity: Uuid,
    pub event_id: String,
    pub body: String,
}

impl std::fmt::Debug for DueCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DueCall").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What there is to do for an endpoint.
#[derive(Clone)]
pub struct Work {
    pub url: String,
    /// Sealed.
    pub secret: Vec<u8>,
    /// Sealed; only while it still signs.
    pub old_secret: Option<Vec<u8>>,
    /// The oldest pending call of each conversation, if it is due.
    pub calls: Vec<DueCall>,
    /// When the next call falls due that is neither in `calls` nor busy.
    pub next_at: Option<Timestamp>,
    /// Whether the log holds events after the cursor.
    pub behind: bool,
}

/// What came of a try, to be stored.
#[derive(Clone)]
pub struct CallReport {
    pub number: i64,
    /// When the try began.
    pub at: Timestamp,
    pub took: Duration,
    pub outcome: Outcome,
    pub beginning: String,
    pub retry_after: Option<SignedDuration>,
    pub now: Timestamp,
}

/// What a stored report led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    pub status: CallStatus,
    /// The endpoint was paused by it.
    pub paused: Option<PauseReason>,
}

/// A pause that the tenant's people have to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNotice {
    pub tenant: TenantId,
    pub endpoint: EndpointId,
    pub url: String,
    pub why: PauseReason,
    pub since: Timestamp,
}

#[async_trait]
pub trait Webhooks: Send + Sync {
    // ---- what people do ----

    /// Makes an endpoint; `None` when the tenant has as many as it may.
    async fn create_endpoint(
        &self,
        tenant: TenantId,
        new: &NewEndpoint,
    ) -> Result<Option<EndpointRecord>, StoreError>;

    /// The tenant's endpoints, oldest first.
    async fn list_endpoints(&self, tenant: TenantId) -> Result<Vec<EndpointRecord>, StoreError>;

    async fn find_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
    ) -> Result<Option<EndpointRecord>, StoreError>;

    /// Changes an endpoint; `None` when there is none.
    async fn change_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        change: &EndpointChange,
        now: Timestamp,
    ) -> Result<Option<EndpointRecord>, StoreError>;

    /// Takes an endpoint away, with its address and its secrets at once; its calls go by and by.
    async fn delete_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Queues a test; answers its number, or `None` when there is no such endpoint or it is paused.
    async fn queue_test(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        event_id: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError>;

    async fn list_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        filter: &CallFilter,
    ) -> Result<Vec<CallRecord>, StoreError>;

    async fn find_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        number: i64,
    ) -> Result<Option<CallStory>, StoreError>;

    /// Has calls sent once more, with the same ids, on a new ladder.
    async fn replay_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<Replayed, StoreError>;

    // ---- what workers do ----

    /// Claims active endpoints of all tenants that owe something and that nobody holds.
    async fn claim_endpoints(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, EndpointId)>, StoreError>;

    /// Renews the claim, takes new events into calls, and answers what is due. `None` when the claim is
    /// another node's by now, or the endpoint is paused or gone.
    async fn work(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        ask: &WorkAsk<'_>,
        encode: &dyn Encode,
    ) -> Result<Option<Work>, StoreError>;

    /// Stores what came of a try, whoever made it; `None` when the call has ended meanwhile.
    async fn report_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        report: &CallReport,
    ) -> Result<Option<Reported>, StoreError>;

    /// Gives a claim back; what is pending is found by the sweep at its time.
    async fn leave_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        node: NodeId,
    ) -> Result<(), StoreError>;

    /// Ends every claim at once: for the one engine that owns its cluster, at its start.
    async fn forget_claims(&self) -> Result<(), StoreError>;

    /// Takes pauses that have to be told and that nobody has taken, for `lease`.
    async fn claim_notices(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueNotice>, StoreError>;

    /// Writes down how the letter of a pause stands. `Due` has it tried again after `next_at`. False when
    /// there is nothing to tell any more: the endpoint was resumed, or the letter had begun elsewhere.
    async fn note_notice(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        status: NoticeStatus,
        next_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets calls that ended before `before`, and those of endpoints that are gone; `limit` of each
    /// tenant at most. Answers how many.
    async fn prune_calls(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Pending calls of active endpoints, of all tenants.
    async fn undone_calls(&self) -> Result<u64, StoreError>;
}
