//! Who is where just now: who looks at a conversation, who types, who is there to take one.
//!
//! Presence is told and forgotten, never stored: the [`Bus`](crate::bus::Bus) keeps it in memory, and what
//! nobody renews expires.
//!
//! # Invariants
//! - each thing that is told is whole, so that one that is lost is mended by the next;
//! - **A9** what is kept of a tenant, a conversation and a member is bounded;
//! - **A13** names never reach a log: `Debug` leaves them out.

use std::{fmt, sync::Arc, time::Duration};

use forecourt_core::id::{MemberId, MessageId, SessionId};
use jiff::Timestamp;

use crate::store::replies::Rating;

/// How long somebody counts as typing without saying so again.
pub const TYPING: Duration = Duration::from_secs(6);
/// Viewers of one conversation that are told; more are counted, and not named.
pub const MAX_VIEWERS: usize = 50;

/// A member, as the others see them.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub member: MemberId,
    pub name: Arc<str>,
}

/// A member at a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub person: Person,
    pub typing: bool,
}

/// Who is at a conversation, on all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// In the order in which they came; [`MAX_VIEWERS`] at most. Who types is among them.
    pub viewers: Vec<Viewer>,
    /// Whether a page of the customer's is open on it.
    pub customer_online: bool,
    pub customer_typing: bool,
    /// Whether the assistant works on an answer.
    pub composing: bool,
}

impl Presence {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.viewers.is_empty() && !self.customer_online && !self.customer_typing && !self.composing
    }
}

/// Who types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typist {
    Customer,
    Member(Person),
}

/// Whether a member takes conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Takes conversations.
    Online,
    /// Is there, and takes none.
    Busy,
    /// Has no socket open, or says so.
    Away,
}

/// A member and whether they take conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPresence {
    pub person: Person,
    pub availability: Availability,
}

/// The draft of a reply that the members of a tenant share, as it was just stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedDraft {
    /// Rises with every change; 0 when there is no draft.
    pub revision: i64,
    pub text: Arc<str>,
    /// Who changed it last.
    pub member: Option<MemberId>,
    pub at: Option<Timestamp>,
}

/// What a member thinks of a message of the assistant's from now on.
#[derive(Clone, PartialEq, Eq)]
pub struct Rated {
    pub message: MessageId,
    pub member: MemberId,
    /// `None`: they took it back.
    pub rating: Option<Rating>,
    /// Why, in their words; as long as [`MAX_REASON`](crate::store::replies::MAX_REASON).
    pub reason: Option<Arc<str>>,
    pub at: Timestamp,
}

/// How something stands now at a conversation. For staff, but for what a customer may know of a [`Presence`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ephemeral {
    Presence(Arc<Presence>),
    Draft(Arc<SharedDraft>),
    Rated(Arc<Rated>),
}

/// What a listener to a tenant's presence receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceChange {
    /// This replaces what was told of the conversation before.
    Session(SessionId, Arc<Presence>),
    Member(MemberPresence),
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Person").field(&self.member).finish()
    }
}

impl fmt::Debug for Rated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rated").field("message", &self.message).finish_non_exhaustive() // A13
    }
}

impl fmt::Debug for SharedDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDraft").field("revision", &self.revision).finish_non_exhaustive()
    }
}
