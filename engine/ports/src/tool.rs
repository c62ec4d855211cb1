//! Calling a tool of a tenant's own over HTTP.
//!
//! # Invariants
//! - **A9** a call ends in its time, and gives [`forecourt_core::tools::custom::MOST_ANSWER`] bytes at most;
//! - an adapter connects to checked addresses of the open internet alone, and follows nothing elsewhere;
//! - **A14** headers come sealed and are opened for their own tool alone.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use forecourt_core::{
    id::{TenantId, ToolId},
    tools::custom::Prepared,
    webhook::target::TargetError,
};

/// A call as it is to leave.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolRequest {
    pub tenant: TenantId,
    pub tool: ToolId,
    pub prepared: Prepared,
    /// Sealed values of headers.
    pub headers: Option<Vec<u8>>,
    /// Tells the other side of a repeat; of everything but a GET.
    pub idempotency_key: String,
    pub timeout: Duration,
}

/// What was answered, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolResponse {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why there was no answer, as a short word without data: `timeout`, `dns`, `refused_address`, `connect`, `tls`,
/// `cut`, `too_large`, `redirect`, `unsendable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub &'static str);

/// The values of headers could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("headers could not be sealed")]
pub struct NotSealed;

#[async_trait]
pub trait ToolCaller: Send + Sync {
    /// Makes a call, once.
    async fn call(&self, request: ToolRequest) -> Result<ToolResponse, NoAnswer>;

    /// Seals headers for the tool that they belong to.
    fn seal(
        &self,
        tenant: TenantId,
        tool: ToolId,
        headers: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, NotSealed>;

    /// Whether an address may be called, as far as its text tells.
    fn check(&self, url: &str) -> Result<(), TargetError>;
}
