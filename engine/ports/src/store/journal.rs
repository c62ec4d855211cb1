//! The journal: events and the rows that follow from them, in one transaction (A1, A2, A4).

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::{
    effect::Effect,
    event::{Author, Event, EventRecord, MessageSeq, Seq, Version},
    id::{MessageId, SessionId, TenantId},
    session::{LeadSession, replay::Cause},
};
use jiff::Timestamp;

use super::{InboundEvent, LeadFold, LeadRecord, StoreError};

/// One decision of one session, to be stored.
#[derive(Clone, Debug)]
pub struct Append {
    pub session: SessionId,
    /// The version the decision was made from: another writer from the same version loses (A2).
    pub expected: Version,
    pub at: Timestamp,
    /// Never empty.
    pub events: Vec<Event>,
    /// The state after the events, stored as a snapshot.
    pub state: LeadSession,
    /// The durable ones become rows; the others are ignored here.
    pub effects: Vec<Effect>,
    /// The lead's row after the events, when the writer knows it as it stood at `expected`; else the store
    /// reads it.
    pub lead: Option<LeadFold>,
    /// What led to it, kept so that it can be explained and decided again.
    pub cause: Option<Cause>,
    /// The call that led to it, logged in the same transaction.
    pub inbound: Option<InboundEvent>,
}

/// Many decisions of one tenant that share a transaction (group commit).
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order; the same session may come several times with rising versions.
    pub appends: Vec<Append>,
    /// Calls that led to nothing, logged along.
    pub inbound: Vec<InboundEvent>,
}

/// What became of one append of a batch. The others of the batch are not touched by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Stored; its events have the sequence numbers from `first` on.
    Stored { first: Seq },
    /// Another writer was first: reload and decide again.
    Conflict,
    /// A key it needs is taken (another node captured the same new contact): route again.
    Taken,
    /// The store can never hold it: a bug, such as a text with NUL. Never repeat it; the session
    /// needs a person (R8).
    Unstorable,
}

/// Where a tenant's log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Changes when the log is not the one it was (a restored backup); cursors of another epoch get a gap.
    pub epoch: i64,
    /// The last event, 0 for none.
    pub seq: Seq,
}

/// A message as it stands in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    pub message: MessageId,
    pub seq: MessageSeq,
    pub author: Author,
    /// The member's name when a member wrote.
    pub member_name: Option<String>,
    pub text: String,
    pub client_id: Option<String>,
    pub at: Timestamp,
}

/// A session as it is woken: in one read (P11).
#[derive(Clone, Debug)]
pub struct Loaded {
    pub state: LeadSession,
    /// The row of its lead, as it stands at the state's version.
    pub lead: Option<Arc<LeadRecord>>,
    /// The newest messages, oldest first, 20 at most.
    pub recent: Vec<StoredMessage>,
}

#[async_trait]
pub trait Journal: Send + Sync {
    /// Stores a batch in one transaction; answers one [`Appended`] per append, in order.
    ///
    /// Durable effects become rows of the same transaction: timers, deliveries. Rows of leads,
    /// contacts and messages follow from the events. After [`StoreError::Unavailable`] the outcome
    /// may be unknown: the caller re-reads before it repeats (the version tells).
    async fn commit(&self, tenant: TenantId, batch: &Batch) -> Result<Vec<Appended>, StoreError>;

    /// Reads a session back; `None` when nothing was ever stored of it.
    async fn load(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Loaded>, StoreError>;

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError>;

    /// The tenant's events after `after`, in order, `limit` at most.
    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// One session's events after `after`, in order, `limit` at most.
    async fn replay_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// All messages of a session after `after`, oldest first, `limit` at most.
    async fn messages(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: MessageSeq,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError>;
}
