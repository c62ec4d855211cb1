//! Leads as the dashboard lists and opens them.

use forecourt_core::{
    event::{self, AlertReason, AnsweredBy, Event, EventRecord},
    handoff,
    id::{DeliveryId, LeadId, MemberId, SessionId},
};
use forecourt_ports::store::{self, DeliveryRow, HeldBy, LeadDelta, LeadRow, PromiseRow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    attachment::AttachmentView,
    callback::AgreedCall,
    replies::MessageRating,
    session::{Message, SessionStatus},
    timeline::TimelineEntry,
};

/// A lead as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Lead {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub lead_id: LeadId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub vehicle_interest: Option<String>,
    pub source: LeadSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source_url: Option<String>,
    pub status: LeadStatus,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The beginning of the customer's last message.
    pub excerpt: String,
    /// How often the same person came again.
    pub repeats: u32,
    /// BCP 47 tag of the conversation's language.
    pub language: String,
    pub promise: LeadPromise,
    pub needs_human: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub human_reason: Option<HumanReason>,
    pub session_status: SessionStatus,
    /// Whose conversation it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<MemberId>,
    /// Who calls the customer when, if that is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub callback: Option<AgreedCall>,
}

/// What an event changed of a lead: a field that is absent is as it was. `human_reason`, `assignee`
/// and `callback` are null when there is none any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LeadChanges {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<LeadStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub excerpt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub repeats: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub promise: Option<LeadPromise>,
    /// Set together with `needs_human`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "told")]
    #[ts(optional, type = "HumanReason | null")]
    #[schema(value_type = Option<HumanReason>)]
    pub human_reason: Option<Option<HumanReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub needs_human: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub session_status: Option<SessionStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "told")]
    #[ts(optional, type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Option<MemberId>>,
    /// Null when no call is agreed any more.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "told")]
    #[ts(optional, type = "AgreedCall | null")]
    #[schema(value_type = Option<AgreedCall>)]
    pub callback: Option<Option<AgreedCall>>,
}

/// Tells a field that is null from one that is absent.
#[expect(
    clippy::option_option,
    clippy::ref_option,
    reason = "absent, null and a value are three things; serde passes references"
)]
mod told {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(from).map(Some)
    }
}

/// The promise clock of a lead: does somebody wait, until when, and how did it end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LeadPromise {
    pub state: PromiseState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Timestamp>,
    /// How long the customer waited until the answer was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub answered_after_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<Answerer>,
    /// The model, when a model answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    None,
    Waiting,
    Kept,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    Model,
    Template,
    Member,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    New,
    Contacted,
    Qualified,
    Won,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadSource {
    Website,
    Widget,
}

/// Why a person is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HumanReason {
    /// No model answered in time; the template went out.
    NoModelAnswer,
    /// The answer is not proven yet.
    NotProven,
    PromiseBroken,
    /// The provider refused the address for good.
    Undeliverable,
    /// Whether the answer left is unknown.
    Uncertain,
    /// A customer still waits for a person.
    StillWaiting,
    /// The program failed on this conversation.
    Quarantined,
    /// The customer asked for a person.
    CustomerAsked,
    /// The customer is upset, or speaks of the law.
    Upset,
    /// The conversation has become longer than the assistant leads one.
    TooLong,
    /// It is time to call the customer back.
    CallbackDue,
    /// The customer was to be called, and nobody said that they were.
    CallbackMissed,
}

/// One page of the list, and where the log stood when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LeadPage {
    /// Newest first.
    pub leads: Vec<Lead>,
    #[ts(type = "number")]
    pub total: u64,
    /// From 1.
    pub page: u32,
    #[ts(type = "number")]
    pub pages: u64,
    pub per_page: u32,
    /// With `seq` the cursor for `hello.after`: live events after it change the list.
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LeadDetail {
    pub lead: Lead,
    /// Oldest first, the newest 200.
    pub messages: Vec<Message>,
    /// Oldest first, the newest 500.
    pub events: Vec<TimelineEntry>,
    pub deliveries: Vec<DeliveryView>,
    /// What members think of the assistant's messages, oldest first.
    #[serde(default)]
    pub ratings: Vec<MessageRating>,
    /// Files that came with the customer's messages, in the order in which they were announced.
    #[serde(default)]
    pub attachments: Vec<AttachmentView>,
    /// What the person should know who takes the conversation over; while one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub handoff_note: Option<HandoffNote>,
}

/// What the person should know who takes a conversation over. Texts are the beginnings of messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct HandoffNote {
    /// What the customer wrote since a person last answered, oldest first.
    pub asked: Vec<String>,
    /// What the assistant has told them since, oldest first.
    pub promised: Vec<String>,
    /// What is kept for them, such as a time.
    pub held: Vec<String>,
    /// What nobody knows yet.
    pub missing: Vec<Missing>,
}

/// Something that is not known of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    Name,
    /// Neither a mail address nor a phone number.
    Contact,
    /// Which vehicle it is about.
    Vehicle,
}

