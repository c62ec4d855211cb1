//! Sending to a person through a provider, in two steps, so that a crash leaves no doubt where none need be.
//!
//! [`Sender::prepare`] does all that can be repeated without harm (connect, greet, name the
//! recipient). Then the caller records that the message is being handed over, and only then
//! [`Prepared::hand_over`] passes the point of no return. A crash before the record is repeated; a
//! crash after it is *uncertain* and never blindly repeated (R1).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use forecourt_core::{
    booking::invite::Method,
    handoff::HandoffNote,
    id::{DeliveryId, SessionId, TenantId},
    lang::Lang,
    settings::TenantSettings,
    webhook::PauseReason,
};
use jiff::Timestamp;

/// One message to one recipient.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Makes the `Message-ID`, and is the idempotency key of every provider.
    pub delivery: DeliveryId,
    pub tenant: TenantId,
    pub session: SessionId,
    pub settings: Arc<TenantSettings>,
    pub lang: Lang,
    pub letter: Letter,
    pub to: Recipient,
    /// Earlier deliveries of the same conversation, oldest first, for threading. At most 20.
    pub thread: Vec<DeliveryId>,
    /// Where one click unsubscribes this recipient (RFC 8058); `https` in production.
    pub unsubscribe_url: Option<String>,
}

/// Whom it goes to.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    pub name: Option<String>,
    pub address: String,
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recipient(..)") // personal data stays out of logs (A13)
    }
}

/// A calendar object that goes along with a letter (RFC 6047).
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarEntry {
    pub method: Method,
    /// iCalendar, lines ended by CRLF.
    pub text: String,
}

impl std::fmt::Debug for CalendarEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CalendarEntry(..)") // personal data stays out of logs (A13)
    }
}

/// What it says.
#[derive(Clone)]
pub enum Letter {
    /// The assistant's answer to a customer; plain text, paragraphs by blank lines. Says that a program answers.
    Answer { subject: Option<String>, text: String },
    /// A member's own answer to a customer; `member` is the name it is signed with, besides the tenant's.
    MemberAnswer { subject: Option<String>, text: String, member: Option<String> },
    /// To a customer, about their booking; plain text, paragraphs by blank lines. What their calendar is
    /// to do goes along.
    Booking { subject: String, text: String, calendar: Option<CalendarEntry> },
    /// To staff: a person is needed for a lead.
    Alert {
        customer: String,
        vehicle: Option<String>,
        excerpt: String,
        reason: AlertReason,
        link: String,
        /// What the person should know.
        note: HandoffNote,
    },
    /// To staff: an integrator's endpoint was paused.
    EndpointPaused { url: String, why: PauseReason, link: String },
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Answer { .. } => "Letter::Answer(..)",
            Self::MemberAnswer { .. } => "Letter::MemberAnswer(..)",
            Self::Booking { .. } => "Letter::Booking(..)",
            Self::Alert { .. } => "Letter::Alert(..)",
            Self::EndpointPaused { .. } => "Letter::EndpointPaused(..)",
        })
    }
}

pub use forecourt_core::event::AlertReason;

/// The provider's word that it has taken the message: what proves a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's own reference, if it gave one; at most 200 characters.
    pub reference: Option<String>,
    pub at: Timestamp,
}

/// Why a message was not taken. `code` is the provider's code, never its free text (A13).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not taken, and worth another try (SMTP 4xx, refused connection, time-out before the handover).
    #[error("not taken for now ({code})")]
    Temporary { code: String, retry_after: Option<Duration> },
    /// Not taken, and never will be (SMTP 5xx, an address that cannot be written).
    #[error("not taken for good ({code})")]
    Permanent { code: String },
    /// The handover began and its end is unknown.
    #[error("the outcome is unknown ({code})")]
    Uncertain { code: String },
}

/// A provider that can send.
#[async_trait]
pub trait Sender: Send + Sync {
    /// A short name for metrics, such as `smtp`.
    fn name(&self) -> &'static str;

    /// Does everything that may be repeated. Never answers [`SendError::Uncertain`].
    async fn prepare(&self, outgoing: &Outgoing) -> Result<Box<dyn Prepared>, SendError>;
}

/// A message that is ready to be handed over. Dropping it sends nothing.
#[async_trait]
pub trait Prepared: Send {
    /// Hands it over. `Temporary` and `Permanent` mean the provider said no; silence is `Uncertain`.
    async fn hand_over(self: Box<Self>) -> Result<Accepted, SendError>;
}
