//! Other people's calendars: what is busy in them, and our bookings written into them.
//!
//! An adapter speaks one provider's protocol and keeps nothing: what it needs to know comes with each call.
//!
//! # Invariants
//! - [`Calendar::put`] and [`Calendar::remove`] may be repeated: the entry of a booking is found again by
//!   what follows from the booking's id, so a lost answer doubles nothing (A4);
//! - **A9** a call ends within the adapter's time limit, and its answer is bounded;
//! - **A13, A14** neither an error nor a `Debug` says whom an entry is about, or shows a credential.

use async_trait::async_trait;
use forecourt_core::{booking::Stretch, external::Provider, id::BookingId, lang::Lang};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::webhook::Secret;

/// What opens a calendar; it prints nowhere (A14).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credentials {
    /// An API key, and the secret with which the provider signs what it tells us.
    Key {
        key: String,
        hook_secret: String,
    },
    Password {
        user: String,
        password: String,
    },
    Tokens {
        refresh: String,
        access: String,
        /// When the access token ends.
        ends_at: Timestamp,
    },
}

impl Credentials {
    /// As a text to be sealed.
    pub fn to_secret(&self) -> Option<Secret> {
        serde_json::to_vec(self).ok().map(Secret::new)
    }

    pub fn of_secret(secret: &Secret) -> Option<Self> {
        serde_json::from_slice(secret.expose()).ok()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// A calendar that is connected, or is being connected.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub provider: Provider,
    /// Where the server is; only where it is the tenant's own.
    pub url: Option<String>,
    pub credentials: Credentials,
    /// Which calendar, in the provider's own words; empty until one was chosen.
    pub calendar: String,
    /// The tenant's zone, IANA: for times that name none.
    pub zone: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// A calendar that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// In the provider's own words.
    pub calendar: String,
    pub name: String,
    /// IANA, if the provider says.
    pub zone: Option<String>,
    /// Whether entries may be written into it.
    pub writable: bool,
}

/// A time that a calendar has an entry at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Busy {
    pub from: Timestamp,
    pub until: Timestamp,
    /// In the provider's own words; times of one series may share it.
    pub uid: String,
    /// The person is free all the same.
    pub transparent: bool,
    /// It is the entry of a booking of ours.
    pub booking: Option<BookingId>,
}

/// Who comes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attendee {
    pub name: String,
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    pub lang: Option<Lang>,
    /// IANA.
    pub zone: Option<String>,
}

/// A booking as a calendar shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub booking: BookingId,
    /// Rises with each change of what is shown (RFC 5545, 3.8.7.4).
    pub sequence: u32,
    pub at: Stretch,
    /// The zone whose clock was meant, IANA.
    pub zone: String,
    pub summary: String,
    pub description: String,
    pub attendee: Attendee,
    /// When it is written.
    pub stamp: Timestamp,
}

// It speaks of people (A13).
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("booking", &self.booking).finish_non_exhaustive()
    }
}

/// An entry as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalRef {
    pub id: String,
    pub etag: Option<String>,
}

/// Why a calendar did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("the credentials are refused")]
    Auth,
    #[error("there is no such calendar or entry")]
    NotFound,
    #[error("the provider asks to wait")]
    RateLimited { retry_after: Option<SignedDuration> },
    /// The time is taken, or somebody else changed the entry again and again.
    #[error("the entry is in conflict with what is there")]
    Conflict,
    /// It did not answer in time, or could not serve anybody.
    #[error("the provider is not available")]
    Unavailable,
    /// It answered what its protocol does not know, or refused what we said.
    #[error("the provider's answer is not understood")]
    Protocol,
    /// Nobody has configured this provider, or the address may not be called.
    #[error("this calendar cannot be connected here")]
    NotConfigured,
}

impl CalendarError {
    /// Whether the same may go well later, without anybody's doing.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable)
    }

    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Protocol => "protocol",
            Self::NotConfigured => "not_configured",
        }
    }

    /// How long the provider asks to be left alone.
    pub const fn retry_after(self) -> Option<SignedDuration> {
        match self {
            Self::RateLimited { retry_after } => retry_after,
            _ => None,
        }
    }
}

/// The way to calendars.
#[async_trait]
pub trait Calendar: Send + Sync {
    /// Whether the credentials are good, and which calendars there are.
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError>;

    /// What touches `window`, in order of time; repeating entries as single times.
    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError>;

    /// Writes a booking's entry, or makes it as it is now. `known` is what an earlier call answered.
    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError>;

    /// Takes a booking's entry out; what is not there any more is out. Where `known` is missing, an answer
    /// may have been lost, and the entry is looked for.
    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError>;

    /// Fresh credentials when these end soon. They must be stored before they are used: the provider may
    /// have ended the old ones. Keys never end.
    async fn renew(
        &self,
        _account: &Account,
        _now: Timestamp,
    ) -> Result<Option<Credentials>, CalendarError> {
        Ok(None)
    }

    /// Where a person lets us into their calendar (OAuth with PKCE); `None` where there is no such page.
    fn consent_url(&self, _provider: Provider, _consent: &Consent<'_>) -> Option<String> {
        None
    }

    /// Credentials for the code that the page gave.
    async fn redeem(
        &self,
        _provider: Provider,
        _code: &str,
        _verifier: &str,
        _redirect: &str,
        _now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        Err(CalendarError::NotConfigured)
    }

    /// Whether an entry that was written is still there.
    async fn is_there(&self, account: &Account, known: &ExternalRef)
    -> Result<bool, CalendarError>;

    /// Whether the provider itself has signed this body; most sign none.
    fn is_signed(&self, _: Provider, _secret: &str, _signature: &str, _body: &[u8]) -> bool {
        false
    }

    /// The booking of ours that somebody has cancelled over there, if a body says so.
    fn cancelled(&self, _: Provider, _body: &[u8]) -> Option<BookingId> {
        None
    }
}

/// What a consent page is told.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    pub state: &'a str,
    /// Of the verifier, by S256.
    pub challenge: &'a str,
    /// Where the code is sent.
    pub redirect: &'a str,
}
