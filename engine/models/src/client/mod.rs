//! What the clients of all providers share: settings, the call, the clocks around it, the way back.
//!
//! A provider is a [`Protocol`]: how a request is written, and how the events of its stream are read.
//! Everything else lives here, once: HTTP, time limits, error bodies, sentences, calls of tools, and
//! the bridge from the provider's runtime to the caller's.
//!
//! # Invariants
//! - one request per ask, no retry and no redirect here: rungs and retries are the caller's (A5);
//! - only the protocol's own end marker completes an answer;
//! - what the provider says is a proposal (A6): an unknown event is passed over, a broken one is an error;
//! - bytes, events, characters, calls, waits and the channel are bounded (A9); the parser of the stream
//!   (`eventsource-stream`, ours) bounds what is held of an unfinished event and cannot panic;
//! - no text of a customer, of the model or of an error body reaches a log or an error (A13), and
//!   the key is never printed (A14).

mod call;
mod calls;
pub mod config;
mod draft;
mod failure;
mod limits;
mod sentences;
mod stream;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Duration;

use forecourt_ports::model::{Ask, Delta, Model, ModelError, Toolbox};
use futures_util::stream::BoxStream;
use reqwest::{
    Client as Http, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

pub use self::config::{ClientConfig, ConfigError};
pub(crate) use self::{
    calls::Calls,
    draft::{Draft, Ending},
    failure::{Refusal, kind, of_status},
    limits::{Names, wait},
};
use crate::prompts::{Prompt, Prompts};

/// How long a connection of the pool may rest; servers close theirs after a minute.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// What makes a provider.
pub(crate) trait Protocol: Send + Sync + Sized + 'static {
    /// Its name in metrics.
    const NAME: &'static str;
    /// How it names its limits.
    const LIMITS: Names;
    type Reply: Reply;

    fn client(&self) -> &ClientConfig;

    /// The body of a call.
    fn body(&self, ask: &Ask, prompt: &Prompt) -> Result<Vec<u8>, ModelError>;

    /// Begins to read an answer.
    fn reply(&self, tools: &Toolbox, prompt: &Prompt) -> Self::Reply;

    /// Reads an error body, or `None` where it is none of this protocol.
    fn refusal(body: &[u8]) -> Option<Refusal>;
}

/// An answer being read.
pub(crate) trait Reply: Send {
    /// Takes in one event: the name of its `event:` line (`message` where it has none) and its data.
    fn event(&mut self, name: &str, data: &str) -> Result<Step, ModelError>;

    /// The stream ended cleanly without an end marker: what that means in this protocol.
    fn end(&mut self) -> Result<Ending, ModelError> {
        Err(ModelError::Truncated)
    }
}

/// What an event leads to.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// A sign of life that carries nothing.
    Alive,
    /// The answer went on, with text to let go where there is some.
    Content(Option<String>),
    /// The answer is complete.
    Complete(Box<Ending>),
}

pub(crate) const NOT_JSON: ModelError = ModelError::Protocol("an event is not of its shape");
pub(crate) const OUT_OF_ORDER: ModelError = ModelError::Protocol("an event is out of order");
pub(crate) const SPLICED: ModelError = ModelError::Protocol("a second answer starts in the first");

/// Reads the data of an event.
pub(crate) fn read<T: DeserializeOwned>(data: &str) -> Result<T, ModelError> {
    serde_json::from_str(data).map_err(|_| NOT_JSON)
}

/// A model's name as the provider gives it, where it is one.
pub(crate) fn model_name(given: &str) -> Option<&str> {
    let plain = (1..=128).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_graphic());
    plain.then_some(given)
}

/// A client of one provider's protocol. See the [module](self).
pub struct Client<P> {
    shared: Arc<Shared<P>>,
    io: Handle,
}

/// What every call needs.
struct Shared<P> {
    http: Http,
    url: Url,
    headers: HeaderMap,
    protocol: P,
    prompts: Arc<Prompts>,
}

#[expect(private_bounds, reason = "protocols are ours; each is named by a public alias")]
impl<P: Protocol> Client<P> {
    /// A client that calls `url` on `io`, a runtime with its io and time drivers on. `key` is the
    /// header that shows the key, and what stands before it.
    ///
    /// Fails when the process has not chosen a TLS implementation
    /// (`rustls::crypto::CryptoProvider::install_default`).
    pub(crate) fn with(
        protocol: P,
        url: Url,
        key: (HeaderName, &str),
        further: Option<(HeaderName, HeaderValue)>,
        prompts: Arc<Prompts>,
        io: Handle,
    ) -> Result<Self, ConfigError> {
        let config = protocol.client();
        let mut headers = headers(config, key)?;
        headers.extend(further);
        let http = http(config, &url)?;
        Ok(Self { shared: Arc::new(Shared { http, url, headers, protocol, prompts }), io })
    }
}

/// The headers of every call: `key` is the one that shows the key, and what stands before it.
pub(crate) fn headers(
    config: &ClientConfig,
    key: (HeaderName, &str),
) -> Result<HeaderMap, ConfigError> {
    let shown = format!("{}{}", key.1, config.key.expose_secret());
    let mut value = HeaderValue::from_str(&shown).map_err(|_| ConfigError::Key)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (key.0, value),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ]))
}

/// What calls `url`: one connection pool, no retry, no redirect.
pub(crate) fn http(config: &ClientConfig, url: &Url) -> Result<Http, ConfigError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(ConfigError::NoTls);
    }
    let http = Http::builder()
        .user_agent(concat!("forecourt/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(config.connect)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_keepalive(Duration::from_secs(30))
        .tcp_nodelay(true)
        .redirect(redirect::Policy::none())
        // Reading the roots takes a while, and a server without TLS shows no certificate.
        .tls_built_in_root_certs(url.scheme() == "https")
        .retry(reqwest::retry::never())
        // Compression holds events back, and a small body could become a large one.
        .no_gzip();
    let http = if is_loopback(url) { http.no_proxy() } else { http };
    http.build().map_err(|_| ConfigError::Client)
}

impl<P: Protocol> Model for Client<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let shared = Arc::clone(&self.shared);
        stream::on(&self.io, move |out| call::run(shared, ask, out))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