impl HandoffNote {
    /// The newest note among a lead's events.
    pub fn newest(events: &[EventRecord]) -> Option<Self> {
        events.iter().rev().find_map(|record| match &record.event {
            Event::HandoffNoted { note } => Some(note.clone().into()),
            _ => None,
        })
    }
}

impl From<handoff::HandoffNote> for HandoffNote {
    fn from(note: handoff::HandoffNote) -> Self {
        let handoff::HandoffNote { asked, promised, held, missing } = note;
        let missing = missing.into_iter().map(|what| match what {
            handoff::Missing::Name => Missing::Name,
            handoff::Missing::Contact => Missing::Contact,
            handoff::Missing::Vehicle => Missing::Vehicle,
        });
        Self { asked, promised, held, missing: missing.collect() }
    }
}

impl std::fmt::Debug for HandoffNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandoffNote").field("missing", &self.missing).finish_non_exhaustive() // A13
    }
}

/// One sending, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    /// `answer` or `alert`.
    pub kind: String,
    /// `pending`, `handing_over`, `accepted`, `failed`, `uncertain` or `refused`.
    pub status: String,
    pub attempts: u32,
    /// The provider's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<LeadRow> for Lead {
    fn from(row: LeadRow) -> Self {
        Self {
            lead_id: row.lead,
            session_id: row.session,
            name: row.name,
            email: row.email,
            phone: row.phone,
            vehicle_interest: row.vehicle_interest,
            source: row.source.into(),
            source_url: row.source_url,
            status: row.status.into(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            excerpt: row.excerpt,
            repeats: row.repeats,
            language: row.lang.tag().to_owned(),
            promise: row.promise.into(),
            needs_human: row.needs_human.is_some(),
            human_reason: row.needs_human.map(HumanReason::from),
            session_status: SessionStatus::new(row.closed, row.with_human),
            assignee: row.assignee,
            callback: row.callback.map(AgreedCall::from),
        }
    }
}

impl From<LeadDelta> for LeadChanges {
    fn from(delta: LeadDelta) -> Self {
        let LeadDelta {
            updated_at,
            status,
            excerpt,
            lang,
            promise,
            needs_human,
            held,
            assignee,
            callback,
        } = delta;
        Self {
            updated_at,
            status: status.map(LeadStatus::from),
            excerpt,
            repeats: None,
            language: lang.map(|lang| lang.tag().to_owned()),
            promise: promise.map(LeadPromise::from),
            human_reason: needs_human.map(|reason| reason.map(HumanReason::from)),
            needs_human: needs_human.map(|reason| reason.is_some()),
            session_status: held
                .map(|held| SessionStatus::new(held == HeldBy::Nobody, held == HeldBy::Member)),
            assignee,
            callback: callback.map(|call| call.map(AgreedCall::from)),
        }
    }
}

impl From<PromiseRow> for LeadPromise {
    fn from(row: PromiseRow) -> Self {
        let (by, model) = match row.by {
            None => (None, None),
            Some(AnsweredBy::Model { model }) => (Some(Answerer::Model), Some(model)),
            Some(AnsweredBy::Template) => (Some(Answerer::Template), None),
            Some(AnsweredBy::Member { .. }) => (Some(Answerer::Member), None),
        };
        Self {
            state: match row.state {
                store::PromiseState::None => PromiseState::None,
                store::PromiseState::Waiting => PromiseState::Waiting,
                store::PromiseState::Kept => PromiseState::Kept,
                store::PromiseState::Broken => PromiseState::Broken,
            },
            since: row.since,
            deadline: row.deadline,
            answered_after_ms: row.answered_after_ms,
            by,
            model,
        }
    }
}

impl From<store::LeadStatus> for LeadStatus {
    fn from(status: store::LeadStatus) -> Self {
        match status {
            store::LeadStatus::New => Self::New,
            store::LeadStatus::Contacted => Self::Contacted,
            store::LeadStatus::Qualified => Self::Qualified,
            store::LeadStatus::Won => Self::Won,
            store::LeadStatus::Lost => Self::Lost,
        }
    }
}

impl From<event::Source> for LeadSource {
    fn from(source: event::Source) -> Self {
        match source {
            event::Source::Website => Self::Website,
            event::Source::Widget => Self::Widget,
        }
    }
}

impl From<AlertReason> for HumanReason {
    fn from(reason: AlertReason) -> Self {
        match reason {
            AlertReason::NoModelAnswer => Self::NoModelAnswer,
            AlertReason::NotProven => Self::NotProven,
            AlertReason::PromiseBroken => Self::PromiseBroken,
            AlertReason::Undeliverable => Self::Undeliverable,
            AlertReason::Uncertain => Self::Uncertain,
            AlertReason::StillWaiting => Self::StillWaiting,
            AlertReason::Quarantined => Self::Quarantined,
            AlertReason::CustomerAsked => Self::CustomerAsked,
            AlertReason::Upset => Self::Upset,
            AlertReason::TooLong => Self::TooLong,
            AlertReason::CallbackDue => Self::CallbackDue,
            AlertReason::CallbackMissed => Self::CallbackMissed,
        }
    }
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            delivery_id: row.delivery,
            kind: row.kind,
            status: row.status,
            attempts: row.attempts,
            code: row.code,
            at: row.updated_at,
        }
    }
}
