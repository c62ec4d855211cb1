//! A conversation with the assistant before customers have any: nothing of it is real but what models took.

use forecourt_core::id::{MessageId, ServiceId, SessionId, TurnId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    dialogue::{ChatBooking, OfferedTime, Pressed},
    knowledge::Ground,
    lead::HumanReason,
    session::{Draft, Message, SessionStatus, TenantBrand},
    timeline::WithheldSentence,
};

/// Begins a preview; the member's earlier one ends.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPreview {
    /// A BCP 47 tag; the tenant's first language when it does not speak this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(max_length = 35)]
    pub lang: Option<String>,
    /// Who answers; the configured models when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answers: Option<PreviewAnswers>,
}

/// Who answers in a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreviewAnswers {
    /// The models that would answer customers; what they take counts to the tenant's budget.
    Models,
    /// The house responder: no key, no cost.
    House,
}

/// What the member writes as a customer would.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewMessage {
    /// The preview that is on the screen: one that has ended gets nothing.
    #[ts(type = "string")]
    #[schema(value_type = String, example = "ses_0192f8e0c0de7000800000000000000a")]
    pub preview_id: SessionId,
    /// At most 5,000 characters.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub text: String,
    /// Makes a repeat harmless: 1 to 100 printable ASCII characters.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    pub client_id: String,
    /// The button that was pressed instead of writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pressed: Option<Pressed>,
}

/// A preview at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Preview {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "ses_0192f8e0c0de7000800000000000000a")]
    pub preview_id: SessionId,
    pub lang: String,
    pub answers: PreviewAnswers,
    pub tenant: TenantBrand,
    pub greeting: String,
    /// When it began: calendars are those of this moment.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When it ends if nobody writes.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// So many more messages may be written.
    pub messages_left: u32,
    pub status: SessionStatus,
    /// Where the conversation stands: `greeting`, `qualifying`, `proposing`, `confirming`, `done` or `escalated`.
    pub stage: String,
    /// Why a person would have been called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub human_reason: Option<HumanReason>,
    /// Oldest first.
    pub messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub draft: Option<Draft>,
    /// Oldest first, each with what it did.
    pub turns: Vec<PreviewTurn>,
    /// The times that were offered last.
    pub offers: Vec<OfferedTime>,
    /// What would be held or booked; nothing is.
    pub bookings: Vec<ChatBooking>,
    /// Of what offers and bookings speak.
    pub services: Vec<PreviewService>,
    /// What would have been sent; nothing was.
    pub letters: Vec<PreviewLetter>,
}

/// One try of the assistant to answer, with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewTurn {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub turn_id: TurnId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub state: PreviewTurnState,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub message_id: Option<MessageId>,
    /// Who answered, such as `house` or `template`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
    /// With its version, such as `reply@3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prompt: Option<String>,
    /// Milliseconds from its beginning to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub took_ms: Option<i64>,
    /// Why it came to nothing, such as `rate_limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub failure: Option<String>,
    pub tools: Vec<PreviewTool>,
    pub withheld: Vec<WithheldSentence>,
    /// What the answer stood on.
    pub grounds: Vec<Ground>,
}

/// How a try to answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreviewTurnState {
    Running,
    Answered,
    Failed,
    /// Newer text made it pointless.
    Cancelled,
}

/// A tool that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewTool {
    pub tool: String,
    /// `done`, `bad_arguments`, `refused` or `failed`.
    pub outcome: String,
    /// A short word for why not, such as `not_free`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    pub took_ms: u32,
    /// JSON, when a model called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub arguments: Option<String>,
    /// What the model was told, 4,000 characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub result: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewService {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// In the preview's language.
    pub name: String,
}

/// A letter that would have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewLetter {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub kind: PreviewLetterKind,
    /// To whom; of an alert the members' address.
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreviewLetterKind {
    /// An answer to the customer.
    Answer,
    /// About an appointment: a confirmation, a change, a one-time code.
    Booking,
    /// To members: a person is needed.
    Alert,
}

/// What is to be looked at before customers come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewReadiness {
    /// Whether models are configured; without them the house responder answers.
    pub models: bool,
    pub checks: Vec<ReadinessCheck>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReadinessCheck {
    pub of: ReadinessOf,
    pub state: ReadinessState,
    /// How many there are.
    pub count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessOf {
    /// Services that can be asked for.
    Services,
    /// Days of the week with opening hours.
    Hours,
    /// Questions with answers, rules, pages.
    Knowledge,
    /// Vehicles that may be spoken of.
    Stock,
    /// Members who can take a conversation.
    Staff,
    /// Addresses that alerts go to.
    Alerts,
    /// Web pages that may show the chat.
    Website,
    /// Providers of models; the house responder needs none.
    Models,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessState {
    Ready,
    /// It works without, but better with.
    Advised,
    /// Customers would notice.
    Missing,
}
