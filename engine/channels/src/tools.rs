//! Calls of tenants' own tools: only to the open internet, once, bounded, and read as bytes.
//!
//! # Invariants
//! - a connection goes to an address that was checked, and to no other (as with [webhooks](crate::webhook)): the
//!   guard's resolver hands out checked addresses alone, no proxy is taken and no redirect is followed;
//! - **A9** a call ends in its time, and a larger answer than [`MOST_ANSWER`] is none;
//! - **A13, A14** no address, header, body or answer gets into a log line or an error.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use forecourt_core::{
    id::{EndpointId, TenantId, ToolId},
    tools::custom::{MOST_ANSWER, Method},
    webhook::target::{Loopback, Target, TargetError},
};
use forecourt_ports::{
    tool::{NoAnswer, NotSealed, ToolCaller, ToolRequest, ToolResponse},
    webhook::{Owner, Secret, Vault},
};
use reqwest::{
    Client,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::runtime::Handle;

use crate::{
    outward,
    webhook::{CallerError, code},
};

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// The longest time of a call, whatever its tool says.
const LONGEST: Duration = Duration::from_secs(10);

/// Calls tools over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpTools {
    client: Client,
    vault: Arc<dyn Vault>,
    loopback: Loopback,
    io: Handle,
}

impl HttpTools {
    /// A client that calls on `io`, a runtime with its io and time drivers on; `vault` keeps what headers say.
    pub fn new(loopback: Loopback, vault: Arc<dyn Vault>, io: Handle) -> Result<Self, CallerError> {
        let client = outward::client(loopback, |client| {
            client
                .connect_timeout(CONNECT)
                .timeout(LONGEST)
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(4)
        })?;
        Ok(Self { client, vault, loopback, io })
    }

    async fn run(self, request: ToolRequest) -> Result<ToolResponse, NoAnswer> {
        let within = request.timeout.min(LONGEST);
        tokio::time::timeout(within, self.send(request)).await.unwrap_or(Err(NoAnswer("timeout")))
    }

    async fn send(&self, request: ToolRequest) -> Result<ToolResponse, NoAnswer> {
        let prepared = &request.prepared;
        // Again at each call: what was allowed when it was registered may not be any more.
        let target = Target::parse(prepared.url.as_str(), self.loopback)
            .map_err(|_| NoAnswer("refused_address"))?;
        let method = match prepared.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let headers = self.headers(&request).ok_or(NoAnswer("unsendable"))?;
        let mut call = self.client.request(method, target.as_str()).headers(headers);
        if let Some(body) = &prepared.body {
            call = call.body(body.clone());
        }
        let mut answer = call.send().await.map_err(|error| NoAnswer(code(&error)))?;
        let status = answer.status().as_u16();
        if answer.status().is_redirection() {
            return Err(NoAnswer("redirect"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| NoAnswer(code(&error)))? {
            if body.len() + chunk.len() > MOST_ANSWER {
                return Err(NoAnswer("too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(ToolResponse { status, body })
    }

    fn headers(&self, request: &ToolRequest) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(sealed) = &request.headers {
            let opened = self.vault.open(owner(request.tenant, request.tool), sealed).ok()?;
            let opened: BTreeMap<String, String> = serde_json::from_slice(opened.expose()).ok()?;
            for (name, value) in opened {
                let mut value = HeaderValue::from_str(&value).ok()?;
                value.set_sensitive(true);
                headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
            }
        }
        if request.prepared.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        if request.prepared.method != Method::Get {
            headers.insert("idempotency-key", request.idempotency_key.parse().ok()?);
        }
        Some(headers)
    }
}

/// In the vault a tool has the place of an endpoint; its vault has a key of its own.
fn owner(tenant: TenantId, tool: ToolId) -> Owner {
    Owner { tenant, endpoint: EndpointId::from_uuid(tool.into_uuid()) }
}

#[async_trait]
impl ToolCaller for HttpTools {
    async fn call(&self, request: ToolRequest) -> Result<ToolResponse, NoAnswer> {
        // Connections are driven by the runtime that opened them.
        let called = self.io.spawn(self.clone().run(request)).await;
        called.unwrap_or(Err(NoAnswer("internal")))
    }

    fn seal(
        &self,
        tenant: TenantId,
        tool: ToolId,
        headers: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, NotSealed> {
        let text = serde_json::to_vec(headers).map_err(|_| NotSealed)?;
        self.vault.seal(owner(tenant, tool), &Secret::new(text)).map_err(|_| NotSealed)
    }

    fn check(&self, url: &str) -> Result<(), TargetError> {
        Target::parse(url, self.loopback).map(drop)
    }
}
