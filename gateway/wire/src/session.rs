//! A customer's conversation: opening it, writing, and the events of its stream.

use std::{fmt, str::FromStr};

use forecourt_core::{
    event::{self, EventRecord, MessageSeq, Seq, Version},
    id::{MessageId, SessionId, TurnId},
    session::LeadSession,
    settings::TenantSettings,
};
use forecourt_ports::{bus, store::StoredMessage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    dialogue::{BookingChanged, ChatBooking, OfferedTime, Pressed, TimesOffered},
    ephemeral::Step,
    problem::Problem,
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
    #[serde(rename = "booking.changed")]
    BookingChanged(BookingChanged),
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

/// A place in a log: `<epoch>-<seq>`. Within an epoch a higher `seq` is newer; another epoch is
/// another log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: i64,
    pub seq: i64,
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorError;

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a cursor; send the last id as it came, such as 1-42")
    }
}

impl std::error::Error for CursorError {}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().ok_or(CursorError)
        };
        let (epoch, seq) = text.split_once('-').ok_or(CursorError)?;
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
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
            Self::BookingChanged(_) => "booking.changed",
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
            Event::BookingNoted(news) => {
                Some(Self::BookingChanged(BookingChanged { seq, at, booking: news.into() }))
            }
            Event::SessionOpened { .. }
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

impl Cursor {
    pub const fn new(epoch: i64, Seq(seq): Seq) -> Self {
        Self { epoch, seq }
    }
}

impl fmt::Debug for PostMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostMessage(..)") // personal data stays out of logs (A13)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_printed_and_nothing_else_is_one() {
        let cursor = Cursor { epoch: 3, seq: 4_711 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "-", "1", "1-", "-1", "+1-2", "1-+2", "1-2-3", "a-b", "1- 2"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
        assert!("1-99999999999999999999".parse::<Cursor>().is_err());
    }
}
