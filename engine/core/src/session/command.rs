//! What a lead session can be asked to do, and how it can say no.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    attachment::{AttachmentFailure, FileKind},
    callback::{CallTime, CallbackBy, CallbackEnd, OfferReason},
    capture::Submission,
    contact::Phone,
    dialogue::{BookingNews, Pressed, TurnNotes},
    effect::TimerKind,
    event::{AssignReason, ContactLearned, MessageSeq, Reader, Source, TurnFailure},
    id::{AttachmentId, BookingId, ContactId, DeliveryId, LeadId, MemberId, MessageId, TurnId},
    lang::Lang,
    routing,
    settings::TenantSettings,
    tools::ToolName,
};

/// A wish. Imperative; what comes of it are [`crate::event::Event`]s.
/// Kept with what it led to, so that the decision can be taken again (A3); its form is as lasting as an event's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A form was submitted: to a new session, or to the one it was routed to.
    Submit {
        submission: Submission,
        contact: SubmittedContact,
    },
    /// A visitor opened the chat.
    Open {
        lang: Lang,
    },
    /// The customer wrote in the chat.
    PostMessage {
        text: String,
        client_id: String,
        page_url: Option<String>,
        /// What they pressed instead of writing it; `text` says the same in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pressed: Option<Pressed>,
        /// The files that come with it, announced before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<AttachmentId>,
    },
    /// The customer begins to send a file of so many bytes.
    AnnounceAttachment {
        attachment: AttachmentId,
        client_id: String,
        bytes: u64,
    },
    /// All bytes of a file are stored.
    AttachmentArrived {
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
    },
    /// A file will not come.
    AttachmentFailed {
        attachment: AttachmentId,
        reason: AttachmentFailure,
    },
    /// A member wrote; it takes the conversation over.
    PostMemberMessage {
        member: MemberId,
        text: String,
        client_id: String,
        /// The newest message that was on their screen: compare-and-send. Without it, it goes out in any case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<MessageSeq>,
    },
    /// A member types, and may be about to answer: the assistant waits.
    MemberTyping {
        member: MemberId,
    },
    /// The conversation becomes somebody's, or anybody's.
    Assign {
        member: Option<MemberId>,
        /// Nobody when the engine routes.
        by: Option<MemberId>,
        why: AssignReason,
    },
    /// Messages were on somebody's screen.
    Seen {
        by: Reader,
        upto: MessageSeq,
    },
    /// A turn is over.
    EndTurn {
        turn: TurnId,
        result: Result<Answer, TurnFailure>,
        #[serde(default, skip_serializing_if = "TurnNotes::is_empty")]
        notes: TurnNotes,
    },
    /// A turn wants to run a tool that changes or reveals something (A7).
    GrantTool {
        turn: TurnId,
        tool: ToolName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
    },
    /// A turn wants to call a tool of the tenant's own, which a conversation may do so often (A7, A9).
    GrantCustomTool {
        turn: TurnId,
        tool: String,
        budget: u32,
    },
    /// A turn heard what the customer said of themselves.
    LearnContact {
        turn: TurnId,
        contact: ContactLearned,
    },
    /// A turn calls a person.
    Escalate {
        turn: TurnId,
    },
    /// A booking of this conversation was made, or changed, by anybody.
    NoteBooking {
        news: BookingNews,
    },
    /// A one-time code was sent, or given rightly.
    NoteCode {
        booking: BookingId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proven_until: Option<Timestamp>,
    },
    /// The node that runs the turn stops: somebody else must run it.
    YieldTurn {
        turn: TurnId,
    },
    /// A timer is due. `turn_runs` tells whether this process runs the session's turn.
    FireTimer {
        kind: TimerKind,
        turn_runs: bool,
    },
    /// A provider has spoken, or is silent.
    ReportDelivery {
        delivery: DeliveryId,
        attempt: u32,
        report: DeliveryReport,
    },
    /// A person wants a dead letter sent once more; `even_if_sent` says that it may arrive twice.
    ReplayDelivery {
        delivery: DeliveryId,
        by: MemberId,
        even_if_sent: bool,
        client_id: Option<String>,
    },
    /// A person wants a timer gone.
    CancelTimer {
        kind: TimerKind,
        by: MemberId,
    },
    /// The customer may choose one of these times to be called at.
    OfferCallback {
        times: Vec<CallTime>,
        why: OfferReason,
    },
    /// Somebody has that time free, and calls.
    AgreeCallback {
        time: CallTime,
        member: MemberId,
        why: Vec<routing::Reason>,
        by: CallbackBy,
        /// The customer's number, when it is told along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<Phone>,
    },
    /// A member tells how a call-back went that was to be at `at`, or that it will not be.
    EndCallback {
        at: Timestamp,
        end: CallbackEnd,
        member: MemberId,
    },
    TakeOver {
        member: MemberId,
    },
    /// The member gives back what they have taken over; a manager also what somebody else has.
    Release {
        member: MemberId,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        manager: bool,
    },
    Close {
        member: MemberId,
    },
    /// The program failed twice on this session: a person must look (R8).
    Quarantine,
}

