//! Outgoing webhooks: what an integrator's endpoint receives, and how staff handle endpoints.
//!
//! A call is a Standard Webhooks message: the headers `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, and a [`WebhookEvent`] as its body.

macro_rules! topics {
    ($($name:ident = $word:literal),* $(,)?) => {
        /// What an endpoint can hear of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        pub enum WebhookTopic { $(#[serde(rename = $word)] $name,)* }

        impl From<Topic> for WebhookTopic {
            fn from(topic: Topic) -> Self {
                match topic { $(Topic::$name => Self::$name,)* }
            }
        }

        impl From<WebhookTopic> for Topic {
            fn from(topic: WebhookTopic) -> Self {
                match topic { $(WebhookTopic::$name => Self::$name,)* }
            }
        }
    };
}

mod calls;
mod endpoints;

use forecourt_core::{
    booking::By,
    event::{self, AnsweredBy, Event, EventRecord},
    id::{DeliveryId, EndpointId, MemberId, SessionId, TenantId},
    webhook::Topic,
};
use forecourt_ports::webhook::{Encode, Surroundings};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    booking::{BookingCustomer, BookingNow},
    lead::{Answerer, HumanReason, Lead},
    live::Seen,
    session::{Author, Message},
};

pub use self::{
    calls::{
        ReplayWebhooks, WebhookCall, WebhookCallStatus, WebhookCallStory, WebhookCalls,
        WebhookQueued, WebhookTry, WebhooksReplayed,
    },
    endpoints::{
        ResumeWebhook, WebhookEndpoint, WebhookEndpoints, WebhookNotice, WebhookPauseReason,
        WebhookPaused, WebhookSettings, WebhookWithSecret,
    },
};

topics! {
    LeadCaptured = "lead.captured",
    LeadRepeated = "lead.repeated",
    LeadChanged = "lead.changed",
    LeadAssigned = "lead.assigned",
    MessagePosted = "message.posted",
    MessagesSeen = "messages.seen",
    SessionOpened = "session.opened",
    SessionTakenOver = "session.taken_over",
    SessionReleased = "session.released",
    SessionClosed = "session.closed",
    HandoffRequested = "handoff.requested",
    PromiseKept = "promise.kept",
    PromiseBroken = "promise.broken",
    DeliveryFailed = "delivery.failed",
    BookingHeld = "booking.held",
    BookingBooked = "booking.booked",
    BookingRescheduled = "booking.rescheduled",
    BookingCancelled = "booking.cancelled",
    BookingNoShow = "booking.no_show",
    BookingExpired = "booking.expired",
    Test = "webhook.test",
}

/// The body of a call. Fields may be added; pass over what you do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookEvent {
    #[serde(rename = "type")]
    pub topic: WebhookTopic,
    /// When it happened.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    pub data: WebhookData,
}

/// What happened. Which fields are there depends on the type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookData {
    /// Its place in your log: rises with every event, and with gaps for what you do not hear of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub seq: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// The conversation's lead as it stood when the call was made; compare `updated_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lead: Option<Lead>,
    /// With `message.posted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<Message>,
    /// With `messages.seen`: by whom, and how far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seen: Option<Seen>,
    /// With `session.taken_over`, `session.released` and a member's message; with `lead.assigned` unless the
    /// lead is nobody's from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member_name: Option<String>,
    /// With `handoff.requested`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<HumanReason>,
    /// With `lead.changed`: the fact behind it, such as `promise_made`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cause: Option<String>,
    /// With `promise.kept` and `promise.broken`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub answered_after_ms: Option<i64>,
    /// With `promise.kept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answered_by: Option<Answerer>,
    /// With `delivery.failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub delivery_id: Option<DeliveryId>,
    /// With `delivery.failed`: the provider's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// With `booking.*`: where it stands after the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub booking: Option<BookingNow>,
    /// With `booking.*`: whose it is, as it was known when the call was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer: Option<BookingCustomer>,
    /// With `webhook.test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub endpoint_id: Option<EndpointId>,
}

