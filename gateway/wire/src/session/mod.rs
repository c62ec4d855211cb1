//! A customer's conversation: opening it, writing, and the events of its stream.

mod cursor;
mod events;

use std::fmt;

use forecourt_core::{
    event::{self, MessageSeq},
    id::{AttachmentId, MessageId, SessionId, TurnId},
    session::LeadSession,
    settings::TenantSettings,
};
use forecourt_ports::{bus, store::StoredMessage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    attachment::AttachmentView,
    callback::ChatCall,
    dialogue::{ChatBooking, OfferedTime, Pressed},
};

pub use self::{
    cursor::{Cursor, CursorError},
    events::{
        CustomerSeen, CustomerTyping, DraftDelta, DraftDiscarded, DraftProgress, MessagePosted,
        MessagesSeen, QueuePlace, SessionError, SessionEvent, SessionGap, SessionPoll,
        SessionStatusChanged, Speaker, TurnFailed, TurnStarted, Typing,
    },
};

/// Opens a conversation with a tenant.
#[derive(Clone, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// The tenant's public name in addresses.
    #[schema(max_length = 63, example = "nordlys-bil")]
    pub tenant: String,
    /// A BCP 47 tag; the tenant's first language when it does not speak this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lang: Option<String>,
    /// The page the widget is on, `http` or `https`; its query is not kept.
    #[schema(max_length = 2000, pattern = r#"^(https?://[^\s"<>\\]+)?$"#)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub page_url: Option<String>,
}

/// What a widget shows of its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TenantBrand {
    pub name: String,
    /// `#rrggbb`.
    pub color: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
    /// BCP 47 tags; the first is the default.
    pub languages: Vec<String>,
    /// IANA zone of the business: appointments are at its clock.
    #[schema(example = "Europe/Oslo")]
    pub zone: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionOpened {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "ses_0192f8e0c0de7000800000000000000a")]
    pub session_id: SessionId,
    /// Bearer of this one session, for 24 hours at most.
    pub token: String,
    pub lang: String,
    pub tenant: TenantBrand,
    pub greeting: String,
    /// With `seq` the place in the session's log: events after it are the stream's.
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
}

/// Who answers now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The assistant.
    Open,
    /// A member of the tenant's staff.
    WithHuman,
    /// Nobody: it is over.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Customer,
    Assistant,
    Member,
}

/// A message as it stands in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Message {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "msg_0192f8e0c0de7000800000000000000a")]
    pub message_id: MessageId,
    /// Its place in the conversation, from 1, without gaps.
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub author: Author,
    /// The member's name when a member wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member_name: Option<String>,
    pub text: String,
    /// The sender's own id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<String>,
}

/// The answer that is being written, as far as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Draft {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "turn_0192f8e0c0de7000800000000000000a")]
    pub draft_id: TurnId,
    pub text: String,
}

/// A conversation at one instant; the events after `seq` lead on from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionSnapshot {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    pub lang: String,
    pub status: SessionStatus,
    /// Who speaks, while a member does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member_name: Option<String>,
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
    /// Oldest first, the newest 200.
    pub messages: Vec<Message>,
    pub draft: Option<Draft>,
    /// The times that were offered last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<OfferedTime>>")]
    pub offers: Vec<OfferedTime>,
    /// The newest appointments of this conversation, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ChatBooking>>")]
    pub bookings: Vec<ChatBooking>,
    /// When somebody calls, or may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub call: Option<ChatCall>,
    /// Files that came with the customer's messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<AttachmentView>>")]
    pub attachments: Vec<AttachmentView>,
}

/// A message to a conversation, from its customer or from a member.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMessage {
    /// At most 5,000 characters.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub text: String,
    /// Makes a repeat harmless: the same id is answered with the first result. 1 to 100 printable
    /// ASCII characters; a UUID is a good one.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    pub client_id: String,
    /// Only of a customer: the button that they pressed instead of writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pressed: Option<Pressed>,
    /// Only of a customer: files that were announced and came with no message yet; four at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    #[schema(value_type = Vec<String>, max_items = 4)]
    pub attachments: Vec<AttachmentId>,
    /// Only of a member: the newest message on their screen. When somebody else has written since, nothing
    /// is stored, and the answer is `409`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    #[schema(minimum = 0)]
    pub seen_seq: Option<i64>,
}

/// The message is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MessageAccepted {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub message_id: MessageId,
    /// Its place in the conversation.
    #[ts(type = "number")]
    pub seq: i64,
    /// The place of its event in the session's log: the stream after it carries what it led to.
    #[ts(type = "number")]
    pub version: i64,
}

impl TenantBrand {
    pub fn of(settings: &TenantSettings) -> Self {
        Self {
            name: settings.brand.name.clone(),
            color: settings.brand.color.clone(),
            phone: settings.brand.phone.clone(),
            zone: settings.zone.clone(),
            languages: settings.languages.iter().map(|lang| lang.tag().to_owned()).collect(),
        }
    }
}

impl SessionStatus {
    pub fn of(state: &LeadSession) -> Self {
        Self::new(state.closed, state.speaker != forecourt_core::session::Speaker::Assistant)
    }

    pub const fn new(closed: bool, with_human: bool) -> Self {
        match (closed, with_human) {
            (true, _) => Self::Closed,
            (false, true) => Self::WithHuman,
            (false, false) => Self::Open,
        }
    }
}

impl From<event::Author> for Author {
    fn from(author: event::Author) -> Self {
        match author {
            event::Author::Customer => Self::Customer,
            event::Author::Assistant => Self::Assistant,
            event::Author::Member { .. } => Self::Member,
        }
    }
}

impl From<StoredMessage> for Message {
    fn from(stored: StoredMessage) -> Self {
        let MessageSeq(seq) = stored.seq;
        Self {
            message_id: stored.message,
            seq,
            at: stored.at,
            author: stored.author.into(),
            member_name: stored.member_name,
            text: stored.text,
            client_id: stored.client_id,
        }
    }
}

impl Message {
    /// A message from its event; a member's name is not part of the event and is given along.
    pub fn posted(posted: &event::MessagePosted, at: Timestamp, member: Option<&str>) -> Self {
        Self {
            message_id: posted.message,
            seq: posted.seq.0,
            at,
            author: posted.author.into(),
            member_name: member.map(str::to_owned),
            text: posted.text.clone(),
            client_id: posted.client_id.clone(),
        }
    }
}

impl Draft {
    /// The running answer of a new subscription, whole so far.
    pub fn running(draft: &bus::Draft) -> Option<Self> {
        match draft {
            bus::Draft::Delta { turn, text, .. } => {
                Some(Self { draft_id: *turn, text: text.as_ref().to_owned() })
            }
            bus::Draft::Progress { .. } | bus::Draft::Discarded { .. } => None,
        }
    }
}

impl fmt::Debug for PostMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostMessage(..)") // personal data stays out of logs (A13)
    }
}