/// Who submits, as routing found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedContact {
    pub contact: ContactId,
    pub new_contact: bool,
    pub lead: LeadId,
    pub source: Source,
    pub same_phone_as: Option<ContactId>,
}

/// A text that a model proposed and the claim gate let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub text: String,
    pub model: String,
    pub prompt: String,
}

/// What became of one try to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum DeliveryReport {
    Accepted {
        reference: Option<String>,
    },
    Temporary {
        code: String,
        retry_after: Option<SignedDuration>,
    },
    Permanent {
        code: String,
    },
    Uncertain {
        code: String,
    },
    /// The exit found an older fence (A7).
    Refused,
}

/// The circumstances of a decision: all that is neither state nor command.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    pub now: Timestamp,
    pub settings: &'a TenantSettings,
    pub fresh: Fresh,
    /// Whether the customer has seen a part of the running turn's answer: then it is let finish.
    pub turn_shows: bool,
}

/// A fresh UUID from which a decision takes as many ids as it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh(pub Uuid);

impl Fresh {
    /// The `n`th id: the next ones in order after the given UUID, which has 62 random bits at its end.
    pub fn nth(self, n: u32) -> Uuid {
        Uuid::from_u128(self.0.as_u128().wrapping_add(u128::from(n)))
    }
}

/// Why a tool may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotGranted {
    #[error("it ran as often as it may")]
    TooOften,
    #[error("the booking is none of this conversation's")]
    UnknownBooking,
    #[error("nothing is held")]
    NotHeld,
    #[error("the customer has not said yes to it")]
    NoYes,
    #[error("the customer has not proven that it is theirs")]
    NoCode,
}

/// A no that is an answer, not a failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such conversation")]
    NotFound,
    #[error("the conversation is closed")]
    Closed,
    /// The same `client_id` was stored before: here is its place.
    #[error("the message was stored before")]
    AlreadyPosted { message: MessageId, seq: MessageSeq },
    /// The same `client_id` announced a file before: this one.
    #[error("the attachment was announced before")]
    AlreadyAnnounced { attachment: AttachmentId },
    /// None of this conversation's, or it came with another message.
    #[error("there is no such attachment")]
    UnknownAttachment,
    /// A message or a conversation takes no more (A9).
    #[error("there are too many attachments")]
    TooManyAttachments,
    /// It speaks of a turn, timer or delivery that is over (A7); harmless.
    #[error("it is over")]
    Stale,
    /// Only who has taken over can give back, and a manager.
    #[error("another person has the conversation")]
    NotYours,
    /// They do not work for the tenant, or may not write to customers.
    #[error("the person cannot take conversations")]
    NotAReceiver,
    /// Somebody else wrote after what the sender had seen; `newest` is the last of it.
    #[error("somebody wrote meanwhile")]
    Conflict { newest: MessageSeq },
    /// The same `client_id` had it sent once more before: this is the delivery.
    #[error("it was sent once more before")]
    AlreadyReplayed { delivery: DeliveryId },
    /// The same meaning is on its way already.
    #[error("the same is on its way")]
    OnItsWay,
    /// The assistant wrote it, and somebody else speaks by now (A7).
    #[error("somebody else speaks by now")]
    OldFence,
    /// It may have left: only who accepts that it arrives twice may send it again (R1).
    #[error("it may have left already")]
    MayHaveLeft,
    /// A tool may not run.
    #[error("the tool may not run: {0}")]
    NotGranted(NotGranted),
    /// Nobody can call a customer whose number is not known.
    #[error("no phone number is known")]
    NoPhone,
    /// Nobody has that time free any more, or it was never a time to call at.
    #[error("nobody can call at that time")]
    NoSuchTime,
    /// The timer cannot go while a customer waits for what it does (A11).
    #[error("a customer waits for it")]
    SomebodyWaits,
}
