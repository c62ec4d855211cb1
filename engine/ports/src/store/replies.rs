//! What members think of the assistant's replies, and what became of the conversations they stand in.
//!
//! # Invariants
//! - one rating of each member for a message; the same again changes nothing;
//! - only what the assistant wrote is rated;
//! - **A9** a report covers [`MOST_DAYS`] days and has [`MOST_FIGURES`] rows at most.

use async_trait::async_trait;
use forecourt_core::id::{MemberId, MessageId, SessionId, TenantId};
use jiff::Timestamp;

use super::StoreError;

/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;
/// Ratings of one conversation that are shown.
pub const MOST_RATINGS: usize = 1_000;
/// The longest time that a report covers.
pub const MOST_DAYS: i64 = 92;
/// Rows of a report: those with the most replies.
pub const MOST_FIGURES: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    Good,
    Bad,
}

/// What a member thinks of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyRating {
    pub session: SessionId,
    pub message: MessageId,
    pub member: MemberId,
    pub rating: Rating,
    /// Why, in their words: 1 to [`MAX_REASON`] characters.
    pub reason: Option<String>,
    /// When it became what it is.
    pub at: Timestamp,
}

/// What came of rating a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rated {
    /// As it stands now.
    Stored(ReplyRating),
    /// The conversation has no such message.
    NoMessage,
    /// The message is a person's.
    NotAssistants,
}

/// The replies of one prompt and model within a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyFigures {
    /// Prompt or template with its version, such as `reply@3`.
    pub prompt: String,
    pub model: String,
    pub replies: u64,
    /// Ratings of these replies, whenever they were given.
    pub good: u64,
    pub bad: u64,
    /// Conversations with such a reply; each is counted in one of the next four.
    pub conversations: u64,
    /// Something was booked in it, and was not cancelled.
    pub booked: u64,
    /// Nothing was booked, and a person was needed or took it over.
    pub handed_over: u64,
    /// Neither, and it goes on.
    pub open: u64,
    /// Neither, and it is over.
    pub closed: u64,
}

#[async_trait]
pub trait Replies: Send + Sync {
    /// Stores what a member thinks of a message, over what they thought before.
    async fn rate(&self, tenant: TenantId, rating: &ReplyRating) -> Result<Rated, StoreError>;

    /// Takes a member's rating back, if there is one; says whether the conversation has the message.
    async fn unrate(
        &self,
        tenant: TenantId,
        session: SessionId,
        message: MessageId,
        member: MemberId,
    ) -> Result<bool, StoreError>;

    /// The ratings of a conversation, in the order of their times; at most [`MOST_RATINGS`].
    async fn ratings(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<ReplyRating>, StoreError>;

    /// What came of the replies from `from` until before `until`, by prompt and model, the most replies first.
    async fn reply_figures(
        &self,
        tenant: TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReplyFigures>, StoreError>;
}

impl ReplyRating {
    /// Whether this says what `other` says, whenever.
    pub fn says_as(&self, other: &Self) -> bool {
        self.rating == other.rating && self.reason == other.reason
    }
}

impl std::fmt::Debug for ReplyRating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyRating")
            .field("message", &self.message)
            .field("rating", &self.rating)
            .finish_non_exhaustive() // A13
    }
}
