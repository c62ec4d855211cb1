//! Outgoing webhooks: what integrators hear of, when a call that was not taken is tried again, and when an
//! endpoint is left alone.
//!
//! Lives here: the [`Topic`]s and which stored event is of which, the verdict on an answer, the way of a call
//! along the ladder, and in [`target`] which addresses may be called at all. May be used by: every crate.
//!
//! # Invariants
//! - **A3, A10** pure: time is an argument;
//! - an event is of one topic at most, so that (endpoint, event) names one call;
//! - every try of one event carries the same id ([`event_id`]), whichever node makes it;
//! - the ladder ends: after its last step the call has failed, and the conversation's next event may leave.

pub mod target;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    booking::BookingWhat,
    breaker::{Heard, Pauses},
    delivery,
    event::{Event, Seq},
    id::{DeliveryId, TenantId},
};

/// So many endpoints a tenant may have.
pub const MOST_ENDPOINTS: usize = 20;
/// After so long without one accepted call an endpoint is paused, and the tenant's people are told.
pub const FAILING_FOR: SignedDuration = SignedDuration::from_hours(72);
/// How long a rotated secret still signs.
pub const OLD_SECRET_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long a call that has ended can be looked at and replayed.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// An endpoint may ask for a longer pause by `Retry-After`; no longer than this.
pub const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(12);

/// When an endpoint that fails is left alone, and how it is found out that it answers again.
pub const PAUSES: Pauses = Pauses {
    failures: 5,
    first: SignedDuration::from_secs(5),
    longest: SignedDuration::from_mins(5),
    probe: SignedDuration::from_secs(60),
    near: SignedDuration::from_secs(30),
    breath: SignedDuration::from_secs(1),
};

