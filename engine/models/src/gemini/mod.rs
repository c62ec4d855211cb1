//! The Gemini API as a model: `streamGenerateContent`, read with suspicion.
//!
//! What lives here: settings, the request, and the reading of chunks; the rest is shared with the other
//! clients ([`crate::client`]).
//!
//! # Invariants
//! - a finish reason completes an answer: this protocol has no other end marker, and only the last chunk
//!   has one;
//! - the signature of a call goes back on the same part; calls of another provider say that they have
//!   none to show.

mod reply;
mod request;
mod wire;

use std::sync::Arc;

use forecourt_ports::model::{Ask, ModelError, Toolbox};
use reqwest::header::HeaderName;
use secrecy::SecretString;
use tokio::runtime::Handle;

use self::{reply::Reply, request::Body, wire::Failure};
use crate::{
    client::{Client, ClientConfig, ConfigError, Names, Protocol, Refusal},
    prompts::{Prompt, Prompts},
};

/// A client of the Gemini API. See the [module](self).
pub type Gemini = Client<GenerateContent>;

/// The protocol of `streamGenerateContent`.
pub struct GenerateContent(GeminiConfig);

/// How to reach the Gemini API, and what to ask of it. The base URL is
/// `https://generativelanguage.googleapis.com`; version and model are added.
#[derive(Clone, Debug)]
pub struct GeminiConfig {
    pub client: ClientConfig,
    /// How much the model thinks: `low`, `high` and the like. `None` for models that do not know it.
    pub thinking_level: Option<String>,
}

impl GeminiConfig {
    /// `model` at the provider's own address. What it thinks is paid from the same purse as what it
    /// writes, so the purse is larger and the thinking low.
    pub fn new(key: SecretString, model: &str) -> Self {
        let base = "https://generativelanguage.googleapis.com";
        let model = model.strip_prefix("models/").unwrap_or(model);
        let client = ClientConfig::new(key, base, model);
        Self {
            client: ClientConfig { max_tokens: 2_000, ..client },
            thinking_level: model.starts_with("gemini-3").then(|| "low".to_owned()),
        }
    }
}

impl Gemini {
    /// A client that calls on `io`, a runtime with its io and time drivers on.
    ///
    /// Fails when a setting is out of its bounds, and when the process has not chosen a TLS
    /// implementation.
    pub fn new(
        config: GeminiConfig,
        prompts: Arc<Prompts>,
        io: Handle,
    ) -> Result<Self, ConfigError> {
        let call = format!("{}:streamGenerateContent", config.client.model);
        let mut url = config.client.check(["v1beta", "models", &call])?;
        url.set_query(Some("alt=sse"));
        let key = (HeaderName::from_static("x-goog-api-key"), "");
        Self::with(GenerateContent(config), url, key, None, prompts, io)
    }
}

impl Protocol for GenerateContent {
    const NAME: &'static str = "gemini";
    /// The wait stands in the error's body.
    const LIMITS: Names = Names::NONE;
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
        // Without `alt=sse`, errors come as a list of one.
        let list = serde_json::from_slice::<[Failure; 1]>(body).map(|[failure]| failure);
        list.or_else(|_| serde_json::from_slice(body)).ok().map(Failure::read)
    }
}
