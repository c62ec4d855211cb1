//! How things stand now, told to whoever looks: presence, typing, the running answer, the shared draft.
//!
//! These frames have no `seq` and are kept nowhere but in memory, save for the shared draft. Each one tells all
//! there is to tell of its subject, so that one that is lost is mended by the next.

use forecourt_core::id::{MemberId, MessageId, SessionId, TurnId};
use forecourt_ports::{bus, presence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{live::Availability, replies::Rating};

/// Who is at a conversation; replaces what was told of it before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PresenceFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// Members that have it on the screen, in the order in which they came; at most 50.
    pub viewers: Vec<Viewer>,
    /// Whether a page of the customer's is open on it.
    pub customer_online: bool,
    pub customer_typing: bool,
    pub assistant: AssistantState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Viewer {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    pub name: String,
    pub typing: bool,
}

/// What the assistant does at a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssistantState {
    #[default]
    Idle,
    /// It is writing an answer.
    Composing,
}

/// Whether a member is there; with topic `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MemberFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    pub name: String,
    pub availability: Availability,
}

/// A piece of the assistant's running answer, to sockets that view the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TokensFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
    /// Characters before `text`; 0 begins anew.
    #[ts(type = "number")]
    pub offset: usize,
    pub text: String,
}

/// What the assistant does before its next words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ProgressFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
    pub step: Step,
    /// With `tool`, which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool: Option<String>,
}

/// A step of a running answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Reads what the tenant knows.
    Looking,
    /// Waits for the model's first words.
    Thinking,
    /// The claim gate withheld a sentence; the model is asked to mend it.
    Mending,
    /// Looks something up, or does something, by a tool.
    Tool,
}

/// The running answer was thrown away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DraftDiscardedFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
}

/// The draft of a reply that the members of a tenant share: it belongs to the conversation, not to who wrote it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DraftFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// Rises with every change; 0 when there is no draft.
    #[ts(type = "number")]
    pub revision: i64,
    pub text: String,
    /// Who changed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

/// What a member thinks of a message of the assistant's from now on; without a rating they took it back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RatingFrame {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub message_id: MessageId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rating: Option<Rating>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl RatingFrame {
    pub fn of(session_id: SessionId, rated: &presence::Rated) -> Self {
        Self {
            session_id,
            message_id: rated.message,
            member_id: rated.member,
            rating: rated.rating.map(Rating::from),
            reason: rated.reason.as_deref().map(str::to_owned),
            at: rated.at,
        }
    }
}

impl std::fmt::Debug for RatingFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RatingFrame").field("message_id", &self.message_id).finish_non_exhaustive() // A13
    }
}

impl From<bus::Step> for Step {
    fn from(step: bus::Step) -> Self {
        match step {
            bus::Step::Looking => Self::Looking,
            bus::Step::Thinking => Self::Thinking,
            bus::Step::Mending => Self::Mending,
            bus::Step::Tool(_) => Self::Tool,
        }
    }
}

impl Step {
    /// The name of the tool that a step runs.
    pub fn tool_of(step: bus::Step) -> Option<String> {
        match step {
            bus::Step::Tool(tool) => Some(tool.as_str().to_owned()),
            bus::Step::Looking | bus::Step::Thinking | bus::Step::Mending => None,
        }
    }
}

impl PresenceFrame {
    /// Who is at a conversation.
    pub fn of(session_id: SessionId, presence: &presence::Presence) -> Self {
        let viewer = |viewer: &presence::Viewer| Viewer {
            member_id: viewer.person.member,
            name: viewer.person.name.as_ref().to_owned(),
            typing: viewer.typing,
        };
        Self {
            session_id,
            viewers: presence.viewers.iter().map(viewer).collect(),
            customer_online: presence.customer_online,
            customer_typing: presence.customer_typing,
            assistant: if presence.composing {
                AssistantState::Composing
            } else {
                AssistantState::Idle
            },
        }
    }
}

impl From<&presence::MemberPresence> for MemberFrame {
    fn from(one: &presence::MemberPresence) -> Self {
        Self {
            member_id: one.person.member,
            name: one.person.name.as_ref().to_owned(),
            availability: one.availability.into(),
        }
    }
}

impl DraftFrame {
    /// The shared draft as it was just stored.
    pub fn of(session_id: SessionId, draft: &presence::SharedDraft) -> Self {
        Self {
            session_id,
            revision: draft.revision,
            text: draft.text.as_ref().to_owned(),
            member_id: draft.member,
            at: draft.at,
        }
    }
}

impl std::fmt::Debug for DraftFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DraftFrame").field("revision", &self.revision).finish_non_exhaustive() // A13
    }
}