macro_rules! topics {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What an endpoint can ask to hear of. The names of the live socket where it has them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Topic {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Topic {
            /// Every topic, those that can be chosen and the test.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

topics! {
    /// Somebody wants something: with name, address and vehicle as far as they are known.
    LeadCaptured = "lead.captured";
    /// The same person wrote again within seven days; the lead stays one.
    LeadRepeated = "lead.repeated";
    /// A lead's status, language or promise changed: the lead as it stands now.
    LeadChanged = "lead.changed";
    /// Whose conversation it is from now on.
    LeadAssigned = "lead.assigned";
    /// A customer, the assistant or a member wrote.
    MessagePosted = "message.posted";
    /// Messages were on somebody's screen.
    MessagesSeen = "messages.seen";
    /// A conversation began.
    SessionOpened = "session.opened";
    /// A member speaks from now on.
    SessionTakenOver = "session.taken_over";
    /// The assistant may speak again.
    SessionReleased = "session.released";
    SessionClosed = "session.closed";
    /// A person is needed.
    HandoffRequested = "handoff.requested";
    /// The answer is proven in time.
    PromiseKept = "promise.kept";
    /// Nobody answered in time.
    PromiseBroken = "promise.broken";
    /// A letter to the customer was refused for good, or nobody knows whether it left.
    DeliveryFailed = "delivery.failed";
    /// A time is kept for a customer for a while; nobody has said yes yet.
    BookingHeld = "booking.held";
    /// The customer, or a member for them, said yes.
    BookingBooked = "booking.booked";
    /// Its time is another one; its id stays.
    BookingRescheduled = "booking.rescheduled";
    BookingCancelled = "booking.cancelled";
    /// The customer did not come.
    BookingNoShow = "booking.no_show";
    /// The hold ended before anybody said yes.
    BookingExpired = "booking.expired";
    /// Sent by the test button; every endpoint gets it.
    Test = "webhook.test";
}

impl Topic {
    /// What a stored event is told as; `None` for what only concerns the engine itself.
    pub const fn of(event: &Event) -> Option<Self> {
        match event {
            Event::LeadCaptured(_) => Some(Self::LeadCaptured),
            Event::LeadRepeated { .. } => Some(Self::LeadRepeated),
            Event::LanguageChanged { .. }
            | Event::PromiseMade { .. }
            | Event::ContactLearned(_)
            | Event::DeliveryAccepted { .. }
            | Event::RemindersStopped { .. } => Some(Self::LeadChanged),
            Event::Assigned { .. } => Some(Self::LeadAssigned),
            Event::MessagePosted(_) => Some(Self::MessagePosted),
            Event::Seen { .. } => Some(Self::MessagesSeen),
            Event::SessionOpened { .. } => Some(Self::SessionOpened),
            Event::TakenOver { .. } => Some(Self::SessionTakenOver),
            Event::Released { .. } => Some(Self::SessionReleased),
            Event::Closed { .. } => Some(Self::SessionClosed),
            Event::HandoffRequested { .. } => Some(Self::HandoffRequested),
            Event::PromiseKept { .. } => Some(Self::PromiseKept),
            Event::PromiseBroken { .. } => Some(Self::PromiseBroken),
            Event::DeliveryFailed { .. } | Event::DeliveryUncertain { .. } => {
                Some(Self::DeliveryFailed)
            }
            Event::BookingTold(told) => Some(match told.what {
                BookingWhat::Held => Self::BookingHeld,
                BookingWhat::Booked => Self::BookingBooked,
                BookingWhat::Rescheduled => Self::BookingRescheduled,
                BookingWhat::Cancelled => Self::BookingCancelled,
                BookingWhat::NoShow => Self::BookingNoShow,
                BookingWhat::Expired => Self::BookingExpired,
            }),
            Event::SubmissionRepeated
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
            | Event::SlotPicked(_)
            | Event::OfferAnswered { .. }
            | Event::CodeNoted { .. }
            | Event::IdleChecked { .. }
            | Event::DeliveryQueued(_)
            | Event::DeliveryRetried { .. }
            | Event::DeliveryRefused { .. }
            | Event::DeliveryReplayed { .. }
            | Event::HumanAlerted { .. }
            | Event::HandoffNoted { .. }
            | Event::HandoffPassedOn { .. }
            | Event::CallbackSought
            | Event::CallbackOffered { .. }
            | Event::CallbackWanted { .. }
            | Event::CallbackAgreed { .. }
            | Event::CallbackRang { .. }
            | Event::CallbackEnded { .. }
            | Event::AssistantPaused { .. }
            | Event::AssistantResumed => None,
        }
    }

    /// Whether it tells of a booking, whose order is its own.
    pub const fn is_of_booking(self) -> bool {
        matches!(
            self,
            Self::BookingHeld
                | Self::BookingBooked
                | Self::BookingRescheduled
                | Self::BookingCancelled
                | Self::BookingNoShow
                | Self::BookingExpired
        )
    }

    /// Whether an endpoint can ask for it.
    pub const fn can_be_chosen(self) -> bool {
        !matches!(self, Self::Test)
    }
}

/// The `webhook-id` of a stored event: the same at every endpoint, try and replay, and another one in a log of
/// another epoch.
pub fn event_id(tenant: TenantId, epoch: i64, seq: Seq) -> String {
    let mut hash = Sha256::new();
    hash.update(tenant.as_uuid().as_bytes());
    hash.update(epoch.to_be_bytes());
    hash.update(seq.0.to_be_bytes());
    let digest = hash.finalize();
    let mut id = String::with_capacity(36);
    id.push_str("evt_");
    for byte in &digest[..16] {
        let _infallible = write!(id, "{byte:02x}");
    }
    id
}

/// The `webhook-id` of a test.
pub fn test_id(fresh: Uuid) -> String {
    format!("evt_{}", fresh.as_simple())
}

/// What came of a try. `code` names a failure before there was a status, such as `connect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered { status: u16 },
    Failed { code: &'static str },
}

/// What an outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// Not taken; worth another try.
    Again,
    /// `410 Gone`: nobody lives there any more.
    Gone,
}

impl Outcome {
    /// Only 2xx is taken (Standard Webhooks): a redirect is not followed, and no answer is for ever but 410.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Answered { status: 200..=299 } => Verdict::Accepted,
            Self::Answered { status: 410 } => Verdict::Gone,
            Self::Answered { .. } | Self::Failed { .. } => Verdict::Again,
        }
    }

    /// What it says about the endpoint as a whole: who refuses one event still answers.
    pub const fn heard(self) -> Heard {
        match self {
            Self::Answered { status: 408 | 410 | 429 | 500.. } | Self::Failed { .. } => {
                Heard::Fails
            }
            Self::Answered { .. } => Heard::Answers,
        }
    }
}

