//! The Messages API of Anthropic as a model: one streamed request per turn, read with suspicion.
//!
//! What lives here: settings ([`config`]), the request, the grammar of the stream, sentences, errors
//! of the provider, and the bridge from the provider's runtime to the caller's.
//!
//! # Invariants
//! - one request per ask, no retry and no redirect here: rungs and retries are the caller's (A5);
//! - only `message_stop` after a known stop reason completes an answer;
//! - what the provider says is a proposal (A6): an unknown event is passed over, a broken one is an error;
//! - bytes, events, characters, waits and the channel are bounded (A9); the parser of the stream
//!   (`eventsource-stream`, ours) bounds what is held of an unfinished event and cannot panic;
//! - no text of a customer, of the model or of an error body reaches a log or an error (A13), and
//!   the key is never printed (A14).

mod call;
pub mod config;
mod failure;
mod reply;
mod request;
mod sentences;
mod stream;
mod wire;

use std::{sync::Arc, time::Duration};

use forecourt_ports::model::{Ask, Delta, Model, ModelError};
use futures_util::stream::BoxStream;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use secrecy::ExposeSecret as _;
use tokio::runtime::Handle;

pub use self::config::{AnthropicConfig, ApiVersion, Auth, ConfigError};
use crate::prompts::Prompts;

/// How long a connection of the pool may rest; servers close theirs after a minute.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// A client of the Messages API. See the [module](self).
pub struct Anthropic {
    shared: Arc<Shared>,
    io: Handle,
}

/// What every call needs.
struct Shared {
    client: Client,
    url: Url,
    headers: HeaderMap,
    config: AnthropicConfig,
    prompts: Arc<Prompts>,
}

impl Anthropic {
    /// A client that calls on `io`, a runtime with its io and time drivers on.
    ///
    /// Fails when a setting is out of its bounds, and when the process has not chosen a TLS
    /// implementation (`rustls::crypto::CryptoProvider::install_default`).
    pub fn new(
        config: AnthropicConfig,
        prompts: Arc<Prompts>,
        io: Handle,
    ) -> Result<Self, ConfigError> {
        let url = config.check()?;
        let headers = headers(&config)?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ConfigError::NoTls);
        }
        let client = Client::builder()
            .user_agent(concat!("forecourt/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            // Compression holds events back, and a small body could become a large one.
            .no_gzip();
        let client = if is_loopback(&url) { client.no_proxy() } else { client };
        let client = client.build().map_err(|_| ConfigError::Client)?;
        Ok(Self { shared: Arc::new(Shared { client, url, headers, config, prompts }), io })
    }
}

impl Model for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let shared = Arc::clone(&self.shared);
        stream::on(&self.io, move |out| call::run(shared, ask, out))
    }
}

/// The headers that all calls share. Exactly one of the two ways to show the key is used: what the
/// provider does with both is not agreed upon.
fn headers(config: &AnthropicConfig) -> Result<HeaderMap, ConfigError> {
    let key = config.key.expose_secret();
    let (name, value) = match config.auth {
        Auth::ApiKey => (HeaderName::from_static("x-api-key"), HeaderValue::from_str(key)),
        Auth::Bearer => {
            (reqwest::header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}")))
        }
    };
    let mut value = value.map_err(|_| ConfigError::Key)?;
    value.set_sensitive(true);
    let version = HeaderValue::from_static(config.version.as_str());
    Ok(HeaderMap::from_iter([
        (name, value),
        (HeaderName::from_static("anthropic-version"), version),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ]))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
