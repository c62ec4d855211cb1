//! Call-backs: what a customer may choose from, what is agreed, and what a member does with it.

use forecourt_core::{
    callback::{self, CallbackDesk, times::Taken},
    event::{Event, EventRecord, Version},
    id::MemberId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A time at which somebody can call. It is not kept: somebody else may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CallTime {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How long the member keeps free for it.
    pub minutes: u16,
}

/// Why a customer is offered a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOfferReason {
    /// The business is closed.
    Closed,
    /// It is open, and nobody is there who could answer.
    NobodyThere,
    /// The customer has waited long.
    LongWait,
    /// The time that the customer chose was taken meanwhile.
    Taken,
    /// They want another time, or the last call did not come about.
    Again,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// They spoke.
    Done,
    /// The customer did not take it.
    Unreached,
    /// Nobody said that they had called.
    Missed,
    Cancelled,
}

/// A call as the customer's chat shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ChatCall {
    /// The times to choose from, in order.
    pub offered: Vec<CallTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub why: Option<CallOfferReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub agreed: Option<CallTime>,
    /// It is time, and somebody calls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub ringing: bool,
}

/// What happened to a call; each says the whole of it, so that the newest one holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CallChanged {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub news: CallNews,
}

/// What is so from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallNews {
    /// The customer can choose one of these; what is agreed stands until they do.
    Offered {
        times: Vec<CallTime>,
        why: CallOfferReason,
    },
    /// Somebody calls then; nothing is offered any more.
    Agreed {
        time: CallTime,
    },
    /// It is time.
    Ringing,
    Ended {
        end: CallEnd,
    },
}

/// A call that is agreed with a lead's customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AgreedCall {
    /// Who calls.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// The times at which somebody of the team can call, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CallTimes {
    pub times: Vec<CallTime>,
    /// IANA zone of the business.
    pub zone: String,
}

/// A member agrees a call with the customer, or moves it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreeCall {
    /// One of the free times.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who calls; without it whoever has time, the conversation's own member first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    /// The customer's number, when none is known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
}

/// How the call went that was to be at `at`, or that it will not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndCall {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub outcome: CallOutcome,
}

/// What a member says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    Done,
    Unreached,
    Cancelled,
}

impl std::fmt::Debug for AgreeCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgreeCall").field("at", &self.at).finish_non_exhaustive() // A13
    }
}

impl ChatCall {
    /// As it stands; `None` when there is nothing to show.
    pub fn of(desk: &CallbackDesk) -> Option<Self> {
        let shown = Self {
            offered: desk.offered.iter().map(CallTime::from).collect(),
            why: desk.why.map(CallOfferReason::from),
            agreed: desk.agreed.map(|agreed| CallTime::from(&agreed.time())),
            ringing: desk.agreed.is_some_and(|agreed| agreed.stage() == callback::Stage::Ringing),
        };
        (shown != Self::default()).then_some(shown)
    }
}

impl CallChanged {
    /// What a customer is told of an event about a call; `None` of any other.
    pub fn of(record: &EventRecord) -> Option<Self> {
        let news = match &record.event {
            Event::CallbackOffered { times, why } => CallNews::Offered {
                times: times.iter().map(CallTime::from).collect(),
                why: (*why).into(),
            },
            Event::CallbackAgreed { at, minutes, .. } => {
                CallNews::Agreed { time: CallTime { at: *at, minutes: *minutes } }
            }
            Event::CallbackRang { .. } => CallNews::Ringing,
            Event::CallbackEnded { end, .. } => CallNews::Ended { end: (*end).into() },
            _ => return None,
        };
        let Version(seq) = record.version;
        Some(Self { seq, at: record.at, news })
    }
}

impl From<&callback::CallTime> for CallTime {
    fn from(time: &callback::CallTime) -> Self {
        Self { at: time.at, minutes: time.minutes }
    }
}

impl From<Taken> for AgreedCall {
    fn from(Taken { member, at, until }: Taken) -> Self {
        Self { member_id: member, at, until }
    }
}

impl From<callback::OfferReason> for CallOfferReason {
    fn from(why: callback::OfferReason) -> Self {
        match why {
            callback::OfferReason::Closed => Self::Closed,
            callback::OfferReason::NobodyThere => Self::NobodyThere,
            callback::OfferReason::LongWait => Self::LongWait,
            callback::OfferReason::Taken => Self::Taken,
            callback::OfferReason::Again => Self::Again,
        }
    }
}

impl From<callback::CallbackEnd> for CallEnd {
    fn from(end: callback::CallbackEnd) -> Self {
        match end {
            callback::CallbackEnd::Done => Self::Done,
            callback::CallbackEnd::Unreached => Self::Unreached,
            callback::CallbackEnd::Missed => Self::Missed,
            callback::CallbackEnd::Cancelled => Self::Cancelled,
        }
    }
}

impl From<CallOutcome> for callback::CallbackEnd {
    fn from(outcome: CallOutcome) -> Self {
        match outcome {
            CallOutcome::Done => Self::Done,
            CallOutcome::Unreached => Self::Unreached,
            CallOutcome::Cancelled => Self::Cancelled,
        }
    }
}
