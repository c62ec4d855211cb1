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
    tools::ToolName,
};
use tokio::sync::mpsc;

use crate::{
    inbox::Inbox,
    presence::{
        Availability, Ephemeral, MemberPresence, Person, Presence, PresenceChange, Rated,
        SharedDraft, Typist,
    },
    store::LeadNews,
};

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
    /// What it changed of its lead.
    pub news: LeadNews,
    encoded: [OnceLock<Option<Bytes>>; 2],
}

impl Published {
    /// An event of which only the store knows what it changed of its lead.
    pub fn new(record: EventRecord) -> Arc<Self> {
        Self::with(record, LeadNews::Unread)
    }

    pub fn with(record: EventRecord, news: LeadNews) -> Arc<Self> {
        Arc::new(Self { record, news, encoded: [OnceLock::new(), OnceLock::new()] })
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
    /// How something stands now; let go when the listener is slow, for the next one tells it all again.
    Ephemeral(SessionId, Ephemeral),
}

/// A running answer. `offset` counts the characters before `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// What the assistant does before its first words.
    Progress {
        turn: TurnId,
        step: Step,
    },
    Delta {
        turn: TurnId,
        offset: usize,
        text: Arc<str>,
    },
    Discarded {
        turn: TurnId,
    },
}

impl Draft {
    pub const fn turn(&self) -> TurnId {
        match self {
            Self::Progress { turn, .. } | Self::Delta { turn, .. } | Self::Discarded { turn } => {
                *turn
            }
        }
    }
}

/// A step of an answer that shows no words yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reads what the tenant knows.
    Looking,
    /// Waits for the model's first words.
    Thinking,
    /// The claim gate withheld all that was said; the model is asked once more.
    Mending,
    /// Runs a tool.
    Tool(ToolName),
}

/// A listener's end: a bounded queue, closed by the bus when the listener is too slow.
#[derive(Debug)]
pub struct Subscription {
    pub events: Inbox<Pushed>,
    /// The answer that was running when the subscription began: the whole text so far, or its step.
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

    // ---- presence: told and forgotten, never stored ----

    /// Who is at a conversation now.
    fn presence(&self, _tenant: TenantId, _session: SessionId) -> Presence {
        Presence::default()
    }

    /// Conversations of a tenant at which somebody is, `most` at most; first those with members.
    fn presences(&self, _tenant: TenantId, _most: usize) -> Vec<(SessionId, Arc<Presence>)> {
        Vec::new()
    }

    /// Members who are there; all others are [`Availability::Away`].
    fn members(&self, _tenant: TenantId) -> Vec<MemberPresence> {
        Vec::new()
    }

    /// Changes of a tenant's presence from now on. Who is too slow is cut: subscribe again, and ask for all.
    fn subscribe_presence(&self, _tenant: TenantId) -> mpsc::Receiver<PresenceChange> {
        mpsc::channel(1).1
    }

    /// A socket of a member's shows a conversation, or no longer. Counted: each `true` wants its `false`.
    fn set_viewer(&self, _tenant: TenantId, _session: SessionId, _who: &Person, _on: bool) {}

    /// Somebody types, for [`crate::presence::TYPING`], or no longer.
    fn set_typing(&self, _tenant: TenantId, _session: SessionId, _who: Typist, _on: bool) {}

    /// A page of the customer's is open on a conversation, or no longer. Counted like viewers.
    fn set_customer(&self, _tenant: TenantId, _session: SessionId, _on: bool) {}

    /// A socket of a member's is open, or no longer. Counted like viewers.
    fn set_member(&self, _tenant: TenantId, _who: &Person, _on: bool) {}

    /// A member says whether they take conversations. It holds while a socket of theirs is open.
    fn set_availability(&self, _tenant: TenantId, _who: &Person, _availability: Availability) {}

    /// Tells the listeners of a conversation that its shared draft was stored.
    fn publish_shared_draft(&self, _tenant: TenantId, _session: SessionId, _draft: SharedDraft) {}

    /// Tells the listeners of a conversation what a member thinks of a reply.
    fn publish_rated(&self, _tenant: TenantId, _session: SessionId, _rated: Rated) {}
}
