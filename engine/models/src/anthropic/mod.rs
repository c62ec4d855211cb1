//! The Messages API of Anthropic as a model: one streamed request per turn, read with suspicion.
//!
//! What lives here: settings ([`config`]), the request, and the grammar of the stream; the rest is
//! shared with the other clients ([`crate::client`]).
//!
//! # Invariants
//! - only `message_stop` after a known stop reason completes an answer;
//! - thoughts are never shown; they go back with the calls they belong to, signed as they came.

pub mod config;
mod reply;
mod request;
mod wire;

use std::sync::Arc;

use forecourt_ports::model::{Ask, ModelError, Toolbox};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::runtime::Handle;

pub use self::config::{AnthropicConfig, ApiVersion, Auth};
use self::{reply::Reply, request::Body, wire::Failure};
use crate::{
    client::{self, Client, ClientConfig, ConfigError, Names, Protocol, Refusal},
    prompts::{Prompt, Prompts},
};

/// A client of the Messages API. See the [module](self).
pub type Anthropic = Client<Messages>;

/// The Messages protocol.
pub struct Messages(AnthropicConfig);

impl Anthropic {
    /// A client that calls on `io`, a runtime with its io and time drivers on.
    ///
    /// Fails when a setting is out of its bounds, and when the process has not chosen a TLS
    /// implementation.
    pub fn new(
        config: AnthropicConfig,
        prompts: Arc<Prompts>,
        io: Handle,
    ) -> Result<Self, ConfigError> {
        let url = config.client.check(["v1", "messages"])?;
        // Exactly one of the two: what the provider does with both is not agreed upon.
        let key = match config.auth {
            Auth::ApiKey => (HeaderName::from_static("x-api-key"), ""),
            Auth::Bearer => (AUTHORIZATION, "Bearer "),
        };
        let version = HeaderValue::from_static(config.version.as_str());
        let version = (HeaderName::from_static("anthropic-version"), version);
        Self::with(Messages(config), url, key, Some(version), prompts, io)
    }
}

impl Protocol for Messages {
    const NAME: &'static str = "anthropic";
    const LIMITS: Names = Names {
        prefix: "anthropic-ratelimit",
        kinds: &["requests", "input-tokens", "output-tokens"],
        kind_last: false,
    };
    type Reply = Reply;

    fn client(&self) -> &ClientConfig {
        &self.0.client
    }

    fn body(&self, ask: &Ask, prompt: &Prompt) -> Result<Vec<u8>, ModelError> {
        serde_json::to_vec(&Body::new(&self.0, ask, prompt))
            .map_err(|_| ModelError::Protocol("the request cannot be written"))
    }

    fn reply(&self, tools: &Toolbox, prompt: &Prompt) -> Reply {
        Reply::new(&self.0.client, tools, prompt)
    }

    fn refusal(body: &[u8]) -> Option<Refusal> {
        let Failure { error } = serde_json::from_slice(body).ok()?;
        Some(Refusal { kind: client::kind(&error.kind), retry_after: None })
    }
}
