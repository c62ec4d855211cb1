//! What a lead's row says, as it follows from the events of its session.
//!
//! Lives here: the one rule book of that row, so that every store keeps the same list. Pure.
//!
//! # Invariants
//! - **A3** the record is the fold of the session's events; nothing else changes it;
//! - `contacted` is proven: the provider accepted an answer, or one stands on the customer's own
//!   stream (decision 4), and only a lead that was `new` becomes it;
//! - `updated_at` moves only when something that the list shows has changed.

use forecourt_core::{
    callback::{CallTime, times::Taken},
    event::{AlertReason, Author, Channel, Event, LeadCaptured, MessagePosted, Source},
    id::{ContactId, DeliveryId, LeadId, MemberId, MessageId, SessionId},
    promise::Rung,
    session::LeadSession,
    text,
};
use jiff::Timestamp;

use super::{LeadStatus, PromiseRow, PromiseState};

/// How many characters of the customer's last message the list shows.
const EXCERPT: usize = 160;
/// What stands before the fingerprint in the `client_id` of a submitted message.
const FINGERPRINT: &str = "fp:";

/// A lead as it is stored; its contact and its session's language and status are rows of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadRecord {
    pub lead: LeadId,
    /// As captured, or as the store has linked it since: when the customer tells an address that is another
    /// contact's, the lead is that contact's. Writers that know the row need not know of it.
    pub contact: ContactId,
    pub session: SessionId,
    /// Another contact with the same phone number (decision 2).
    pub same_phone_as: Option<ContactId>,
    pub source: Source,
    pub source_url: Option<String>,
    pub vehicle_interest: Option<String>,
    pub status: LeadStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub excerpt: String,
    pub repeats: u32,
    pub last_inbound_at: Timestamp,
    pub last_fingerprint: Option<String>,
    /// From the capture to the first proven answer.
    pub first_response_ms: Option<i64>,
    /// The message that the newest promise answers.
    pub promise_of: Option<MessageId>,
    pub promise: PromiseRow,
    pub needs_human: Option<AlertReason>,
    /// Whose conversation it is.
    pub assignee: Option<MemberId>,
    /// Who calls the customer when, until it is over. Of one member and time there is one.
    pub callback: Option<Taken>,
}

impl LeadRecord {
    /// The record after `events`, which happened at `at` and led to `state`; `None` while the
    /// session has no lead.
    pub fn after(
        before: Option<Self>,
        at: Timestamp,
        events: &[Event],
        state: &LeadSession,
    ) -> Option<Self> {
        let mut record = before;
        for event in events {
            match (&mut record, event) {
                (None, Event::LeadCaptured(captured)) => {
                    record = Some(Self::captured(captured, state.id, at));
                }
                (None, _) => {}
                (Some(record), event) => record.apply(event, at, state),
            }
        }
        record
    }

    fn captured(captured: &LeadCaptured, session: SessionId, at: Timestamp) -> Self {
        Self {
            lead: captured.lead,
            contact: captured.contact,
            session,
            same_phone_as: captured.same_phone_as,
            source: captured.source,
            source_url: captured.source_url.clone(),
            vehicle_interest: captured.vehicle_interest.clone(),
            status: LeadStatus::New,
            created_at: at,
            updated_at: at,
            excerpt: String::new(),
            repeats: 0,
            last_inbound_at: at,
            last_fingerprint: captured.fingerprint.as_deref().and_then(fingerprint),
            first_response_ms: None,
            promise_of: None,
            promise: PromiseRow::NONE,
            needs_human: None,
            assignee: None,
            callback: None,
        }
    }

