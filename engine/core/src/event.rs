//! What happened in a lead session, and to bookings: the facts that the journal keeps, in order, for ever.
//!
//! # Invariants
//! - **A3** a session's state is the fold of its events: nothing else may change it;
//! - an event is never changed or dropped once stored; a new field is optional, a new kind is added;
//! - [`Event::BookingTold`] is of no session: it stands in the stream of its booking ([`BookingTold::stream`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    attachment::{AttachmentFailure, FileKind, PostedAttachment},
    booking::BookingTold,
    callback::{CallTime, CallbackBy, CallbackEnd, OfferReason},
    contact::{Email, Phone},
    delivery::Intent,
    dialogue::{BookingNews, Pick, TurnNotes},
    handoff::HandoffNote,
    id::{
        AttachmentId, BookingId, ContactId, DeliveryId, LeadId, MemberId, MessageId, SessionId,
        TenantId, TurnId,
    },
    lang::Lang,
    promise::{PromiseSettings, Rung},
    routing,
    tools::ToolName,
};

/// Place of an event in its tenant's log: rises by one, without gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// Place of an event in its session's log, counted from 1; the state's version is that of its last event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub i64);

/// Rises whenever somebody else begins to speak for the tenant; what carries an older one stays in (A7).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fence(pub i64);

/// Place of a message in its conversation: counted from 1, without gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MessageSeq(pub i64);

/// A stored event with its place and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    pub tenant: TenantId,
    /// The conversation, or the stream of a booking.
    pub session: SessionId,
    pub seq: Seq,
    pub version: Version,
    pub at: Timestamp,
    pub event: Event,
}

/// Where a conversation is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Began with a website form; answered by mail.
    Mail,
    /// The chat widget; answered on its event stream.
    Widget,
}

/// Where a lead came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A form on the tenant's website.
    Website,
    /// The chat widget.
    Widget,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Author {
    Customer,
    Assistant,
    Member { member: MemberId },
}

