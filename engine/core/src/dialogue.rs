//! What a conversation is about, as far as the engine itself keeps it: what was offered, held and booked,
//! what the customer said yes to, and what is still to be asked.
//!
//! Lives here: the [`Dialogue`] of a session with its [`Stage`], the news that tools bring to it, and the
//! tenant's [`DialogueSettings`]. What leads from one to the next is decided in [`crate::session`].
//!
//! # Invariants
//! - **A3** everything here follows from events; the stage is worked out, never stored;
//! - **A6** a yes belongs to one hold that was shown before it; another hold makes it void;
//! - **A9** [`MOST_OFFERS`], [`MOST_BOOKINGS`] and [`MOST_ANSWERS`] are kept, the newest ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    booking::{Booking, BookingStatus},
    event::MessageSeq,
    gate::{Reason, Withheld},
    id::{BookingId, OfferId, ResourceId, ServiceId},
    knowledge::Localized,
    tools::{ToolName, ToolUse},
    utterance::{Reply, hear},
};

/// Times that one answer may offer.
pub const MOST_OFFERS: usize = 6;
/// Appointments of one conversation that are remembered.
pub const MOST_BOOKINGS: usize = 8;
/// The tenant's own questions.
pub const MOST_QUESTIONS: usize = 10;
/// Answers to them that are remembered.
pub const MOST_ANSWERS: usize = MOST_QUESTIONS;
/// Withheld sentences of one turn that are kept for staff to see, and characters of each.
pub const MOST_WITHHELD: usize = 8;
pub const WITHHELD_CHARS: usize = 300;

/// What a session knows of its dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialogue {
    /// Messages of the customer's since it began, or since a person last wrote.
    pub customer_messages: u32,
    /// The times that were offered last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bookings: Vec<KnownBooking>,
    /// The booking whose customer is to prove themselves, or has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeState>,
    /// The offered time that the customer clicked last, until somebody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picked: Option<Pick>,
    /// Answers to the tenant's questions, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, String>,
    /// What was granted since the customer last wrote.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub granted: BTreeMap<ToolName, u32>,
    /// Calls of the tenant's own tools that were granted in this conversation, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_granted: BTreeMap<String, u32>,
    /// When somebody looks whether the customer is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_at: Option<Timestamp>,
    /// When anybody last wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
}

/// A time that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub service: ServiceId,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Only with this resource, such as the vehicle that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
}

/// An offered time that was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub service: ServiceId,
    pub from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
}

/// A booking of this conversation, as the session last heard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBooking {
    #[serde(flatten)]
    pub news: BookingNews,
    /// The message that first spoke of it as it is held now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<MessageSeq>,
    /// The customer's message that said yes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<MessageSeq>,
}

/// What a session is told of a booking of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingNews {
    pub booking: BookingId,
    pub offer: OfferId,
    pub status: BookingStatus,
    pub service: ServiceId,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Of a hold, when it ends.
    pub hold_until: Timestamp,
}

impl BookingNews {
    pub fn of(booking: &Booking, now: Timestamp) -> Self {
        Self {
            booking: booking.id,
            offer: booking.offer,
            status: booking.status_at(now),
            service: booking.wish.service,
            from: booking.wish.from,
            until: booking.wish.until,
            hold_until: booking.hold_until,
        }
    }

    pub fn is_held_at(&self, now: Timestamp) -> bool {
        self.status == BookingStatus::Held && now < self.hold_until
    }
}

/// A one-time code that was sent for a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeState {
    pub booking: BookingId,
    /// Until when the right code, once given, lets them change the booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_until: Option<Timestamp>,
}

/// What a turn did besides writing; kept so that every answer explains itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnNotes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<ToolUse>,
    /// The times that the answer offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// What the claim gate kept back, for staff to see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<WithheldText>,
}

/// A sentence that did not leave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldText {
    pub reason: Reason,
    /// Its beginning.
    pub text: String,
}

impl std::fmt::Debug for WithheldText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WithheldText({:?}, ..)", self.reason) // what a model says may be personal (A13)
    }
}

impl From<Withheld> for WithheldText {
    fn from(Withheld { reason, text }: Withheld) -> Self {
        Self { reason, text }
    }
}

impl TurnNotes {
    pub const fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.offers.is_empty() && self.withheld.is_empty()
    }

    /// Cut to what is kept (A9).
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.uses.truncate(crate::tools::MOST_CALLS as usize);
        self.offers.truncate(MOST_OFFERS);
        self.withheld.truncate(MOST_WITHHELD);
        for withheld in &mut self.withheld {
            withheld.text = crate::text::excerpt(&withheld.text, WITHHELD_CHARS);
        }
        self
    }
}