    /// One exhaustive match: a new event must say here what it means for the list.
    fn apply(&mut self, event: &Event, at: Timestamp, state: &LeadSession) {
        match event {
            // What only the session itself needs to know.
            Event::SessionOpened { .. }
            | Event::LeadCaptured(_)
            | Event::SubmissionRepeated
            | Event::AttachmentAnnounced { .. }
            | Event::AttachmentsPosted { .. }
            | Event::AttachmentArrived { .. }
            | Event::AttachmentFailed { .. }
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
            | Event::DeliveryUncertain { .. }
            | Event::DeliveryRefused { .. }
            | Event::DeliveryReplayed { .. }
            | Event::HumanAlerted { .. }
            | Event::HandoffNoted { .. }
            | Event::HandoffPassedOn { .. }
            | Event::CallbackSought
            | Event::CallbackOffered { .. }
            | Event::CallbackWanted { .. }
            | Event::AssistantPaused { .. }
            | Event::AssistantResumed
            | Event::Seen { .. } => return,
            Event::LanguageChanged { .. }
            | Event::ContactLearned(_)
            | Event::TakenOver { .. }
            | Event::Released { .. } => {}
            Event::Assigned { member, .. } => self.assignee = *member,
            Event::LeadRepeated { vehicle_interest, source_url, .. } => {
                self.repeats = self.repeats.saturating_add(1);
                if vehicle_interest.is_some() {
                    self.vehicle_interest.clone_from(vehicle_interest);
                }
                if source_url.is_some() {
                    self.source_url.clone_from(source_url);
                }
            }
            Event::MessagePosted(posted) => self.posted(posted, at, state),
            Event::PromiseMade { message, since, settings } => {
                self.promise_of = Some(*message);
                self.promise = PromiseRow {
                    state: PromiseState::Waiting,
                    since: Some(*since),
                    deadline: Some(settings.due(*since, Rung::Deadline)),
                    answered_after_ms: None,
                    by: None,
                };
            }
            Event::PromiseKept { message, after_ms, by } => {
                if self.promise_of != Some(*message) {
                    return; // a newer promise runs
                }
                self.promise.state = PromiseState::Kept;
                self.promise.answered_after_ms = Some(*after_ms);
                self.promise.by = Some(by.clone());
            }
            Event::PromiseBroken { message, .. } => {
                if self.promise_of != Some(*message) {
                    return;
                }
                self.promise.state = PromiseState::Broken;
            }
            Event::DeliveryAccepted { delivery, .. } => {
                if !state.thread.contains(delivery) {
                    return; // an alert
                }
                self.answered(at);
            }
            Event::DeliveryFailed { delivery, .. } => {
                if !self.loses_its_only_answer(*delivery, state) {
                    return;
                }
                (self.status, self.first_response_ms) = (LeadStatus::New, None);
            }
            Event::HandoffRequested { reason, .. } => self.needs_human = Some(*reason),
            Event::RemindersStopped { .. } => self.needs_human = None,
            Event::CallbackAgreed { at, minutes, member, .. } => {
                let (at, member) = (*at, *member);
                let until = CallTime { at, minutes: *minutes }.until();
                self.callback = Some(Taken { member, at, until });
                self.needs_human = None;
            }
            Event::CallbackRang { .. } => self.needs_human = Some(AlertReason::CallbackDue),
            Event::CallbackEnded { .. } => {
                self.callback = None;
                self.needs_human =
                    self.needs_human.filter(|reason| *reason != AlertReason::CallbackDue);
            }
            Event::Closed { .. } => {
                self.needs_human = None;
                // Nobody waits for what was open.
                if self.promise.state == PromiseState::Waiting {
                    (self.promise_of, self.promise) = (None, PromiseRow::NONE);
                }
            }
        }
        self.updated_at = at;
    }

    fn posted(&mut self, posted: &MessagePosted, at: Timestamp, state: &LeadSession) {
        match posted.author {
            Author::Customer => {
                self.excerpt = text::excerpt(&posted.text, EXCERPT);
                self.last_inbound_at = at;
                self.last_fingerprint = posted.client_id.as_deref().and_then(fingerprint);
            }
            Author::Assistant | Author::Member { .. } => {
                if matches!(posted.author, Author::Member { .. }) {
                    self.needs_human = None;
                }
                if !goes_by_mail(state) {
                    self.answered(at);
                }
            }
        }
    }

    /// An answer is proven.
    fn answered(&mut self, at: Timestamp) {
        if self.status == LeadStatus::New {
            self.status = LeadStatus::Contacted;
        }
        if self.first_response_ms.is_none() {
            let after = at.duration_since(self.created_at).as_millis();
            self.first_response_ms = Some(i64::try_from(after).unwrap_or(i64::MAX).max(0));
        }
    }

    /// Whether `failed` was all that made this lead `contacted`: it bounced after it was accepted.
    fn loses_its_only_answer(&self, failed: DeliveryId, state: &LeadSession) -> bool {
        self.status == LeadStatus::Contacted
            && goes_by_mail(state)
            && state.thread.iter().all(|accepted| *accepted == failed)
    }
}

/// Whether answers leave as mail; otherwise they stand on the customer's own stream.
fn goes_by_mail(state: &LeadSession) -> bool {
    state.channel == Channel::Mail && state.customer_email.is_some()
}

fn fingerprint(key: &str) -> Option<String> {
    key.strip_prefix(FINGERPRINT).map(str::to_owned)
}

impl PromiseRow {
    /// Nobody waits.
    pub const NONE: Self = Self {
        state: PromiseState::None,
        since: None,
        deadline: None,
        answered_after_ms: None,
        by: None,
    };
}

impl PromiseState {
    pub const ALL: [Self; 4] = [Self::None, Self::Waiting, Self::Kept, Self::Broken];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Kept => "kept",
            Self::Broken => "broken",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{
        contact::Email,
        event::{DeliveryKind, DeliveryQueued, Fence, MessageSeq, Origin},
        id::TurnId,
        lang::Lang,
        promise::PromiseSettings,
    };
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;

    /// Applies events one second apart to a mail session and to its lead.
    fn after(events: &[Event]) -> LeadRecord {
        let mut state = LeadSession::new(SessionId::from_uuid(Uuid::nil()));
        let mut record = None;
        for (second, event) in (0..).zip(opening().iter().chain(events)) {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
            state.apply(event, at);
            record = LeadRecord::after(record, at, std::slice::from_ref(event), &state);
        }
        record.expect("it was captured")
    }

