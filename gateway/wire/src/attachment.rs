//! Files that customers send with their messages: announced, uploaded, shown.

use forecourt_core::{
    attachment,
    event::Event,
    id::{AttachmentId, MessageId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A file that a customer is about to upload.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnounceAttachment {
    /// Makes a repeat harmless: the same id is answered with the first result. 1 to 100 printable
    /// ASCII characters; a UUID is a good one.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    pub client_id: String,
    /// How many bytes it has: 10 MiB at most.
    #[ts(type = "number")]
    #[schema(minimum = 1, maximum = 10_485_760)]
    pub bytes: u64,
}

/// A file of a conversation. It has no name: what a sender calls it is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AttachmentView {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "att_0192f8e0c0de7000800000000000000a")]
    pub attachment_id: AttachmentId,
    /// The message it came with; absent until that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub message_id: Option<MessageId>,
    #[ts(type = "number")]
    pub bytes: u64,
    pub state: AttachmentState,
    /// What its first bytes say; once it has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<FileKind>,
    /// Why it will not come; once it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<AttachmentFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Its bytes are on their way.
    Arriving,
    Arrived,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Jpeg,
    Png,
    Webp,
    /// Few browsers show it.
    Heic,
    Pdf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentFailure {
    /// The customer changed their mind.
    Cancelled,
    TooLarge,
    /// It is no kind of file that is taken.
    WrongKind,
}

/// Files came with a message, have arrived, or will not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AttachmentsChanged {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Those that changed, as they are now.
    pub attachments: Vec<AttachmentView>,
}

impl AttachmentView {
    fn new(
        id: AttachmentId,
        message: Option<MessageId>,
        bytes: u64,
        state: attachment::AttachmentState,
    ) -> Self {
        use attachment::AttachmentState as State;
        let (state, kind, reason) = match state {
            State::Arriving => (AttachmentState::Arriving, None, None),
            State::Arrived { kind } => (AttachmentState::Arrived, Some(kind.into()), None),
            State::Failed { reason } => (AttachmentState::Failed, None, Some(reason.into())),
        };
        Self { attachment_id: id, message_id: message, bytes, state, kind, reason }
    }

    /// Those of a conversation that came with a message.
    pub fn posted(all: &attachment::Attachments) -> Vec<Self> {
        all.iter().filter(|one| one.message.is_some()).map(Self::from).collect()
    }

    /// What an event says of files that came with a message; nothing for those that have none yet, which
    /// the customer may still think better of.
    pub fn told(event: &Event) -> Vec<Self> {
        use attachment::AttachmentState as State;
        match event {
            Event::AttachmentsPosted { message, attachments, .. } => attachments
                .iter()
                .map(|one| Self::new(one.attachment, Some(*message), one.bytes, one.state))
                .collect(),
            Event::AttachmentArrived { attachment, kind, bytes, message: Some(message) } => {
                vec![Self::new(*attachment, Some(*message), *bytes, State::Arrived { kind: *kind })]
            }
            Event::AttachmentFailed { attachment, reason, bytes, message: Some(message) } => {
                let state = State::Failed { reason: *reason };
                vec![Self::new(*attachment, Some(*message), *bytes, state)]
            }
            _ => Vec::new(),
        }
    }
}

impl From<&attachment::Attachment> for AttachmentView {
    fn from(one: &attachment::Attachment) -> Self {
        Self::new(one.id, one.message, one.bytes, one.state)
    }
}

impl From<attachment::FileKind> for FileKind {
    fn from(kind: attachment::FileKind) -> Self {
        match kind {
            attachment::FileKind::Jpeg => Self::Jpeg,
            attachment::FileKind::Png => Self::Png,
            attachment::FileKind::Webp => Self::Webp,
            attachment::FileKind::Heic => Self::Heic,
            attachment::FileKind::Pdf => Self::Pdf,
        }
    }
}

impl From<attachment::AttachmentFailure> for AttachmentFailure {
    fn from(reason: attachment::AttachmentFailure) -> Self {
        match reason {
            attachment::AttachmentFailure::Cancelled => Self::Cancelled,
            attachment::AttachmentFailure::TooLarge => Self::TooLarge,
            attachment::AttachmentFailure::WrongKind => Self::WrongKind,
        }
    }
}

impl std::fmt::Debug for AnnounceAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnnounceAttachment").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
