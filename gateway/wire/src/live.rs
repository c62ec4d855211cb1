//! The live socket of staff and integrators: subprotocol `forecourt.v1`, one JSON object per text message.
//!
//! Four words are kept apart: a *reply* answers the client frame with the same `ref`; an *event* is a fact of
//! the tenant's log and has a `seq`; an *ephemeral* frame ([`crate::ephemeral`]) tells how things stand now and
//! has none; a *beat* says that the line is alive and how far the log has been told.

use forecourt_core::id::{MemberId, SessionId};
use forecourt_ports::presence;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    booking::{BookingEventName, BookingNow},
    ephemeral::{
        DraftDiscardedFrame, DraftFrame, MemberFrame, PresenceFrame, ProgressFrame, RatingFrame,
        TokensFrame,
    },
    lead::{Lead, LeadChanges},
    problem::Problem,
    session::{Message, MessageAccepted},
};

/// Opens one live socket, for clients without cookies: offered as a second subprotocol, `ticket.<ticket>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LiveTicket {
    pub ticket: String,
    /// Good until then, and once.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What a client sends. Each frame has a `ref` of at most 64 characters, which its reply carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame, within five seconds.
    Hello(HelloFrame),
    Ping(PingFrame),
    /// What this socket shows; its ephemeral frames follow.
    View(ViewFrame),
    Typing(TypingFrame),
    /// The text of the shared draft, as it is being written.
    Draft(SaveDraftFrame),
    Send(SendFrame),
    /// Everything up to `seq` was on the screen.
    Seen(SeenFrame),
    TakeOver(SessionFrame),
    /// The assistant may speak again.
    GiveBack(SessionFrame),
    Assign(AssignFrame),
    Close(SessionFrame),
    /// Whether this member takes conversations.
    Availability(AvailabilityFrame),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HelloFrame {
    /// At most 64 characters; the welcome carries it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The cursor of the last event seen, `<epoch>-<seq>`; null to begin with now.
    #[serde(default)]
    pub after: Option<String>,
    /// What to tell; empty means everything.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// Only events of these; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Events that change a lead.
    Leads,
    /// Messages, and what customer and member have seen of them.
    Messages,
    /// Who looks at what, and who types.
    Presence,
    /// Who is there to take conversations.
    Members,
    /// Bookings, whoever made or changed them.
    Bookings,
}

/// Narrows the events of a socket; what is named together must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// At most 100 conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string[]")]
    #[schema(value_type = Option<Vec<String>>)]
    pub session_ids: Option<Vec<SessionId>>,
    /// A member's own conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<MemberId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PingFrame {
    #[serde(rename = "ref")]
    pub reference: String,
}

/// A frame about one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    /// Null when no conversation is on the screen any more.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
}

/// Holds for six seconds; repeat it while it is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    pub on: bool,
}

/// Compare-and-save: refused with `conflict` when the draft is not at `revision` any more.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveDraftFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// At most 5,000 characters; empty throws the draft away.
    pub text: String,
    /// The revision that was changed, 0 when there was none.
    #[ts(type = "number")]
    pub revision: i64,
}

/// Compare-and-send: refused with `conflict` when somebody else has answered after `seen_seq`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// 1 to 5,000 characters.
    pub text: String,
    /// Makes a repeat harmless: the same id is answered with the first result.
    pub client_id: String,
    /// The newest message that was on the screen; absent sends in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub seen_seq: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "number")]
    pub seq: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// Null takes it from whoever has it.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    pub availability: Availability,
}

/// Whether a member takes conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Takes conversations.
    Online,
    /// Is there, and takes none.
    Busy,
    /// Has no socket open, or says so.
    Away,
}

impl From<presence::Availability> for Availability {
    fn from(availability: presence::Availability) -> Self {
        match availability {
            presence::Availability::Online => Self::Online,
            presence::Availability::Busy => Self::Busy,
            presence::Availability::Away => Self::Away,
        }
    }
}

impl From<Availability> for presence::Availability {
    fn from(availability: Availability) -> Self {
        match availability {
            Availability::Online => Self::Online,
            Availability::Busy => Self::Busy,
            Availability::Away => Self::Away,
        }
    }
}

/// What the server sends.
#[expect(clippy::large_enum_variant, reason = "each is written at once and never kept")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    Welcome(WelcomeFrame),
    Gap(GapFrame),
    Reply(ReplyFrame),
    Event(Box<EventFrame>),
    Booking(Box<BookingFrame>),
    Presence(PresenceFrame),
    Member(MemberFrame),
    Tokens(TokensFrame),
    Progress(ProgressFrame),
    DraftDiscarded(DraftDiscardedFrame),
    Draft(DraftFrame),
    Rating(RatingFrame),
    Beat(BeatFrame),
}

/// The answer to hello. When `resumed`, every event after the given cursor follows, up to `seq` and on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WelcomeFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "number")]
    pub epoch: i64,
    /// Where the log stands.
    #[ts(type = "number")]
    pub seq: i64,
    pub resumed: bool,
}

/// Events are missing: read the snapshot. Live events after `seq` follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct GapFrame {
    pub snapshot_url: String,
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplyFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    pub ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<Problem>,
    /// With `send`: the message is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub accepted: Option<MessageAccepted>,
    /// With the problem `conflict` of a `send`: what was written meanwhile, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Message>>")]
    pub newer: Vec<Message>,
    /// With `draft`, and with its problem `conflict`: the draft as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub draft: Option<DraftFrame>,
}