/// What the assistant's text came from; stored so that every answer can be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub turn: TurnId,
    /// `claude-haiku-4-5`, `house`, or `template`.
    pub model: String,
    /// Prompt or template with its version, such as `reply@3`.
    pub prompt: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A conversation began.
    SessionOpened {
        channel: Channel,
        lang: Lang,
    },
    /// The customer writes in another language of the tenant's.
    LanguageChanged {
        lang: Lang,
    },
    /// A lead was captured; its contact is known or made by this event.
    LeadCaptured(LeadCaptured),
    /// The same submission came again within five minutes; nothing more is sent.
    SubmissionRepeated,
    /// The same person wrote again within seven days; the lead stays one (decision 1).
    LeadRepeated {
        source: Source,
        vehicle_interest: Option<String>,
        source_url: Option<String>,
    },
    MessagePosted(MessagePosted),
    /// The customer is sending a file; the message it belongs to follows.
    AttachmentAnnounced {
        attachment: AttachmentId,
        client_id: String,
        bytes: u64,
    },
    /// The message just posted came with files, as they were then; an answer waits until then for those
    /// that still arrive.
    AttachmentsPosted {
        message: MessageId,
        seq: MessageSeq,
        attachments: Vec<PostedAttachment>,
        until: Timestamp,
    },
    /// All its bytes are stored.
    AttachmentArrived {
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
        /// The message it came with, if that was written before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// It will not come.
    AttachmentFailed {
        attachment: AttachmentId,
        reason: AttachmentFailure,
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// The customer waits from now on; the tenant's settings of this moment hold.
    PromiseMade {
        message: MessageId,
        since: Timestamp,
        settings: PromiseSettings,
    },
    RungReached {
        message: MessageId,
        rung: Rung,
    },
    TurnStarted {
        turn: TurnId,
        rung: Rung,
        fence: Fence,
    },
    /// The customer may write more: no turn begins before `until`, so that one answers the whole burst.
    Gathering {
        until: Timestamp,
    },
    /// A long turn still runs; its lease begins anew.
    TurnKept {
        turn: TurnId,
    },
    /// The node that ran it stops: its lease ends now, and whoever is alive runs the turn again.
    TurnYielded {
        turn: TurnId,
    },
    /// The turn gave no text; the next rung follows.
    TurnFailed {
        turn: TurnId,
        reason: TurnFailure,
    },
    /// Newer text or a person made the turn pointless.
    TurnCancelled {
        turn: TurnId,
    },
    /// A tool that changes or reveals something may run, for this turn.
    ToolGranted {
        turn: TurnId,
        tool: ToolName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
    },
    /// A tool of the tenant's own may be called, for this turn.
    CustomToolGranted {
        turn: TurnId,
        /// Its name.
        tool: String,
    },
    /// What a turn did besides writing.
    TurnNoted {
        turn: TurnId,
        notes: TurnNotes,
    },
    /// A booking of this conversation is so from now on.
    BookingNoted(BookingNews),
    /// A step of a booking, whoever took it and from wherever.
    BookingTold(Box<BookingTold>),
    /// The customer clicked one of the offered times.
    SlotPicked(Pick),
    /// The customer said yes to what is held for them, or no.
    OfferAnswered {
        booking: BookingId,
        accepted: bool,
    },
    /// A one-time code was sent for a booking; with a time, the customer has proven that it is theirs.
    CodeNoted {
        booking: BookingId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proven_until: Option<Timestamp>,
    },
    /// What the customer said of themselves.
    ContactLearned(ContactLearned),
    /// Somebody looked whether the customer is still there, and looks again then.
    IdleChecked {
        until: Option<Timestamp>,
    },
    DeliveryQueued(DeliveryQueued),
    DeliveryAccepted {
        delivery: DeliveryId,
        reference: Option<String>,
    },
    DeliveryRetried {
        delivery: DeliveryId,
        attempt: u32,
        code: String,
        next_at: Timestamp,
    },
    DeliveryFailed {
        delivery: DeliveryId,
        code: String,
    },
    /// The handover began and its end is unknown: a person must look (R1).
    DeliveryUncertain {
        delivery: DeliveryId,
        code: String,
    },
    /// It carried an older fence and stayed in (A7).
    DeliveryRefused {
        delivery: DeliveryId,
    },
    /// A person has a dead letter sent once more: `delivery` is the new one, queued by the next event.
    DeliveryReplayed {
        of: DeliveryId,
        delivery: DeliveryId,
        by: MemberId,
        /// The person took upon themselves that it may arrive twice (R1).
        even_if_sent: bool,
        /// The asker's own id of the wish: a repeat finds the first answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
    },
    /// The answer is proven: accepted by the provider, or stored on the customer's own stream.
    PromiseKept {
        message: MessageId,
        after_ms: i64,
        by: AnsweredBy,
    },
    PromiseBroken {
        message: MessageId,
        after_ms: i64,
    },
    /// A person is needed; reminders run until one comes.
    HandoffRequested {
        reason: AlertReason,
        /// After so long without an answer the next person gets it; none on hand-offs of before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reroute_ms: Option<u32>,
        /// After so long a call-back is offered whoever is there; none on hand-offs of before, and of forms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        callback_ms: Option<u32>,
    },
    /// The customer should be offered a call-back: they have waited long, or want another time.
    CallbackSought,
    /// The customer can choose one of these times; with none, what was offered before is over.
    CallbackOffered {
        times: Vec<CallTime>,
        why: OfferReason,
    },
    /// The customer chose a time; it becomes theirs when somebody has it free.
    CallbackWanted {
        at: Timestamp,
    },
    /// Somebody calls the customer at that time. It takes the place of one that was agreed before.
    CallbackAgreed {
        at: Timestamp,
        minutes: u16,
        member: MemberId,
        by: CallbackBy,
        /// When the one was to be that it replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moved_from: Option<Timestamp>,
    },
    /// It is time to call.
    CallbackRang {
        member: MemberId,
    },
    /// An agreed call-back is over; nobody said so when it was missed.
    CallbackEnded {
        at: Timestamp,
        end: CallbackEnd,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<CallbackBy>,
    },
    /// What the person should know who takes it over.
    HandoffNoted {
        note: HandoffNote,
    },
    /// Whoever had it did not answer in time: somebody else is looked for.
    HandoffPassedOn {
        from: Option<MemberId>,
    },
    /// Whose conversation it is from now on; with nobody, it is anybody's.
    Assigned {
        member: Option<MemberId>,
        /// Who said so; nobody when the engine routed it.
        by: Option<MemberId>,
        why: AssignReason,
    },
    HumanAlerted {
        reason: AlertReason,
    },
    /// A member wants no more reminders: the customer is theirs to look after.
    RemindersStopped {
        member: MemberId,
    },
    /// A member types: the assistant begins nothing before `until`, and what shows nothing is dropped.
    AssistantPaused {
        member: MemberId,
        until: Timestamp,
    },
    /// Nobody typed on: the assistant answers what is owed.
    AssistantResumed,
    /// Everything up to `upto` was on somebody's screen.
    Seen {
        by: Reader,
        upto: MessageSeq,
    },
    TakenOver {
        member: MemberId,
        fence: Fence,
        /// A customer who waits so long for the member gets the assistant back; none: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        give_back_ms: Option<u32>,
    },
    /// The assistant speaks again. `member` gave back, or lost it to the timer.
    Released {
        member: MemberId,
        fence: Fence,
        #[serde(default, skip_serializing_if = "ReleaseReason::is_by_speaker")]
        why: ReleaseReason,
    },
    Closed {
        fence: Fence,
    },
}

impl Event {
    /// What it is called where it is stored and on the wire; the serialised `type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SessionOpened { .. } => "session_opened",
            Self::LanguageChanged { .. } => "language_changed",
            Self::LeadCaptured(_) => "lead_captured",
            Self::SubmissionRepeated => "submission_repeated",
            Self::LeadRepeated { .. } => "lead_repeated",
            Self::MessagePosted(_) => "message_posted",
            Self::AttachmentAnnounced { .. } => "attachment_announced",
            Self::AttachmentsPosted { .. } => "attachments_posted",
            Self::AttachmentArrived { .. } => "attachment_arrived",
            Self::AttachmentFailed { .. } => "attachment_failed",
            Self::PromiseMade { .. } => "promise_made",
            Self::RungReached { .. } => "rung_reached",
            Self::TurnStarted { .. } => "turn_started",
            Self::Gathering { .. } => "gathering",
            Self::TurnKept { .. } => "turn_kept",
            Self::TurnYielded { .. } => "turn_yielded",
            Self::TurnFailed { .. } => "turn_failed",
            Self::TurnCancelled { .. } => "turn_cancelled",
            Self::ToolGranted { .. } => "tool_granted",
            Self::CustomToolGranted { .. } => "custom_tool_granted",
            Self::TurnNoted { .. } => "turn_noted",
            Self::BookingNoted(_) => "booking_noted",
            Self::BookingTold(_) => "booking_told",
            Self::SlotPicked(_) => "slot_picked",
            Self::OfferAnswered { .. } => "offer_answered",
            Self::CodeNoted { .. } => "code_noted",
            Self::ContactLearned(_) => "contact_learned",
            Self::IdleChecked { .. } => "idle_checked",
            Self::DeliveryQueued(_) => "delivery_queued",
            Self::DeliveryAccepted { .. } => "delivery_accepted",
            Self::DeliveryRetried { .. } => "delivery_retried",
            Self::DeliveryFailed { .. } => "delivery_failed",
            Self::DeliveryUncertain { .. } => "delivery_uncertain",
            Self::DeliveryRefused { .. } => "delivery_refused",
            Self::DeliveryReplayed { .. } => "delivery_replayed",
            Self::PromiseKept { .. } => "promise_kept",
            Self::PromiseBroken { .. } => "promise_broken",
            Self::HandoffRequested { .. } => "handoff_requested",
            Self::HumanAlerted { .. } => "human_alerted",
            Self::RemindersStopped { .. } => "reminders_stopped",
            Self::HandoffNoted { .. } => "handoff_noted",
            Self::HandoffPassedOn { .. } => "handoff_passed_on",
            Self::CallbackSought => "callback_sought",
            Self::CallbackOffered { .. } => "callback_offered",
            Self::CallbackWanted { .. } => "callback_wanted",
            Self::CallbackAgreed { .. } => "callback_agreed",
            Self::CallbackRang { .. } => "callback_rang",
            Self::CallbackEnded { .. } => "callback_ended",
            Self::Assigned { .. } => "assigned",
            Self::AssistantPaused { .. } => "assistant_paused",
            Self::AssistantResumed => "assistant_resumed",
            Self::Seen { .. } => "seen",
            Self::TakenOver { .. } => "taken_over",
            Self::Released { .. } => "released",
            Self::Closed { .. } => "closed",
        }
    }
}

