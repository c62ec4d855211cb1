//! The load: people who fill forms and chat, staff who listen and answer.
//!
//! Lives here: what every kind shares ([`Field`]). Loads are open loops: something is due at its time
//! whether or not the engine keeps up, and its times count from then.

pub mod chats;
pub mod dashboards;
pub mod forms;
pub mod members;
pub mod resumes;
pub mod slow;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::books::Books;
use crate::leads::Target;
use crate::leads::people::People;

/// The longest that one request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Between the first tries; each later wait is twice as long, up to [`MAX_WAIT`], and a little random.
const RETRY_WAIT: Duration = Duration::from_millis(100);
const MAX_WAIT: Duration = Duration::from_secs(4);
/// The longest wait that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(10);
/// Leads listed at once.
pub const PAGE: u64 = 100;

/// What the kinds of load share.
#[derive(Clone)]
pub struct Field {
    pub client: Client,
    pub target: Target,
    /// Slugs.
    pub tenants: Arc<[String]>,
    /// The cookie of a member of each tenant.
    pub cookies: Arc<[String]>,
    pub people: People,
    pub books: Arc<Books>,
    pub seed: u64,
    /// How long somebody tries to get through.
    pub patience: Duration,
}

/// How an exchange ended.
#[derive(Debug)]
pub enum Answer {
    /// A status below 400, with its body where it is JSON.
    Good(Value),
    /// Refused for good.
    Refused(u16),
    /// The time was up; `seen` if a request may have arrived.
    GaveUp { seen: bool },
}

/// The client of a run.
pub fn client() -> Result<Client, reqwest::Error> {
    // The client insists on a provider even where no TLS is spoken. It may be installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
        .no_proxy()
        // Nothing here is encrypted; reading the certificates of the machine takes a while.
        .tls_built_in_root_certs(false)
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .pool_max_idle_per_host(2_000)
        .build()
}

impl Field {
    /// Sends a request until it is answered for good: the same bytes again while nobody listens, a
    /// connection breaks, or the engine asks to come back later.
    pub async fn send(&self, mut request: impl FnMut() -> RequestBuilder) -> Answer {
        let give_up = Instant::now() + self.patience;
        let mut seen = false;
        let mut longest = RETRY_WAIT;
        loop {
            // Not all at once: those who were refused together must not come back together.
            let mut wait = longest.mul_f64(rand::rng().random_range(0.5..=1.0));
            longest = (longest * 2).min(MAX_WAIT);
            match request().timeout(REQUEST_TIMEOUT).send().await {
                Ok(response) => {
                    seen = true;
                    let status = response.status();
                    if status.is_success() {
                        return Answer::Good(response.json().await.unwrap_or(Value::Null));
                    }
                    let later = matches!(
                        status,
                        StatusCode::REQUEST_TIMEOUT
                            | StatusCode::TOO_MANY_REQUESTS
                            | StatusCode::SERVICE_UNAVAILABLE
                    );
                    let broken = status.is_server_error() && !later;
                    self.books.count(|counts| {
                        counts.overloaded += u64::from(later);
                        counts.server_errors += u64::from(broken);
                    });
                    if !later && !broken {
                        return Answer::Refused(status.as_u16());
                    }
                    if let Some(asked) = retry_after(&response) {
                        wait = wait.max(asked.min(MAX_RETRY_AFTER));
                    }
                }
                Err(error) => seen |= !error.is_connect(),
            }
            if Instant::now() + wait >= give_up {
                return Answer::GaveUp { seen };
            }
            self.books.count(|counts| counts.retries += 1);
            tokio::time::sleep(wait).await;
        }
    }

    /// A GET as staff of a tenant.
    pub fn get(&self, tenant: usize, path: &str) -> RequestBuilder {
        let cookie = self.cookies.get(tenant).map_or("", String::as_str);
        self.client.get(self.target.at(path)).header("cookie", cookie)
    }

    /// A POST as staff of a tenant, from one of the engine's own pages.
    pub fn post(&self, tenant: usize, path: &str) -> RequestBuilder {
        let cookie = self.cookies.get(tenant).map_or("", String::as_str);
        self.client
            .post(self.target.at(path))
            .header("cookie", cookie)
            .header("origin", self.target.to_string())
    }
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Calls `due` at a steady rate for so long: with the number and the moment that was due.
pub async fn at_rate<F: Future<Output = ()>>(
    rate: f64,
    start: Instant,
    lasts: Duration,
    mut due: impl FnMut(u64, Instant) -> F,
) {
    let count = (rate * lasts.as_secs_f64()).round() as u64;
    for number in 0..count {
        let at = start + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(at.into()).await;
        due(number, at).await;
    }
    tokio::time::sleep_until((start + lasts).into()).await;
}