/// A click of the customer's instead of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Pressed {
    /// One of the offered times.
    Pick {
        service: ServiceId,
        from: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource: Option<ResourceId>,
    },
    /// Yes to exactly this hold.
    Accept { offer: OfferId },
    /// No to it.
    Decline { offer: OfferId },
    /// One of the offered times to be called at.
    CallMe { at: Timestamp },
    /// Another time to be called at, please.
    CallLater,
    /// No call any more.
    DoNotCall,
}

/// Where a conversation stands (S4-5-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Greeting,
    Qualifying,
    Proposing,
    Confirming,
    Done,
    Escalated,
}

impl Stage {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Qualifying => "qualifying",
            Self::Proposing => "proposing",
            Self::Confirming => "confirming",
            Self::Done => "done",
            Self::Escalated => "escalated",
        }
    }
}

/// How the assistant leads a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialogueSettings {
    /// Messages of a customer's after which a person is called.
    pub most_messages: u32,
    /// Minutes of silence after which a chat is politely ended.
    pub idle_minutes: u32,
    /// Asked one at a time, in this order.
    pub questions: Vec<Question>,
    /// Words that call a person, besides the engine's own; in any language, lower case.
    pub escalate_on: Vec<String>,
}

impl Default for DialogueSettings {
    fn default() -> Self {
        Self { most_messages: 20, idle_minutes: 30, questions: Vec::new(), escalate_on: Vec::new() }
    }
}

/// A question of the tenant's own, such as the registration number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Lower-case letters, digits and `_`; what the answer is kept under.
    pub key: String,
    pub text: Localized,
    /// Asked only of who wants this service; of everybody when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
}

/// Why dialogue settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogueError {
    #[error("most_messages must be 3 to 200")]
    Messages,
    #[error("idle_minutes must be 1 to 1440")]
    Idle,
    #[error(
        "at most {MOST_QUESTIONS} questions, each with its own key of a-z, 0-9 and _, and a text"
    )]
    Questions,
    #[error("at most 50 words that call a person, of 2 to 60 characters")]
    Words,
}

impl DialogueSettings {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the bounds.
    pub fn check(&self) -> Result<(), DialogueError> {
        if !(3..=200).contains(&self.most_messages) {
            return Err(DialogueError::Messages);
        }
        if !(1..=1_440).contains(&self.idle_minutes) {
            return Err(DialogueError::Idle);
        }
        let is_key = |key: &str| {
            (1..=40).contains(&key.len())
                && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let keys: BTreeSet<&str> = self.questions.iter().map(|one| one.key.as_str()).collect();
        let sound = |one: &Question| {
            is_key(&one.key)
                && !one.text.0.is_empty()
                && one.text.0.values().all(|text| (1..=300).contains(&text.chars().count()))
        };
        if self.questions.len() > MOST_QUESTIONS
            || keys.len() != self.questions.len()
            || !self.questions.iter().all(sound)
        {
            return Err(DialogueError::Questions);
        }
        let word = |word: &String| (2..=60).contains(&word.chars().count());
        if self.escalate_on.len() > 50 || !self.escalate_on.iter().all(word) {
            return Err(DialogueError::Words);
        }
        Ok(())
    }

    pub(crate) fn idle(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.idle_minutes))
    }
}

/// A text without mail addresses and links: the `no` at the end of one is no answer.
fn without_addresses(text: &str) -> String {
    let is_address =
        |word: &&str| word.contains('@') || word.contains("://") || word.starts_with("www.");
    text.split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>().join(" ")
}

/// What a customer's message means for what is held for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A yes to this booking's offer.
    Accepts(BookingId),
    /// A no, or another wish.
    Declines(BookingId),
}

impl Dialogue {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The holds that have not ended.
    pub fn held(&self, now: Timestamp) -> impl Iterator<Item = &KnownBooking> {
        self.bookings.iter().filter(move |known| known.news.is_held_at(now))
    }

    pub fn booking(&self, booking: BookingId) -> Option<&KnownBooking> {
        self.bookings.iter().find(|known| known.news.booking == booking)
    }

    /// The hold that the customer said yes to, if it still stands.
    pub fn accepted(&self, now: Timestamp) -> Option<&KnownBooking> {
        self.held(now).find(|known| known.accepted.is_some())
    }

    /// The appointment that the customer's yes has led to, of which no answer has told them yet:
    /// `waiting` is the place of their first message without an answer.
    pub fn booked_untold(&self, waiting: MessageSeq) -> Option<&KnownBooking> {
        let booked = |known: &&KnownBooking| {
            known.news.status == BookingStatus::Booked
                && known.accepted.is_some_and(|yes| yes >= waiting)
        };
        self.bookings.iter().rev().find(booked)
    }

    /// Whether the customer has proven that this booking is theirs.
    pub fn is_proven(&self, booking: BookingId, now: Timestamp) -> bool {
        let proven = self.code.filter(|code| code.booking == booking);
        proven.and_then(|code| code.proven_until).is_some_and(|until| now < until)
    }