/// A fact of the tenant's log. `lead` is the whole row, with the first event about it and where only a read could
/// tell what changed; else `changes` names what this event changed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct EventFrame {
    /// Its place in the tenant's log.
    #[ts(type = "number")]
    pub seq: i64,
    pub event: LeadEventName,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lead: Option<Lead>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub changes: Option<LeadChanges>,
    /// With `message.posted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<Message>,
    /// With `messages.seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seen: Option<Seen>,
}

/// A step of a booking: a fact of the tenant's log as [`EventFrame`] is. Whose booking it is only `GET
/// /v1/bookings/{booking}` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingFrame {
    /// Its place in the tenant's log.
    #[ts(type = "number")]
    pub seq: i64,
    pub event: BookingEventName,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub booking: BookingNow,
}

impl BookingFrame {
    /// The frame of a stored event; `None` when it is not of a booking.
    pub fn of(record: &forecourt_core::event::EventRecord) -> Option<Self> {
        let forecourt_core::event::Event::BookingTold(told) = &record.event else { return None };
        let (event, booking) = (told.what.into(), BookingNow::from(&**told));
        Some(Self { seq: record.seq.0, event, at: record.at, booking })
    }
}

/// Who has seen a conversation, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Seen {
    /// Absent: the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    /// The newest message that was on the screen.
    #[ts(type = "number")]
    pub seq: i64,
}

impl Seen {
    /// What an event says of who has seen what; nothing of any other event.
    pub const fn of(event: &forecourt_core::event::Event) -> Option<Self> {
        let forecourt_core::event::Event::Seen { by, upto } = event else { return None };
        let member_id = match by {
            forecourt_core::event::Reader::Customer => None,
            forecourt_core::event::Reader::Member(member) => Some(*member),
        };
        Some(Self { member_id, seq: upto.0 })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub enum LeadEventName {
    #[serde(rename = "lead.captured")]
    Captured,
    #[serde(rename = "lead.repeated")]
    Repeated,
    /// Its status, its promise, who speaks, or whose it is.
    #[serde(rename = "lead.changed")]
    Changed,
    #[serde(rename = "messages.seen")]
    Seen,
    #[serde(rename = "message.posted")]
    MessagePosted,
}

/// Every 15 seconds. Everything up to `seq` has been told, or is not of the topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BeatFrame {
    #[ts(type = "number")]
    pub seq: i64,
}

impl LeadEventName {
    /// What the dashboard calls a stored event; `None` when it changes no lead.
    pub const fn of(event: &forecourt_core::event::Event) -> Option<Self> {
        use forecourt_core::event::Event;
        match event {
            Event::LeadCaptured(_) => Some(Self::Captured),
            Event::LeadRepeated { .. } | Event::SubmissionRepeated => Some(Self::Repeated),
            Event::MessagePosted(_) => Some(Self::MessagePosted),
            Event::Seen { .. } => Some(Self::Seen),
            Event::LanguageChanged { .. }
            | Event::ContactLearned(_)
            | Event::PromiseMade { .. }
            | Event::PromiseKept { .. }
            | Event::PromiseBroken { .. }
            | Event::DeliveryAccepted { .. }
            | Event::DeliveryFailed { .. }
            | Event::DeliveryUncertain { .. }
            | Event::AttachmentsPosted { .. }
            | Event::AttachmentArrived { message: Some(_), .. }
            | Event::AttachmentFailed { message: Some(_), .. }
            | Event::HandoffRequested { .. }
            | Event::HumanAlerted { .. }
            | Event::RemindersStopped { .. }
            | Event::Assigned { .. }
            | Event::CallbackAgreed { .. }
            | Event::CallbackRang { .. }
            | Event::CallbackEnded { .. }
            | Event::TakenOver { .. }
            | Event::Released { .. }
            | Event::Closed { .. } => Some(Self::Changed),
            Event::SessionOpened { .. }
            | Event::AttachmentAnnounced { .. }
            | Event::AttachmentArrived { message: None, .. }
            | Event::AttachmentFailed { message: None, .. }
            | Event::RungReached { .. }
            | Event::TurnStarted { .. }
            | Event::Gathering { .. }
            | Event::TurnKept { .. }
            | Event::TurnYielded { .. }
            | Event::TurnFailed { .. }
            | Event::TurnCancelled { .. }
            | Event::ToolGranted { .. }
            | Event::CustomToolGranted { .. }
            | Event::TurnNoted { .. }
            | Event::BookingNoted(_)
            | Event::BookingTold(_)
            | Event::SlotPicked(_)
            | Event::OfferAnswered { .. }
            | Event::CodeNoted { .. }
            | Event::IdleChecked { .. }
            | Event::DeliveryQueued(_)
            | Event::DeliveryRetried { .. }
            | Event::DeliveryReplayed { .. }
            | Event::HandoffNoted { .. }
            | Event::HandoffPassedOn { .. }
            | Event::CallbackOffered { .. }
            | Event::CallbackWanted { .. }
            | Event::CallbackSought
            | Event::AssistantPaused { .. }
            | Event::AssistantResumed
            | Event::DeliveryRefused { .. } => None,
        }
    }
}

impl std::fmt::Debug for SaveDraftFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaveDraftFrame(..)") // personal data (A13)
    }
}

impl std::fmt::Debug for LiveTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveTicket").field("expires_at", &self.expires_at).finish_non_exhaustive() // A14
    }
}

impl std::fmt::Debug for SendFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SendFrame(..)") // personal data (A13)
    }
}
