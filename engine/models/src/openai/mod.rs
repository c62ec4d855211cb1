//! Chat completions, as OpenAI and many others speak them: llama.cpp, vLLM, Ollama, proxies.
//!
//! What lives here: settings ([`config`]), the request, and the reading of chunks with what these
//! servers do differently; the rest is shared with the other clients ([`crate::client`]).
//!
//! # Invariants
//! - `[DONE]` completes an answer, or a clean end of the stream behind a finish reason: some servers
//!   leave out the blank line behind `[DONE]`;
//! - what a model thinks aloud, in a field or between `<think>` marks, is never shown.

pub mod config;
pub mod embeddings;
mod reply;
mod request;
mod think;
mod wire;

use std::sync::Arc;

use forecourt_ports::model::{Ask, ModelError, Toolbox};
use reqwest::header::AUTHORIZATION;
use tokio::runtime::Handle;

pub use self::config::{Flavor, OpenAiConfig};
use self::{reply::Reply, request::Body, wire::Failure};
use crate::{
    client::{Client, ClientConfig, ConfigError, Names, Protocol, Refusal},
    prompts::{Prompt, Prompts},
};

/// A client of chat completions. See the [module](self).
pub type OpenAi = Client<ChatCompletions>;

/// The protocol of chat completions.
pub struct ChatCompletions(OpenAiConfig);

impl OpenAi {
    /// A client that calls on `io`, a runtime with its io and time drivers on.
    ///
    /// Fails when a setting is out of its bounds, and when the process has not chosen a TLS
    /// implementation.
    pub fn new(
        config: OpenAiConfig,
        prompts: Arc<Prompts>,
        io: Handle,
    ) -> Result<Self, ConfigError> {
        let url = config.client.check(["chat", "completions"])?;
        Self::with(ChatCompletions(config), url, (AUTHORIZATION, "Bearer "), None, prompts, io)
    }
}

impl Protocol for ChatCompletions {
    const NAME: &'static str = "openai";
    const LIMITS: Names =
        Names { prefix: "x-ratelimit", kinds: &["requests", "tokens"], kind_last: true };
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
        let failure: Failure = serde_json::from_slice(body).ok()?;
        Some(Refusal { kind: failure.kind()?, retry_after: None })
    }
}