    /// What every lead begins with: two seconds and a message.
    fn opening() -> Vec<Event> {
        let captured = LeadCaptured {
            lead: LeadId::from_uuid(Uuid::nil()),
            contact: ContactId::from_uuid(Uuid::nil()),
            new_contact: true,
            source: Source::Website,
            name: Some("Kari".into()),
            email: Some(Email::parse("kari@example.no").unwrap()),
            phone: None,
            vehicle_interest: None,
            source_url: None,
            fingerprint: Some("fp:aa".into()),
            same_phone_as: None,
        };
        vec![
            Event::SessionOpened { channel: Channel::Mail, lang: Lang::Nb },
            Event::LeadCaptured(captured),
            posted(1, Author::Customer, Some("fp:bb")),
        ]
    }

    fn message(n: u128) -> MessageId {
        MessageId::from_uuid(Uuid::from_u128(n))
    }

    fn posted(n: i64, author: Author, client_id: Option<&str>) -> Event {
        let origin = (author == Author::Assistant).then(|| Origin {
            turn: TurnId::from_uuid(Uuid::nil()),
            model: "house".into(),
            prompt: "reply@1".into(),
        });
        Event::MessagePosted(MessagePosted {
            message: message(n as u128),
            seq: MessageSeq(n),
            author,
            text: "tekst".into(),
            client_id: client_id.map(Into::into),
            origin,
        })
    }

    fn queued(n: u128, kind: DeliveryKind) -> Event {
        Event::DeliveryQueued(DeliveryQueued {
            delivery: delivery(n),
            kind,
            message: None,
            fence: Some(Fence(0)),
            deadline: None,
            intent: None,
            replay_of: None,
            to: Email::parse("kari@example.no").unwrap(),
        })
    }

    fn delivery(n: u128) -> DeliveryId {
        DeliveryId::from_uuid(Uuid::from_u128(n))
    }

    fn accepted(n: u128) -> Event {
        Event::DeliveryAccepted { delivery: delivery(n), reference: None }
    }

    fn bounced(n: u128) -> Event {
        Event::DeliveryFailed { delivery: delivery(n), code: "550".into() }
    }

    #[test]
    fn an_answer_that_bounces_takes_contacted_back_unless_another_arrived() {
        let answer = DeliveryKind::Answer;
        let one = [queued(1, answer), accepted(1)];
        let sent = after(&one);
        assert_eq!((sent.status, sent.first_response_ms), (LeadStatus::Contacted, Some(3_000)));

        let [first, second] = one.clone();
        let back = after(&[first, second, bounced(1)]);
        assert_eq!((back.status, back.first_response_ms), (LeadStatus::New, None));

        let [first, second] = one;
        let kept = after(&[first, second, queued(2, answer), accepted(2), bounced(1)]);
        assert_eq!((kept.status, kept.first_response_ms), (LeadStatus::Contacted, Some(3_000)));
    }

    #[test]
    fn the_fate_of_an_alert_changes_nothing() {
        let alert = DeliveryKind::Alert { reason: AlertReason::NotProven };
        let before = after(&[]);
        assert_eq!(after(&[queued(1, alert), accepted(1)]), before);
        assert_eq!(after(&[queued(1, alert), bounced(1)]), before);
    }

    #[test]
    fn only_the_newest_promise_shows_and_a_closed_session_owes_none() {
        let promised = |n| Event::PromiseMade {
            message: message(n),
            since: Timestamp::UNIX_EPOCH,
            settings: PromiseSettings::default(),
        };
        let by = forecourt_core::event::AnsweredBy::Template;
        let kept = |n| Event::PromiseKept { message: message(n), after_ms: 7, by: by.clone() };
        let record = after(&[promised(1), promised(2), kept(1)]);
        assert_eq!(record.promise.state, PromiseState::Waiting);
        let record = after(&[promised(1), promised(2), kept(2)]);
        assert_eq!(record.promise.state, PromiseState::Kept);
        assert_eq!(record.promise.answered_after_ms, Some(7));
        let closed = Event::Closed { fence: Fence(1) };
        let record = after(&[promised(1), closed]);
        assert_eq!((record.promise, record.promise_of), (PromiseRow::NONE, None));
    }

    #[test]
    fn what_only_the_session_needs_does_not_touch_the_lead() {
        let fingerprint = Some("bb".to_owned());
        let before = after(&[]);
        assert_eq!((before.excerpt.as_str(), &before.last_fingerprint), ("tekst", &fingerprint));
        let turn = TurnId::from_uuid(Uuid::nil());
        let started = Event::TurnStarted { turn, rung: Rung::Primary, fence: Fence(0) };
        assert_eq!(after(&[started, Event::SubmissionRepeated]), before);
    }
}