/// When a call is tried again after its try number `tries` (from 1) of this run along the ladder was not
/// taken; `None` when that was the last.
///
/// The ladder is that of letters: 1 min, 5 min, 30 min, 2 h, 6 h, 12 h, each with up to a fifth more by
/// `entity` and number, so that what failed together does not come back together.
pub fn next_try(
    entity: Uuid,
    number: i64,
    tries: u32,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> Option<Timestamp> {
    let spread = DeliveryId::from_uuid(Uuid::from_u128(entity.as_u128() ^ number as u128));
    let asked = asked.map(|asked| asked.clamp(SignedDuration::ZERO, LONGEST_ASKED));
    delivery::next_attempt(spread, tries, tries.saturating_sub(1), None, asked, now)
}

/// Why an endpoint is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// A member said so.
    Member,
    /// It answered `410 Gone`.
    Gone,
    /// Nothing but failures for [`FAILING_FOR`].
    Failing,
}

/// Whether a try ends the endpoint's patience. `failing_since` is when the first failure since the last
/// accepted call was, this one included.
pub fn pause_after(
    verdict: Verdict,
    failing_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<PauseReason> {
    match verdict {
        Verdict::Accepted => None,
        Verdict::Gone => Some(PauseReason::Gone),
        Verdict::Again => failing_since
            .filter(|since| now.duration_since(*since) >= FAILING_FOR)
            .map(|_| PauseReason::Failing),
    }
}

/// A call as it was before a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    pub entity: Uuid,
    pub number: i64,
    /// Tries since it was queued or replayed last.
    pub run: u32,
    /// Since when its endpoint has had nothing but failures.
    pub failing_since: Option<Timestamp>,
}

/// Where a call stands after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Accepted,
    /// It is tried again at this time.
    Again(Timestamp),
    /// The ladder has ended.
    Failed,
}

/// What a try leads to, for the call and for its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub end: End,
    pub run: u32,
    pub failing_since: Option<Timestamp>,
    pub pause: Option<PauseReason>,
}

