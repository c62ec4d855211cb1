//! The events of a conversation's stream, durable and passing.

use forecourt_core::{
    event::{self, EventRecord, Version},
    id::TurnId,
};
use forecourt_ports::bus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{Message, SessionStatus};
use crate::{
    attachment::{AttachmentView, AttachmentsChanged},
    callback::CallChanged,
    dialogue::{BookingChanged, OfferedTime, TimesOffered},
    ephemeral::Step,
    problem::Problem,
};

/// Everything that the event stream of a session can carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type")]
pub enum SessionEvent {
    #[serde(rename = "message.posted")]
    MessagePosted(MessagePosted),
    #[serde(rename = "session.status")]
    Status(SessionStatusChanged),
    #[serde(rename = "turn.started")]
    TurnStarted(TurnStarted),
    #[serde(rename = "turn.failed")]
    TurnFailed(TurnFailed),
    #[serde(rename = "messages.seen")]
    MessagesSeen(MessagesSeen),
    #[serde(rename = "times.offered")]
    TimesOffered(TimesOffered),
    #[serde(rename = "call.changed")]
    CallChanged(CallChanged),
    #[serde(rename = "booking.changed")]
    BookingChanged(BookingChanged),
    #[serde(rename = "attachments.changed")]
    AttachmentsChanged(AttachmentsChanged),
    #[serde(rename = "typing")]
    Typing(Typing),
    #[serde(rename = "queue")]
    Queue(QueuePlace),
    #[serde(rename = "draft.progress")]
    DraftProgress(DraftProgress),
    #[serde(rename = "draft.delta")]
    DraftDelta(DraftDelta),
    #[serde(rename = "draft.discarded")]
    DraftDiscarded(DraftDiscarded),
    #[serde(rename = "gap")]
    Gap(SessionGap),
    #[serde(rename = "error")]
    Error(SessionError),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MessagePosted {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub message: Message,
}

/// Somebody else speaks for the tenant from now on, or nobody does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionStatusChanged {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub status: SessionStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<Speaker>,
    /// With `member`: who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member_name: Option<String>,
}

/// The customer's place among those who wait for a person; told while they wait. Not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct QueuePlace {
    /// How many have waited longer.
    pub ahead: u32,
    /// Seconds it may still take; absent when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub estimate_s: Option<u32>,
}

/// Who speaks for the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Assistant,
    Member,
}

/// The assistant begins an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TurnStarted {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
}

/// The answer came to nothing: its draft is void. Another turn, the template or a person follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TurnFailed {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
}

/// Somebody of the tenant's has seen the customer's messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MessagesSeen {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The newest message that was on the screen.
    #[ts(type = "number")]
    pub upto: i64,
}

/// Who writes to the customer just now; replaces what was told before. Not stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Typing {
    /// Absent when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<Speaker>,
    /// With `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member_name: Option<String>,
}

/// The customer types, or no longer. It holds for six seconds; repeat it while it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerTyping {
    pub on: bool,
}

/// Everything up to `seq` was on the customer's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerSeen {
    #[ts(type = "number")]
    #[schema(minimum = 1)]
    pub seq: i64,
}

/// What a long poll answers: the events since the cursor, and the cursor for the next poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionPoll {
    /// Oldest first; none when nothing happened in time.
    pub events: Vec<SessionEvent>,
    /// Give it as `after` to the next poll.
    pub cursor: String,
}

/// A piece of the answer that is being written. Not stored: it has no place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DraftDelta {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
    /// Characters (Unicode scalar values) of the draft before `text`.
    pub offset: usize,
    pub text: String,
}

/// What the assistant does before its first words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DraftProgress {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
    pub step: Step,
    /// With `tool`, which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool: Option<String>,
}

/// The draft is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DraftDiscarded {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub draft_id: TurnId,
}

/// Events are missing: read the snapshot. The stream goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionGap {
    pub snapshot_url: String,
    /// Where the stream goes on.
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
}

/// The stream ends after this, and this is why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SessionError {
    pub problem: Problem,
}

