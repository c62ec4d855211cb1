//! What a session knows of the people around it: who holds it, who types, who has seen what.
//!
//! # Invariants
//! - **A3** everything here follows from events;
//! - **A5** a pause never outlives the template rung: it stops turns, never the promise clock;
//! - **A9** of [`MAX_READERS`] members it is remembered how far they have read, and of what was said only
//!   the newest beginnings.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{HandoffWait, LeadSession, Speaker};
use crate::{
    attachment::SentFiles,
    event::{Author, MessageSeq, Reader},
    id::{MemberId, MessageId},
    promise::Rung,
};

/// How many members' reading a session remembers; those who read least are forgotten first.
const MAX_READERS: usize = 32;
/// To how many further people a hand-off goes; then only the reminders go on.
const MAX_PASSES: u32 = 5;

/// Of how many texts of each side the beginnings are kept, and how many characters of each.
const MAX_TEXTS: usize = 4;
const TEXT: usize = 200;

/// A member types: no turn begins before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub member: MemberId,
    pub until: Timestamp,
}

/// A member has taken over; a customer who waits too long for them gets the assistant back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When they took over or last wrote.
    pub since: Timestamp,
    pub after_ms: u32,
}

/// When a hand-off that nobody answers goes to the next person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reroute {
    /// Since when whoever has it has had it.
    pub since: Timestamp,
    pub after_ms: u32,
    /// How often it was passed on.
    pub passes: u32,
}

/// Up to where each side has seen the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenUpTo {
    #[serde(default)]
    pub customer: MessageSeq,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<MemberId, MessageSeq>,
}

/// Whose the newest message is, and where the newest of anybody else stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voices {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Author>,
    #[serde(default)]
    pub before: MessageSeq,
}

/// What was said since a person last answered, as the note for the next one needs it: beginnings, oldest
/// first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub asked: VecDeque<String>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub told: VecDeque<String>,
}

impl Talk {
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.told.is_empty()
    }

    pub(super) fn note(&mut self, author: Author, text: &str) {
        let texts = match author {
            Author::Customer => &mut self.asked,
            Author::Assistant => &mut self.told,
            Author::Member { .. } => {
                *self = Self::default(); // they know what they answered
                return;
            }
        };
        if texts.len() == MAX_TEXTS {
            texts.pop_front();
        }
        texts.push_back(crate::text::excerpt(text, TEXT));
    }
}

impl LeadSession {
    /// The files that an answer to all that was written must know of.
    pub fn sent_files(&self) -> SentFiles {
        let customer = self.voices.last == Some(Author::Customer);
        let after = if customer { self.voices.before } else { self.last_message };
        SentFiles::of(&self.attachments, after, self.last_message)
    }
}

impl Voices {
    /// `author` writes after the message at `newest`.
    pub(super) fn note(&mut self, author: Author, newest: MessageSeq) {
        if self.last != Some(author) {
            *self = Self { last: Some(author), before: newest };
        }
    }
}

impl SeenUpTo {
    pub fn is_empty(&self) -> bool {
        self.customer.0 == 0 && self.members.is_empty()
    }

    /// Up to where `reader` has seen it.
    pub fn by(&self, reader: Reader) -> MessageSeq {
        match reader {
            Reader::Customer => self.customer,
            Reader::Member(member) => self.members.get(&member).copied().unwrap_or_default(),
        }
    }

    /// How far anybody of the staff has seen it.
    pub fn by_staff(&self) -> MessageSeq {
        self.members.values().copied().max().unwrap_or_default()
    }

    pub(super) fn note(&mut self, reader: Reader, upto: MessageSeq) {
        match reader {
            Reader::Customer => self.customer = upto,
            Reader::Member(member) => {
                self.members.insert(member, upto);
                let least = self.members.iter().min_by_key(|(_, upto)| **upto).map(|(id, _)| *id);
                if let Some(least) = least.filter(|_| self.members.len() > MAX_READERS) {
                    self.members.remove(&least);
                }
            }
        }
    }
}