    /// The booking whose code is waited for.
    pub fn waits_for_code(&self) -> Option<BookingId> {
        self.code.filter(|code| code.proven_until.is_none()).map(|code| code.booking)
    }

    /// The next of the tenant's questions, of those that concern `service`.
    pub fn next_question<'a>(
        &self,
        settings: &'a DialogueSettings,
        service: Option<ServiceId>,
    ) -> Option<&'a Question> {
        let concerns = |one: &&Question| one.service.is_none() || one.service == service;
        settings.questions.iter().filter(concerns).find(|one| !self.answers.contains_key(&one.key))
    }

    /// Where the conversation stands. `escalated`: a person was called and has not written yet.
    pub fn stage(&self, escalated: bool, now: Timestamp) -> Stage {
        let last = self.bookings.last().map(|known| known.news.status);
        if escalated {
            Stage::Escalated
        } else if self.held(now).next().is_some() {
            Stage::Confirming
        } else if last == Some(BookingStatus::Booked) {
            Stage::Done
        } else if !self.offers.is_empty() {
            Stage::Proposing
        } else if self.customer_messages > 0 {
            Stage::Qualifying
        } else {
            Stage::Greeting
        }
    }

    /// What a text, or a click, says of what is held. With several holds, only a click says of which.
    pub(crate) fn verdict(
        &self,
        text: &str,
        pressed: Option<Pressed>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Verdict> {
        let mut shown = self.held(now).filter(|known| known.shown.is_some());
        match pressed {
            Some(Pressed::Accept { offer }) => {
                let known = shown.find(|known| known.news.offer == offer)?;
                return Some(Verdict::Accepts(known.news.booking));
            }
            Some(Pressed::Decline { offer }) => {
                let known = shown.find(|known| known.news.offer == offer)?;
                return Some(Verdict::Declines(known.news.booking));
            }
            Some(Pressed::CallMe { .. } | Pressed::CallLater | Pressed::DoNotCall) => return None,
            Some(Pressed::Pick { .. }) => {
                return shown.next().map(|known| Verdict::Declines(known.news.booking));
            }
            None => {}
        }
        let (one, more) = (shown.next()?, shown.next());
        if more.is_some() {
            return None;
        }
        let heard = hear(&without_addresses(text), zone.to_datetime(now).date());
        let meant = zone.to_datetime(one.news.from);
        let minute =
            u16::from(meant.hour().unsigned_abs()) * 60 + u16::from(meant.minute().unsigned_abs());
        let booking = one.news.booking;
        if heard.accepts(meant.date(), minute) {
            Some(Verdict::Accepts(booking))
        } else if heard.corrects
            || heard.names_a_time()
            || matches!(heard.reply, Some(Reply::No | Reply::Cancel | Reply::Move))
        {
            Some(Verdict::Declines(booking))
        } else {
            None
        }
    }

    pub(crate) fn note_customer(&mut self, at: Timestamp) {
        self.customer_messages = self.customer_messages.saturating_add(1);
        self.granted.clear();
        self.last_at = Some(at);
    }

    pub(crate) fn note_answer(&mut self, seq: MessageSeq, at: Timestamp) {
        let held = |known: &&mut KnownBooking| known.news.is_held_at(at) && known.shown.is_none();
        for known in self.bookings.iter_mut().filter(held) {
            known.shown = Some(seq);
        }
        self.picked = None;
        self.last_at = Some(at);
    }

    /// A person wrote: what the assistant counted begins anew.
    pub(crate) fn note_member(&mut self) {
        (self.customer_messages, self.idle_at) = (0, None);
        self.offers.clear();
        self.picked = None;
    }

    pub(crate) fn note_booking(&mut self, news: BookingNews) {
        let known = self.bookings.iter_mut().find(|known| known.news.booking == news.booking);
        if let Some(known) = known {
            // A yes was to what was shown: another time, or a new hold, needs another.
            if (known.news.from, known.news.offer) != (news.from, news.offer) {
                (known.shown, known.accepted) = (None, None);
            }
            known.news = news;
        } else {
            if self.bookings.len() == MOST_BOOKINGS {
                self.bookings.remove(0);
            }
            self.bookings.push(KnownBooking { news, shown: None, accepted: None });
        }
        if news.status == BookingStatus::Booked {
            self.offers.clear();
        }
    }

    pub(crate) fn note_verdict(&mut self, booking: BookingId, accepted: Option<MessageSeq>) {
        for known in self.bookings.iter_mut().filter(|known| known.news.booking == booking) {
            known.accepted = accepted;
        }
    }

    pub(crate) fn note_answers(&mut self, answers: &BTreeMap<String, String>) {
        for (key, answer) in answers {
            if self.answers.len() < MOST_ANSWERS || self.answers.contains_key(key) {
                self.answers.insert(key.clone(), answer.clone());
            }
        }
    }
}