impl WebhookEvent {
    /// A stored event as an endpoint hears of it.
    pub fn of(topic: Topic, record: &EventRecord, around: &Surroundings) -> Self {
        let mut data = WebhookData {
            seq: Some(record.seq.0),
            session_id: match &record.event {
                Event::BookingTold(told) => told.session,
                _ => Some(record.session),
            },
            lead: around.lead.clone().map(Lead::from),
            ..WebhookData::default()
        };
        data.tell(record, around);
        if topic == Topic::LeadChanged {
            data.cause = Some(record.event.kind().to_owned());
        }
        Self { topic: topic.into(), timestamp: record.at, data }
    }

    /// What the test button sends.
    pub fn test(endpoint: EndpointId, at: Timestamp) -> Self {
        let data = WebhookData { endpoint_id: Some(endpoint), ..WebhookData::default() };
        Self { topic: WebhookTopic::Test, timestamp: at, data }
    }
}

impl WebhookData {
    fn tell(&mut self, record: &EventRecord, around: &Surroundings) {
        match &record.event {
            Event::MessagePosted(posted) => {
                let (author, member) = match posted.author {
                    event::Author::Customer => (Author::Customer, None),
                    event::Author::Assistant => (Author::Assistant, None),
                    event::Author::Member { member } => (Author::Member, Some(member)),
                };
                self.of_member(member, around);
                self.message = Some(Message {
                    message_id: posted.message,
                    seq: posted.seq.0,
                    at: record.at,
                    author,
                    member_name: self.member_name.clone(),
                    text: posted.text.clone(),
                    client_id: None,
                });
            }
            Event::TakenOver { member, .. } | Event::Released { member, .. } => {
                self.of_member(Some(*member), around);
            }
            Event::Assigned { member, .. } => self.of_member(*member, around),
            Event::Seen { by, upto } => {
                let member_id = match by {
                    event::Reader::Customer => None,
                    event::Reader::Member(member) => Some(*member),
                };
                self.seen = Some(Seen { member_id, seq: upto.0 });
            }
            Event::HandoffRequested { reason, .. } => self.reason = Some((*reason).into()),
            Event::PromiseKept { after_ms, by, .. } => {
                self.answered_after_ms = Some(*after_ms);
                self.answered_by = Some(match by {
                    AnsweredBy::Model { .. } => Answerer::Model,
                    AnsweredBy::Template => Answerer::Template,
                    AnsweredBy::Member { .. } => Answerer::Member,
                });
            }
            Event::PromiseBroken { after_ms, .. } => self.answered_after_ms = Some(*after_ms),
            Event::DeliveryFailed { delivery, code }
            | Event::DeliveryUncertain { delivery, code } => {
                self.delivery_id = Some(*delivery);
                self.code = Some(code.clone());
            }
            Event::BookingTold(told) => {
                if let By::Member(member) = told.by {
                    self.of_member(Some(member), around);
                }
                self.booking = Some(BookingNow::from(&**told));
                self.customer = around.booking.as_ref().map(|now| (&now.wish.customer).into());
            }
            _ => {} // the lead says it all
        }
    }

    fn of_member(&mut self, member: Option<MemberId>, around: &Surroundings) {
        self.member_id = member;
        self.member_name = member.and_then(|member| around.members.get(&member).cloned());
    }
}

/// Writes calls as these shapes.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireEncode;

impl Encode for WireEncode {
    fn event(&self, topic: Topic, event: &EventRecord, around: &Surroundings) -> String {
        // A struct of plain values always is JSON.
        serde_json::to_string(&WebhookEvent::of(topic, event, around)).unwrap_or_default()
    }

    fn test(&self, _: TenantId, endpoint: EndpointId, at: Timestamp) -> String {
        serde_json::to_string(&WebhookEvent::test(endpoint, at)).unwrap_or_default()
    }
}
