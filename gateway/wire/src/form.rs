//! The website form: what it sends, and the receipt.

use forecourt_core::{capture::RawSubmission, id::LeadId};
use forecourt_ports::store::InboundOutcome;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A form of a tenant's website. Fields beyond these are passed over: forms send what they send.
#[derive(Clone, Default, Serialize, Deserialize, TS, ToSchema)]
#[serde(default)]
pub struct FormLead {
    /// One line, at most 200 characters. Required.
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "Kari Nordmann"
    )]
    #[ts(type = "string")]
    pub name: Option<String>,
    /// Required: the answer goes there.
    #[schema(required = true, nullable = false, format = Email, max_length = 254, pattern = r"^\s*[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]+\.)+[A-Za-z]{2,}\s*$", example = "kari@example.no")]
    #[ts(type = "string")]
    pub email: Option<String>,
    /// At most 5,000 characters. Required.
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 5000,
        pattern = r"\S",
        example = "Er bilen ledig?"
    )]
    #[ts(type = "string")]
    pub message: Option<String>,
    /// As people of the tenant's country write it.
    #[schema(max_length = 40)]
    #[ts(optional)]
    pub phone: Option<String>,
    /// At most 200 characters.
    #[schema(max_length = 200)]
    #[ts(optional)]
    pub vehicle_interest: Option<String>,
    /// The page of the form, `http` or `https`.
    #[schema(max_length = 2000, pattern = r#"^(https?://[^\s"<>\\]+)?$"#)]
    #[ts(optional)]
    pub source_url: Option<String>,
    /// A trap for programs: hide this field from people; a form that fills it is refused.
    #[schema(max_length = 0)]
    #[ts(optional)]
    pub forecourt_hp: Option<String>,
}

/// The lead is stored, and its answer is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FormReceipt {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "lead_0192f8e0c0de7000800000000000000a")]
    pub lead_id: LeadId,
    pub status: FormStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormStatus {
    /// A new lead.
    Created,
    /// The same content within five minutes: nothing more is sent.
    Repeated,
    /// The same person within seven days: added to their open lead.
    Appended,
}

impl From<FormLead> for RawSubmission {
    fn from(form: FormLead) -> Self {
        Self {
            name: form.name,
            email: form.email,
            phone: form.phone,
            vehicle_interest: form.vehicle_interest,
            message: form.message,
            source_url: form.source_url,
        }
    }
}

impl FormStatus {
    /// The status of a captured lead; `None` for the outcomes of a refused call.
    pub const fn of(outcome: InboundOutcome) -> Option<Self> {
        match outcome {
            InboundOutcome::Created => Some(Self::Created),
            InboundOutcome::Repeated => Some(Self::Repeated),
            InboundOutcome::Appended => Some(Self::Appended),
            InboundOutcome::Invalid | InboundOutcome::Limited => None,
        }
    }
}

impl std::fmt::Debug for FormLead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormLead(..)") // personal data stays out of logs (A13)
    }
}
