//! Sends leads at their times.
//!
//! Lives here: the schedule, the places in flight, and the retry of a lead whose connection was
//! refused. A retry sends the same bytes: the engine must take them for the same lead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::LeadsConfig;
use super::ledger::{Ledger, Verdict};
use super::people::People;

/// The longest that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Waits between tries while connections are refused.
const RETRY_WAIT: Duration = Duration::from_millis(100);

/// The part of the receipt that the books need.
#[derive(Debug, Deserialize)]
struct Receipt {
    status: Option<String>,
}

/// Sends the leads of one run.
pub struct Sender {
    client: Client,
    url: Url,
    people: People,
    ledger: Arc<Ledger>,
    rate: f64,
    places: Arc<Semaphore>,
    retry_for: Duration,
}

/// How one try ended.
enum Try {
    Done(Verdict),
    /// The connection was refused: the engine never saw the lead.
    NotThere,
    /// The connection broke after the lead may have arrived.
    Broken,
}

impl Sender {
    /// A sender for `config`.
    pub fn new(
        config: &LeadsConfig,
        people: People,
        ledger: Arc<Ledger>,
    ) -> Result<Self, reqwest::Error> {
        // The client insists on a provider even where no TLS is spoken. It may be installed already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .no_proxy()
            // Nothing here is encrypted; reading the certificates of the machine takes a while.
            .tls_built_in_root_certs(false)
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .tcp_nodelay(true)
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(config.max_in_flight)
            .build()?;
        Ok(Self {
            client,
            url: config.target.at(&format!("/v1/webhooks/form/{}", config.tenant)),
            people,
            ledger,
            rate: config.rate,
            places: Arc::new(Semaphore::new(config.max_in_flight)),
            retry_for: config.retry_for,
        })
    }

    /// Sends `leads` leads from `start` on and waits for all their verdicts.
    pub async fn send_all(self, leads: u64, start: Instant) {
        let this = Arc::new(self);
        let mut running = JoinSet::new();
        for number in 0..leads {
            let due = start + Duration::from_secs_f64(number as f64 / this.rate);
            tokio::time::sleep_until(due.into()).await;
            while running.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&this.places).try_acquire_owned() else {
                this.ledger.skipped();
                continue;
            };
            let sender = Arc::clone(&this);
            running.spawn(async move {
                sender.send(number, due).await;
                drop(place);
            });
        }
        while running.join_next().await.is_some() {}
    }

    async fn send(&self, number: u64, due: Instant) {
        let lead = self.people.lead(number);
        self.ledger.sent(number, due);
        let give_up = Instant::now() + self.retry_for;
        let mut seen_broken = false;
        let verdict = loop {
            match self.attempt(&lead).await {
                Try::Done(verdict) => break verdict,
                Try::NotThere => {}
                Try::Broken => seen_broken = true,
            }
            if Instant::now() >= give_up {
                break if seen_broken { Verdict::InDoubt } else { Verdict::Unreachable };
            }
            self.ledger.retried();
            tokio::time::sleep(RETRY_WAIT).await;
        };
        // A broken try may have stored the lead: that a later one is called a repeat is right then.
        let verdict = match verdict {
            Verdict::Captured { .. } if seen_broken => Verdict::Captured { created: true },
            other => other,
        };
        self.ledger.verdict(number, &verdict, Instant::now());
    }

    async fn attempt(&self, lead: &super::people::Lead) -> Try {
        let response = match self.client.post(self.url.clone()).json(lead).send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Try::NotThere,
            Err(error) if error.is_timeout() => return Try::Done(Verdict::InDoubt),
            Err(_) => return Try::Broken,
        };
        let status = response.status();
        if status != StatusCode::OK {
            return Try::Done(Verdict::Refused(status.as_u16()));
        }
        // The acknowledgement is the status: a receipt that cannot be read takes nothing from it.
        let receipt = response.json::<Receipt>().await.ok();
        let created =
            receipt.and_then(|receipt| receipt.status).is_none_or(|status| status == "created");
        Try::Done(Verdict::Captured { created })
    }
}
