//! Outgoing webhooks: what an integrator's endpoint receives, and how staff handle endpoints.
//!
//! A call is a Standard Webhooks message: the headers `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, and a [`WebhookEvent`] as its body.

use forecourt_core::{
    booking::By,
    event::{self, AnsweredBy, Event, EventRecord},
    id::{DeliveryId, EndpointId, MemberId, SessionId, TenantId},
    webhook::{PauseReason, Topic},
};
use forecourt_ports::{
    store::{CallRecord, CallStatus, CallStory, EndpointRecord, NoticeStatus, TryRecord},
    webhook::{Encode, Surroundings},
};
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

// ---- endpoints, for staff ----

/// An endpoint to be made, or what it is to be from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// `https`, on the open internet.
    #[schema(max_length = 2000)]
    pub url: String,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// Empty: all of them.
    #[serde(default)]
    #[ts(as = "Option<Vec<WebhookTopic>>", optional)]
    #[schema(max_items = 64)]
    pub topics: Vec<WebhookTopic>,
}

// An address may hold a secret (A14).
impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSettings(..)")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookPauseReason {
    /// A member said so.
    Member,
    /// It answered 410 Gone.
    Gone,
    /// Nothing but failures for three days.
    Failing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookPaused {
    pub why: WebhookPauseReason,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// How the mail stands that tells of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookNotice {
    Due,
    /// It is being handed over, or nobody knows whether it left.
    Begun,
    Sent,
    Failed,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookEndpoint {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// Empty: all of them.
    pub topics: Vec<WebhookTopic>,
    /// Absent while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub paused: Option<WebhookPaused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notice: Option<WebhookNotice>,
    /// Since when there was nothing but failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When it took a call last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
    /// Until when the secret of before the last rotation signs too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub old_secret_until: Option<Timestamp>,
    /// Calls that wait to be taken.
    #[ts(type = "number")]
    pub pending: u64,
    /// Events that have not been looked at yet.
    #[ts(type = "number")]
    pub behind: u64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookEndpoints {
    /// Oldest first.
    pub endpoints: Vec<WebhookEndpoint>,
}

/// An endpoint with its secret, which is shown this one time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookWithSecret {
    pub endpoint: WebhookEndpoint,
    /// `whsec_` and the key in base64.
    pub secret: String,
}

impl std::fmt::Debug for WebhookWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookWithSecret(..)") // A14
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeWebhook {
    /// Leaves out what has waited; else it goes on where it stopped.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub skip: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookCallStatus {
    Pending,
    Accepted,
    /// The ladder has ended.
    Failed,
    /// Left out when the endpoint was resumed.
    Skipped,
}

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCall {
    /// Its place among the endpoint's calls, from 1.
    #[ts(type = "number")]
    pub number: i64,
    pub topic: WebhookTopic,
    /// The `webhook-id`: the same at every try and replay.
    pub event_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    pub status: WebhookCallStatus,
    /// Tries that have ended.
    pub tries: u32,
    /// When the next try is due, of what is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// What the last try came to: a status, or a code such as `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCalls {
    /// Newest first.
    pub calls: Vec<WebhookCall>,
    /// The `before` of the next page, when there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next: Option<i64>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookTry {
    /// From 1.
    pub number: u32,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub took_ms: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<u16>,
    /// Why there was no status: `timeout`, `connect`, `tls`, `dns`, `refused_address`, `cut`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// The first bytes of the answer, 1,024 at most.
    pub beginning: String,
}

/// A call with its body and its newest hundred tries, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCallStory {
    pub call: WebhookCall,
    /// As it is signed and sent.
    pub body: String,
    pub tries: Vec<WebhookTry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookQueued {
    /// The call's number.
    #[ts(type = "number")]
    pub number: i64,
}

/// Which calls to send once more: those of `numbers`, or those of a status and a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhooks {
    /// At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number[]")]
    #[schema(max_items = 1000)]
    pub numbers: Option<Vec<i64>>,
    /// `failed` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<WebhookCallStatus>,
    /// Made at this time or later: RFC 3339, or a day in the tenant's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub since: Option<String>,
    /// Made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhooksReplayed {
    pub count: u32,
    /// There may be more of them: ask again.
    pub more: bool,
}

// ---- from the store ----

impl From<PauseReason> for WebhookPauseReason {
    fn from(why: PauseReason) -> Self {
        match why {
            PauseReason::Member => Self::Member,
            PauseReason::Gone => Self::Gone,
            PauseReason::Failing => Self::Failing,
        }
    }
}

impl From<NoticeStatus> for WebhookNotice {
    fn from(status: NoticeStatus) -> Self {
        match status {
            NoticeStatus::Due => Self::Due,
            NoticeStatus::Begun => Self::Begun,
            NoticeStatus::Sent => Self::Sent,
            NoticeStatus::Failed => Self::Failed,
        }
    }
}

impl From<CallStatus> for WebhookCallStatus {
    fn from(status: CallStatus) -> Self {
        match status {
            CallStatus::Pending => Self::Pending,
            CallStatus::Accepted => Self::Accepted,
            CallStatus::Failed => Self::Failed,
            CallStatus::Skipped => Self::Skipped,
        }
    }
}

impl From<WebhookCallStatus> for CallStatus {
    fn from(status: WebhookCallStatus) -> Self {
        match status {
            WebhookCallStatus::Pending => Self::Pending,
            WebhookCallStatus::Accepted => Self::Accepted,
            WebhookCallStatus::Failed => Self::Failed,
            WebhookCallStatus::Skipped => Self::Skipped,
        }
    }
}

impl WebhookEndpoint {
    /// An endpoint as it stands at `now`.
    pub fn of(record: EndpointRecord, now: Timestamp) -> Self {
        Self {
            endpoint_id: record.endpoint,
            url: record.url,
            description: record.description,
            topics: record.topics.into_iter().map(WebhookTopic::from).collect(),
            paused: record
                .paused
                .map(|paused| WebhookPaused { why: paused.why.into(), since: paused.since }),
            notice: record.notice.map(WebhookNotice::from),
            failing_since: record.failing_since,
            accepted_at: record.accepted_at,
            old_secret_until: record.old_secret_until.filter(|until| now < *until),
            pending: record.pending,
            behind: record.behind,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

impl From<CallRecord> for WebhookCall {
    fn from(row: CallRecord) -> Self {
        Self {
            number: row.number,
            topic: row.topic.into(),
            event_id: row.event_id,
            session_id: row.session,
            status: row.status.into(),
            tries: row.tries,
            next_at: (row.status == CallStatus::Pending).then_some(row.next_at),
            last: row.last,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<TryRecord> for WebhookTry {
    fn from(row: TryRecord) -> Self {
        Self {
            number: row.number,
            at: row.at,
            took_ms: row.took_ms,
            status: row.status,
            code: row.code,
            beginning: row.beginning,
        }
    }
}

impl From<CallStory> for WebhookCallStory {
    fn from(story: CallStory) -> Self {
        Self {
            call: story.row.into(),
            body: story.body,
            tries: story.tries.into_iter().map(WebhookTry::from).collect(),
        }
    }
}
