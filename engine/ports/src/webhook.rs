//! Calling an integrator's endpoint: the body, the secrets, and the call itself.
//!
//! A call may be repeated: every try carries the same id, by which the endpoint knows it again. So there is
//! no point of no return here, as there is with letters.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use forecourt_core::{
    booking::Booking,
    event::EventRecord,
    id::{EndpointId, MemberId, TenantId},
    webhook::{Outcome, Topic},
};
use jiff::{SignedDuration, Timestamp};

use crate::store::LeadRow;

/// A secret that signs calls; it prints nowhere (A14).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Whose secret a sealed one is: it opens for nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub tenant: TenantId,
    pub endpoint: EndpointId,
}

/// The vault cannot do it: another key, or not what it sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret cannot be sealed or opened")]
pub struct VaultError;

/// Keeps secrets unreadable in the store. All nodes share its key.
pub trait Vault: Send + Sync {
    fn seal(&self, owner: Owner, secret: &Secret) -> Result<Vec<u8>, VaultError>;

    fn open(&self, owner: Owner, sealed: &[u8]) -> Result<Secret, VaultError>;
}

/// What stands around an event when it is told.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The lead of the event's conversation as it stands now, if it has one.
    pub lead: Option<LeadRow>,
    /// The booking that the event is about, as it stands now.
    pub booking: Option<Booking>,
    /// The names of the members that the page of events speaks of.
    pub members: HashMap<MemberId, String>,
}

/// Writes the body of a call: JSON, made once, the same at every try.
pub trait Encode: Send + Sync {
    fn event(&self, topic: Topic, event: &EventRecord, around: &Surroundings) -> String;

    /// The body of a test.
    fn test(&self, tenant: TenantId, endpoint: EndpointId, at: Timestamp) -> String;
}

/// One try.
#[derive(Clone)]
pub struct Request {
    pub url: String,
    /// The `webhook-id`.
    pub id: String,
    /// When the try leaves: part of what is signed.
    pub at: Timestamp,
    pub body: String,
    /// One signature each; the newest first.
    pub secrets: Vec<Secret>,
}

// The address may hold a secret, and the body speaks of people (A13, A14).
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What came of a try.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub outcome: Outcome,
    pub took: Duration,
    /// The beginning of the answer's body, as text: [`LONGEST_RESPONSE`] bytes at most, without NUL.
    pub beginning: String,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<SignedDuration>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// How much of an answer is kept.
pub const LONGEST_RESPONSE: usize = 1_024;

/// The way to endpoints.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Makes one try, within its own time limit. Never fails: a failure is an [`Outcome`].
    async fn call(&self, request: Request) -> Response;
}