/// Decides what follows from a try.
pub fn settle(
    before: Before,
    outcome: Outcome,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> Settled {
    let Before { entity, number, run, failing_since } = before;
    let verdict = outcome.verdict();
    let run = run.saturating_add(1);
    let failing_since = (verdict != Verdict::Accepted).then(|| failing_since.unwrap_or(now));
    let end = match verdict {
        Verdict::Accepted => End::Accepted,
        // The endpoint is paused; when a member resumes it, this call is the first to leave.
        Verdict::Gone => End::Again(now),
        Verdict::Again => match next_try(entity, number, run, asked, now) {
            Some(at) => End::Again(at),
            None => End::Failed,
        },
    };
    Settled { end, run, failing_since, pause: pause_after(verdict, failing_since, now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(n)
    }

    #[test]
    fn a_topic_is_read_back_as_it_is_written_and_serialised() {
        for topic in Topic::ALL {
            assert_eq!(Topic::parse(topic.as_str()), Some(*topic));
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
        assert_eq!(Topic::parse("lead.eaten"), None);
        assert!(!Topic::Test.can_be_chosen());
    }

    #[test]
    fn an_event_has_one_id_for_ever_and_shares_it_with_no_other() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let id = event_id(tenant, 1, Seq(7));
        assert_eq!(id, event_id(tenant, 1, Seq(7)));
        assert_eq!(id.len(), 36);
        for other in [
            event_id(tenant, 1, Seq(8)),
            event_id(tenant, 2, Seq(7)),
            event_id(TenantId::from_uuid(Uuid::from_u128(2)), 1, Seq(7)),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn only_2xx_is_taken_and_410_is_for_good() {
        let verdict = |status| Outcome::Answered { status }.verdict();
        for status in [200, 202, 204, 299] {
            assert_eq!(verdict(status), Verdict::Accepted, "{status}");
        }
        for status in [100, 199, 301, 302, 304, 307, 400, 401, 404, 409, 429, 500, 503, 999] {
            assert_eq!(verdict(status), Verdict::Again, "{status}");
        }
        assert_eq!(verdict(410), Verdict::Gone);
        assert_eq!(Outcome::Failed { code: "connect" }.verdict(), Verdict::Again);
    }

    #[test]
    fn who_refuses_one_event_still_answers() {
        let heard = |status| Outcome::Answered { status }.heard();
        assert_eq!(
            (heard(200), heard(400), heard(302)),
            (Heard::Answers, Heard::Answers, Heard::Answers)
        );
        assert_eq!(
            (heard(429), heard(500), heard(408)),
            (Heard::Fails, Heard::Fails, Heard::Fails)
        );
        assert_eq!(Outcome::Failed { code: "timeout" }.heard(), Heard::Fails);
    }

    #[test]
    fn a_call_climbs_the_ladder_and_gives_up_after_its_last_step() {
        let (entity, now) = (Uuid::from_u128(5), hours(1));
        let waits: Vec<_> = (1..=7).map(|tries| next_try(entity, 3, tries, None, now)).collect();
        for (wait, minutes) in waits.iter().zip([1, 5, 30, 120, 360, 720]) {
            let wait = wait.unwrap().duration_since(now).as_mins();
            assert!((minutes..=minutes + minutes / 5).contains(&wait), "{wait} for {minutes}");
        }
        assert_eq!(waits[6], None);
        // Calls that failed together come back apart.
        assert_ne!(next_try(entity, 3, 2, None, now), next_try(entity, 4, 2, None, now));
    }

    #[test]
    fn an_endpoint_may_ask_for_a_longer_pause_but_not_for_ever() {
        let now = hours(1);
        let at = |asked| {
            let asked = Some(SignedDuration::from_secs(asked));
            next_try(Uuid::nil(), 1, 1, asked, now).unwrap().duration_since(now).as_mins()
        };
        assert_eq!(at(1), at(0), "a shorter pause than the ladder's is not taken");
        assert!((10..=12).contains(&at(600)));
        assert!(at(i64::MAX / 2) <= 12 * 60 * 6 / 5);
        assert!(at(-5) >= 1);
    }

    #[test]
    fn a_try_settles_the_call_and_what_is_known_of_its_endpoint() {
        let before =
            Before { entity: Uuid::nil(), number: 1, run: 0, failing_since: Some(hours(1)) };
        let taken = settle(before, Outcome::Answered { status: 204 }, None, hours(2));
        assert_eq!((taken.end, taken.failing_since, taken.pause), (End::Accepted, None, None));
        let refused = settle(before, Outcome::Answered { status: 500 }, None, hours(2));
        assert!(matches!(refused.end, End::Again(at) if at > hours(2)));
        assert_eq!((refused.run, refused.failing_since, refused.pause), (1, Some(hours(1)), None));
        let last = Before { run: 6, failing_since: None, ..before };
        let given_up = settle(last, Outcome::Failed { code: "connect" }, None, hours(2));
        assert_eq!((given_up.end, given_up.failing_since), (End::Failed, Some(hours(2))));
        let gone = settle(before, Outcome::Answered { status: 410 }, None, hours(2));
        assert_eq!((gone.end, gone.pause), (End::Again(hours(2)), Some(PauseReason::Gone)));
    }

    #[test]
    fn three_days_of_nothing_but_failures_pause_and_less_does_not() {
        let after = |since, now| pause_after(Verdict::Again, since, now);
        assert_eq!(after(Some(hours(0)), hours(71)), None);
        assert_eq!(after(Some(hours(0)), hours(72)), Some(PauseReason::Failing));
        assert_eq!(after(None, hours(500)), None);
        assert_eq!(pause_after(Verdict::Accepted, Some(hours(0)), hours(500)), None);
        assert_eq!(pause_after(Verdict::Gone, None, hours(1)), Some(PauseReason::Gone));
    }
}