/// Why a conversation is whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignReason {
    /// A member chose.
    ByHand,
    /// Who takes a conversation over has it.
    TookOver,
    /// A person was needed; what spoke for this one.
    Routed(Vec<routing::Reason>),
    /// Who had it did not answer; what spoke for the next one.
    PassedOn(Vec<routing::Reason>),
}

/// Who has seen messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    Customer,
    Member(MemberId),
}

/// How a conversation came back to the assistant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// Who had taken over gave back.
    #[default]
    BySpeaker,
    /// A manager gave it back for somebody.
    ByManager,
    /// The customer waited too long for the member.
    TimedOut,
}

impl ReleaseReason {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    const fn is_by_speaker(&self) -> bool {
        matches!(self, Self::BySpeaker)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadCaptured {
    pub lead: LeadId,
    pub contact: ContactId,
    /// Whether the contact is new with this event.
    pub new_contact: bool,
    pub source: Source,
    pub name: Option<String>,
    pub email: Option<Email>,
    pub phone: Option<Phone>,
    pub vehicle_interest: Option<String>,
    pub source_url: Option<String>,
    /// Hash of the submission's content, for the five-minute window.
    pub fingerprint: Option<String>,
    /// Another contact with the same phone number but another mail address: shown to the seller, never merged by itself.
    pub same_phone_as: Option<ContactId>,
}

/// What a customer told of themselves in the conversation; what they did not say stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactLearned {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Whether text messages are welcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_consent: Option<bool>,
    /// Answers to the tenant's questions, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePosted {
    pub message: MessageId,
    pub seq: MessageSeq,
    pub author: Author,
    pub text: String,
    /// The sender's own id of the message: a repeat finds the first answer.
    pub client_id: Option<String>,
    pub origin: Option<Origin>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryQueued {
    pub delivery: DeliveryId,
    pub kind: DeliveryKind,
    /// The message it carries; `None` for an alert.
    pub message: Option<MessageId>,
    /// The assistant's own words carry the fence they were made under; what a person wrote carries none (A7).
    pub fence: Option<Fence>,
    /// Retries inside the promise end here; later ones follow the long ladder.
    pub deadline: Option<Timestamp>,
    /// Whom it goes to: the customer's address, or members' addresses for an alert.
    pub to: Email,
    /// What it means, as a key: of one meaning at most one is on its way or has arrived. None on
    /// deliveries of before there was a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The dead letter that it sends once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<DeliveryId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DeliveryKind {
    /// An answer to the customer.
    Answer,
    /// An alert to the tenant's own people.
    Alert { reason: AlertReason },
}

/// Why a person is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertReason {
    /// No model answered in time; the template went out.
    NoModelAnswer,
    /// The answer is not proven at the alert rung.
    NotProven,
    /// The promise is broken.
    PromiseBroken,
    /// The provider refused the address for good.
    Undeliverable,
    /// Whether the answer left is unknown.
    Uncertain,
    /// A customer still waits for a person.
    StillWaiting,
    /// The program failed twice on this session (R8).
    Quarantined,
    /// The customer asked for a person, in their own words or the assistant's.
    CustomerAsked,
    /// The customer is upset, or speaks of the law.
    Upset,
    /// The conversation has become longer than the tenant lets the assistant lead one.
    TooLong,
    /// It is time to call a customer back.
    CallbackDue,
    /// A customer was to be called, and nobody said that they were.
    CallbackMissed,
}

/// Why a turn gave no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnFailure {
    /// The provider answered an error, or none.
    Model,
    /// The stream stalled or was cut.
    Stream,
    /// The provider asked to slow down.
    RateLimited,
    /// The claim gate withheld the text.
    Withheld,
    /// The answer was empty, too long, or refused.
    Unusable,
    /// Its time was up.
    TimedOut,
    /// The turn itself crashed.
    Crashed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AnsweredBy {
    Model { model: String },
    Template,
    Member { member: MemberId },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_called_what_it_is_serialised_as() {
        let id = uuid::Uuid::from_u128(7);
        let (turn, delivery, message) =
            (TurnId::from_uuid(id), DeliveryId::from_uuid(id), MessageId::from_uuid(id));
        let member = MemberId::from_uuid(id);
        let (fence, code, reason) = (Fence(1), String::from("451"), AlertReason::NotProven);
        for event in [
            Event::SessionOpened { channel: Channel::Mail, lang: Lang::Nb },
            Event::SubmissionRepeated,
            Event::LeadRepeated {
                source: Source::Website,
                vehicle_interest: None,
                source_url: None,
            },
            Event::AttachmentAnnounced {
                attachment: AttachmentId::from_uuid(id),
                client_id: "a1".into(),
                bytes: 7,
            },
            Event::AttachmentsPosted {
                message,
                seq: MessageSeq(1),
                attachments: vec![PostedAttachment {
                    attachment: AttachmentId::from_uuid(id),
                    bytes: 7,
                    state: crate::attachment::AttachmentState::Arrived { kind: FileKind::Png },
                }],
                until: Timestamp::UNIX_EPOCH,
            },
            Event::AttachmentArrived {
                attachment: AttachmentId::from_uuid(id),
                kind: FileKind::Pdf,
                bytes: 7,
                message: None,
            },
            Event::AttachmentFailed {
                attachment: AttachmentId::from_uuid(id),
                reason: AttachmentFailure::Cancelled,
                bytes: 7,
                message: Some(message),
            },
            Event::RungReached { message, rung: Rung::Alert },
            Event::TurnStarted { turn, rung: Rung::Primary, fence },
            Event::TurnKept { turn },
            Event::TurnYielded { turn },
            Event::Gathering { until: Timestamp::UNIX_EPOCH },
            Event::TurnFailed { turn, reason: TurnFailure::Model },
            Event::DeliveryAccepted { delivery, reference: None },
            Event::DeliveryUncertain { delivery, code },
            Event::PromiseKept { message, after_ms: 1, by: AnsweredBy::Template },
            Event::HandoffRequested {
                reason,
                reroute_ms: Some(180_000),
                callback_ms: Some(300_000),
            },
            Event::CallbackSought,
            Event::CallbackOffered {
                times: vec![CallTime { at: Timestamp::UNIX_EPOCH, minutes: 30 }],
                why: OfferReason::NobodyThere,
            },
            Event::CallbackWanted { at: Timestamp::UNIX_EPOCH },
            Event::CallbackAgreed {
                at: Timestamp::UNIX_EPOCH,
                minutes: 30,
                member,
                by: CallbackBy::Customer,
                moved_from: None,
            },
            Event::CallbackRang { member },
            Event::CallbackEnded { at: Timestamp::UNIX_EPOCH, end: CallbackEnd::Missed, by: None },
            Event::HandoffNoted {
                note: HandoffNote { asked: vec!["Hei".into()], ..HandoffNote::default() },
            },
            Event::HandoffPassedOn { from: Some(member) },
            Event::Assigned {
                member: Some(member),
                by: None,
                why: AssignReason::Routed(vec![routing::Reason::Owner]),
            },
            Event::Assigned { member: None, by: Some(member), why: AssignReason::ByHand },
            Event::AssistantPaused { member, until: Timestamp::UNIX_EPOCH },
            Event::AssistantResumed,
            Event::Seen { by: Reader::Customer, upto: MessageSeq(3) },
            Event::Seen { by: Reader::Member(member), upto: MessageSeq(3) },
            Event::DeliveryReplayed {
                of: delivery,
                delivery,
                by: member,
                even_if_sent: false,
                client_id: None,
            },
            Event::RemindersStopped { member },
            Event::TakenOver { member, fence, give_back_ms: Some(900_000) },
            Event::Released { member, fence, why: ReleaseReason::TimedOut },
            Event::Closed { fence },
        ] {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["type"], event.kind());
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
    }

    #[test]
    fn an_event_of_before_a_field_was_added_is_still_read() {
        let member = MemberId::from_uuid(uuid::Uuid::from_u128(7));
        for (json, event) in [
            (
                format!(r#"{{"type":"taken_over","member":"{member}","fence":1}}"#),
                Event::TakenOver { member, fence: Fence(1), give_back_ms: None },
            ),
            (
                format!(r#"{{"type":"released","member":"{member}","fence":2}}"#),
                Event::Released { member, fence: Fence(2), why: ReleaseReason::BySpeaker },
            ),
            (
                r#"{"type":"handoff_requested","reason":"not_proven"}"#.to_owned(),
                Event::HandoffRequested {
                    reason: AlertReason::NotProven,
                    reroute_ms: None,
                    callback_ms: None,
                },
            ),
        ] {
            assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
            assert_eq!(serde_json::to_string(&event).unwrap(), json, "and written as it was");
        }
    }
}