impl Reroute {
    /// A hand-off is requested; one that runs already goes on, it only has a worse reason.
    pub(super) fn begin(at: Timestamp, after_ms: u32, running: Option<HandoffWait>) -> Self {
        let running = running.and_then(|wait| wait.reroute);
        running.map_or(Self { since: at, after_ms, passes: 0 }, |one| Self { after_ms, ..one })
    }

    /// Somebody else gets it, and has the whole time.
    pub(super) const fn begin_anew(&mut self, at: Timestamp) {
        self.since = at;
    }

    pub(super) const fn pass_on(&mut self, at: Timestamp) {
        self.passes = self.passes.saturating_add(1);
        self.since = at;
    }
}

impl LeadSession {
    /// The newest message that somebody else than `author` wrote; 0 when there is none.
    pub fn newest_not_by(&self, author: Author) -> MessageSeq {
        if self.voices.last == Some(author) { self.voices.before } else { self.last_message }
    }

    /// The customer's newest message, when nobody has written since.
    pub fn unanswered(&self) -> Option<MessageId> {
        let theirs = self.voices.last == Some(Author::Customer);
        let newest = self.remembered.back().filter(|_| theirs);
        newest.filter(|newest| newest.seq == self.last_message).map(|newest| newest.message)
    }

    /// Since when a customer waits for a text of whoever speaks.
    fn waits_since(&self) -> Option<Timestamp> {
        let owed = self.promises.iter().filter(|promise| promise.answer.is_none());
        let asked = self.handoff.iter().map(|wait| wait.since);
        owed.map(|promise| promise.since).chain(asked).min()
    }

    /// When the assistant speaks again, because a customer waits for a member who is silent: after the
    /// time the tenant has set, but a member who has just been written to has a first model's time, and
    /// one who types is let finish.
    pub(super) fn gives_back_at(&self) -> Option<Timestamp> {
        let Hold { since, after_ms } = self.hold?;
        let waits_since = self.waits_since().filter(|_| !self.closed)?;
        let patience = self.promise_settings.due(waits_since, Rung::Second);
        let typing = self.pause.map_or(since, |pause| pause.until);
        Some(later(since, after_ms).max(patience).max(typing))
    }

    /// When a hand-off that nobody has answered goes to the next person.
    pub(super) fn passes_on_at(&self) -> Option<Timestamp> {
        let reroute = self.handoff?.reroute.filter(|reroute| reroute.passes < MAX_PASSES)?;
        Some(later(reroute.since, reroute.after_ms))
    }

    /// When a call-back is offered, rings, or counts as missed.
    pub(super) fn callback_due(&self) -> Option<Timestamp> {
        match self.callback.agreed {
            Some(agreed) => Some(agreed.due()),
            None => self.handoff.and_then(|handoff| handoff.callback_at),
        }
    }

    /// Whoever has it now has the whole time to answer.
    pub(super) fn begin_reroute_anew(&mut self, at: Timestamp) {
        if let Some(reroute) = self.handoff.as_mut().and_then(|wait| wait.reroute.as_mut()) {
            reroute.begin_anew(at);
        }
    }

    /// Whether a member speaks.
    pub const fn with_member(&self) -> Option<MemberId> {
        match self.speaker {
            Speaker::Member(member) => Some(member),
            Speaker::Assistant => None,
        }
    }
}

/// When a hand-off of `at` offers a call-back; one that runs already goes on, and offers one only once.
pub(super) fn offers_callback_at(
    at: Timestamp,
    after_ms: Option<u32>,
    running: Option<HandoffWait>,
) -> Option<Timestamp> {
    running.map_or_else(|| after_ms.map(|ms| later(at, ms)), |wait| wait.callback_at)
}

fn later(since: Timestamp, after_ms: u32) -> Timestamp {
    let after = SignedDuration::from_millis(i64::from(after_ms));
    since.saturating_add(after).unwrap_or(Timestamp::MAX)
}