impl SessionEvent {
    /// The name in the stream's `event:` line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MessagePosted(_) => "message.posted",
            Self::Status(_) => "session.status",
            Self::TurnStarted(_) => "turn.started",
            Self::TurnFailed(_) => "turn.failed",
            Self::MessagesSeen(_) => "messages.seen",
            Self::TimesOffered(_) => "times.offered",
            Self::CallChanged(_) => "call.changed",
            Self::BookingChanged(_) => "booking.changed",
            Self::AttachmentsChanged(_) => "attachments.changed",
            Self::Typing(_) => "typing",
            Self::Queue(_) => "queue",
            Self::DraftProgress(_) => "draft.progress",
            Self::DraftDelta(_) => "draft.delta",
            Self::DraftDiscarded(_) => "draft.discarded",
            Self::Gap(_) => "gap",
            Self::Error(_) => "error",
        }
    }

    /// What a customer is told of a stored event; `None` when it is not theirs to know.
    ///
    /// `member` is the name of the member who wrote or took over, if one did.
    pub fn of(record: &EventRecord, member: Option<&str>) -> Option<Self> {
        use event::Event;
        let (Version(seq), at) = (record.version, record.at);
        let status = |status, by| {
            let member_name = member.filter(|_| by == Some(Speaker::Member)).map(str::to_owned);
            Some(Self::Status(SessionStatusChanged { seq, at, status, by, member_name }))
        };
        match &record.event {
            Event::MessagePosted(posted) => Some(Self::MessagePosted(MessagePosted {
                seq,
                at,
                message: Message::posted(posted, at, member),
            })),
            Event::TurnStarted { turn, .. } => {
                Some(Self::TurnStarted(TurnStarted { seq, at, draft_id: *turn }))
            }
            // A cancelled turn's draft is as void as a failed one's.
            Event::TurnFailed { turn, .. } | Event::TurnCancelled { turn } => {
                Some(Self::TurnFailed(TurnFailed { seq, at, draft_id: *turn }))
            }
            Event::TakenOver { .. } => status(SessionStatus::WithHuman, Some(Speaker::Member)),
            Event::Released { .. } => status(SessionStatus::Open, Some(Speaker::Assistant)),
            Event::Closed { .. } => status(SessionStatus::Closed, None),
            Event::Seen { by: event::Reader::Member(_), upto } => {
                Some(Self::MessagesSeen(MessagesSeen { seq, at, upto: upto.0 }))
            }
            Event::TurnNoted { notes, .. } if !notes.offers.is_empty() => {
                let offers = notes.offers.iter().map(OfferedTime::from).collect();
                Some(Self::TimesOffered(TimesOffered { seq, at, offers }))
            }
            Event::CallbackOffered { .. }
            | Event::CallbackAgreed { .. }
            | Event::CallbackRang { .. }
            | Event::CallbackEnded { .. } => CallChanged::of(record).map(Self::CallChanged),
            Event::BookingNoted(news) => {
                Some(Self::BookingChanged(BookingChanged { seq, at, booking: news.into() }))
            }
            Event::AttachmentsPosted { .. }
            | Event::AttachmentArrived { message: Some(_), .. }
            | Event::AttachmentFailed { message: Some(_), .. } => {
                let attachments = AttachmentView::told(&record.event);
                Some(Self::AttachmentsChanged(AttachmentsChanged { seq, at, attachments }))
            }
            Event::SessionOpened { .. }
            | Event::AttachmentAnnounced { .. }
            | Event::AttachmentArrived { message: None, .. }
            | Event::AttachmentFailed { message: None, .. }
            | Event::LanguageChanged { .. }
            | Event::LeadCaptured(_)
            | Event::SubmissionRepeated
            | Event::LeadRepeated { .. }
            | Event::PromiseMade { .. }
            | Event::RungReached { .. }
            | Event::Gathering { .. }
            | Event::TurnKept { .. }
            | Event::TurnYielded { .. }
            | Event::ToolGranted { .. }
            | Event::CustomToolGranted { .. }
            | Event::TurnNoted { .. }
            | Event::BookingTold(_)
            | Event::SlotPicked(_)
            | Event::OfferAnswered { .. }
            | Event::CodeNoted { .. }
            | Event::ContactLearned(_)
            | Event::IdleChecked { .. }
            | Event::DeliveryQueued(_)
            | Event::DeliveryAccepted { .. }
            | Event::DeliveryRetried { .. }
            | Event::DeliveryFailed { .. }
            | Event::DeliveryUncertain { .. }
            | Event::DeliveryRefused { .. }
            | Event::DeliveryReplayed { .. }
            | Event::PromiseKept { .. }
            | Event::PromiseBroken { .. }
            | Event::HandoffRequested { .. }
            | Event::HumanAlerted { .. }
            | Event::RemindersStopped { .. }
            | Event::HandoffNoted { .. }
            | Event::HandoffPassedOn { .. }
            | Event::CallbackSought
            | Event::CallbackWanted { .. }
            | Event::Assigned { .. }
            | Event::AssistantPaused { .. }
            | Event::AssistantResumed
            | Event::Seen { by: event::Reader::Customer, .. } => None,
        }
    }
}

impl From<&bus::Draft> for SessionEvent {
    fn from(draft: &bus::Draft) -> Self {
        match draft {
            bus::Draft::Progress { turn, step } => Self::DraftProgress(DraftProgress {
                draft_id: *turn,
                step: (*step).into(),
                tool: Step::tool_of(*step),
            }),
            bus::Draft::Delta { turn, offset, text } => Self::DraftDelta(DraftDelta {
                draft_id: *turn,
                offset: *offset,
                text: text.as_ref().to_owned(),
            }),
            bus::Draft::Discarded { turn } => {
                Self::DraftDiscarded(DraftDiscarded { draft_id: *turn })
            }
        }
    }
}
