//! What members think of the assistant's replies, and what became of conversations, by prompt and model.

use forecourt_core::id::{MemberId, MessageId};
use forecourt_ports::store::replies::{self, ReplyRating};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    Good,
    Bad,
}

impl From<replies::Rating> for Rating {
    fn from(rating: replies::Rating) -> Self {
        match rating {
            replies::Rating::Good => Self::Good,
            replies::Rating::Bad => Self::Bad,
        }
    }
}

impl From<Rating> for replies::Rating {
    fn from(rating: Rating) -> Self {
        match rating {
            Rating::Good => Self::Good,
            Rating::Bad => Self::Bad,
        }
    }
}

/// What a member thinks of a message of the assistant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutRating {
    pub rating: Rating,
    /// Why, 500 characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

impl std::fmt::Debug for PutRating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutRating").field("rating", &self.rating).finish_non_exhaustive() // A13
    }
}

/// A rating as it stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MessageRating {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "msg_0192f8e0c0de7000800000000000000a")]
    pub message_id: MessageId,
    /// Whose it is.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    pub rating: Rating,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
    /// When it became what it is.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<ReplyRating> for MessageRating {
    fn from(one: ReplyRating) -> Self {
        let ReplyRating { message, member, rating, reason, at, .. } = one;
        Self { message_id: message, member_id: member, rating: rating.into(), reason, at }
    }
}

impl std::fmt::Debug for MessageRating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageRating")
            .field("message_id", &self.message_id)
            .field("rating", &self.rating)
            .finish_non_exhaustive() // A13
    }
}

/// The replies of one prompt and model, and what became of their conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplyFigures {
    /// Prompt or template with its version.
    #[schema(example = "reply@3")]
    pub prompt: String,
    pub model: String,
    pub replies: u64,
    /// Ratings of these replies, whenever they were given.
    pub good: u64,
    pub bad: u64,
    /// Conversations with such a reply; each is counted in one of the next four.
    pub conversations: u64,
    /// Something was booked, and was not cancelled.
    pub booked: u64,
    /// Nothing was booked, and a person was needed or took it over.
    pub handed_over: u64,
    /// Neither, and it goes on.
    pub open: u64,
    /// Neither, and it is over.
    pub closed: u64,
}

impl From<replies::ReplyFigures> for ReplyFigures {
    fn from(figures: replies::ReplyFigures) -> Self {
        let replies::ReplyFigures {
            prompt,
            model,
            replies,
            good,
            bad,
            conversations,
            booked,
            handed_over,
            open,
            closed,
        } = figures;
        Self { prompt, model, replies, good, bad, conversations, booked, handed_over, open, closed }
    }
}

/// Replies within a time, by prompt and model, the most replies first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplyReport {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Not itself included.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// 200 at most.
    pub rows: Vec<ReplyFigures>,
}
