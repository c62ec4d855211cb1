//! Fan-out: stored events and drafts to whoever listens, in order, bounded (A9).
//!
//! # Invariants
//! - a listener gets each stored event at most once and in order, or is cut with its cursor intact;
//! - an event is published after its commit, never before (A1);
//! - a slow listener is cut; it never makes a publisher wait.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use forecourt_core::{
    event::EventRecord,
    id::{SessionId, TenantId, TurnId},
};
use tokio::sync::mpsc;

/// Who reads: staff see everything of their tenant, a customer what is meant for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Staff = 0,
    Customer = 1,
}

/// A stored event on its way to listeners; serialised once per audience, not once per listener.
#[derive(Debug)]
pub struct Published {
    pub record: EventRecord,
    encoded: [OnceLock<Option<Bytes>>; 2],
}

impl Published {
    pub fn new(record: EventRecord) -> Arc<Self> {
        Arc::new(Self { record, encoded: [OnceLock::new(), OnceLock::new()] })
    }

    /// The frame for an audience, made by `encode` the first time; `None` when it is not for them.
    pub fn encoded(
        &self,
        audience: Audience,
        encode: impl FnOnce(&EventRecord) -> Option<Bytes>,
    ) -> Option<Bytes> {
        self.encoded[audience as usize].get_or_init(|| encode(&self.record)).clone()
    }
}

/// What a listener receives.
#[derive(Clone, Debug)]
pub enum Pushed {
    Event(Arc<Published>),
    /// Ephemeral: a piece of a running answer.
    Draft(Draft),
}

/// A running answer. `offset` counts the characters before `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    Delta { turn: TurnId, offset: usize, text: Arc<str> },
    Discarded { turn: TurnId },
}

/// A listener's end: a bounded queue, closed by the bus when the listener is too slow.
#[derive(Debug)]
pub struct Subscription {
    pub events: mpsc::Receiver<Pushed>,
    /// The answer that was running when the subscription began: whole text so far.
    pub draft: Option<Draft>,
}

/// How the bus stands towards other nodes; told in `/readyz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusHealth {
    /// One process; there are no other nodes.
    Single,
    /// Other nodes hear us, and we them.
    Joined,
    /// Other nodes are configured and out of reach: each goes on alone, and catches up after.
    Cut,
}

pub trait Bus: Send + Sync {
    fn health(&self) -> BusHealth {
        BusHealth::Single
    }

    /// Events that *other* nodes stored, in order per tenant, of the tenants that this node uses. For
    /// the engine, whose sessions must notice that somebody else wrote (A2, A7). One taker; `None`
    /// where there are no other nodes, or for the second taker.
    fn foreign(&self) -> Option<mpsc::Receiver<Arc<Published>>> {
        None
    }

    /// Publishes stored events of a tenant, in the order of their sequence numbers.
    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>);

    /// Publishes a piece of a running answer to that session's listeners.
    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft);

    /// All stored events of a tenant from now on.
    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription;

    /// Stored events and drafts of one session from now on.
    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription;

    /// The newest events of a tenant after `after`, if memory still holds all of them.
    fn recent(
        &self,
        tenant: TenantId,
        after: forecourt_core::event::Seq,
    ) -> Option<Vec<Arc<Published>>>;
}
