//! How much later the engine shows the first words of an answer than whoever asks the model directly.
//!
//! `cargo run --release -p forecourt-loadtest --example first_token [-- CALLS]`
//!
//! Both sides ask the same stub, in turns, with the same body, over connections that are kept open. The
//! direct side stops at the bytes of the first piece of text. The engine's side renders the prompt, goes
//! through the chain of providers, reads the protocol, waits for the end of the first sentence, crosses
//! from the io runtime to the caller's, and passes the claim gate. The difference of each pair is what
//! the engine adds; the way to a browser is not in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use forecourt_core::gate::Gate;
use forecourt_core::models::Provider;
use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_models::anthropic::{Anthropic, AnthropicConfig};
use forecourt_models::chain::{Chain, Link};
use forecourt_models::gemini::{Gemini, GeminiConfig};
use forecourt_models::openai::{OpenAi, OpenAiConfig};
use forecourt_models::prompts::Prompts;
use forecourt_ports::fake::ManualClock;
use forecourt_ports::model::{Ask, Delta, Model};
use futures_util::StreamExt as _;
use hdrhistogram::Histogram;
use tokio::runtime::Handle;

#[path = "../../engine/models/tests/common/mod.rs"]
mod dealer;

/// Pairs of calls whose times do not count.
const WARM_UP: usize = 50;
/// The piece of text that both wait for; the second sentence lets the engine know that the first is whole.
const SAYS: &str = "Takk for meldingen. Hvilken bil gjelder det, og hva lurer du på?";

fn main() -> anyhow::Result<()> {
    let calls = std::env::args().nth(1).map_or(Ok(2_000), |calls| calls.parse())?;
    let installed = rustls::crypto::ring::default_provider().install_default();
    anyhow::ensure!(installed.is_ok(), "a TLS implementation was chosen before");
    let io = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let caller = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{:<10} {:>12} {:>12} {:>12} {:>12}",
        "µs", "direct p50", "engine p50", "added p50", "added p99"
    );
    for provider in [Provider::Anthropic, Provider::Openai, Provider::Gemini] {
        caller.block_on(measure(provider, calls, io.handle()))?;
    }
    Ok(())
}

async fn measure(provider: Provider, calls: usize, io: &Handle) -> anyhow::Result<()> {
    let config = ModelSimConfig {
        scenario: Some(format!("reply;text={SAYS}")),
        keep_bodies: true,
        prompt_trigger: false,
        ..ModelSimConfig::default()
    };
    let sim = ModelSim::start(config)?;
    let model = chain(provider, &sim, io)?;
    let ask = dealer::ask();
    engine(&model, &ask).await?;
    let body = sim.requests().requests.pop().and_then(|call| call.body).context("no body")?;
    let direct = Direct::new(provider, &sim, &body)?;
    let mut times = [Histogram::<u64>::new(3)?, Histogram::new(3)?, Histogram::new(3)?];
    for pair in 0..WARM_UP + calls {
        let alone = direct.call().await?;
        let with = engine(&model, &ask).await?;
        if pair >= WARM_UP {
            let added = with.saturating_sub(alone);
            for (histogram, time) in times.iter_mut().zip([alone, with, added]) {
                histogram.record(time.as_micros() as u64)?;
            }
        }
    }
    let [alone, with, added] = &times;
    println!(
        "{:<10} {:>12} {:>12} {:>12} {:>12}   p99: direct {}, engine {}",
        provider.as_str(),
        alone.value_at_quantile(0.5),
        with.value_at_quantile(0.5),
        added.value_at_quantile(0.5),
        added.value_at_quantile(0.99),
        alone.value_at_quantile(0.99),
        with.value_at_quantile(0.99),
    );
    Ok(())
}

/// The engine's way to a model of this provider.
fn chain(provider: Provider, sim: &ModelSim, io: &Handle) -> anyhow::Result<Chain> {
    let (prompts, io) = (Arc::new(Prompts::embedded()), io.clone());
    let key = || "any".to_owned().into();
    let model: Arc<dyn Model> = match provider {
        Provider::Openai => {
            let config = OpenAiConfig::new(key(), &format!("{}/v1", sim.url()), "local-model");
            Arc::new(OpenAi::new(config, prompts, io)?)
        }
        Provider::Gemini => {
            let mut config = GeminiConfig::new(key(), "gemini-3-flash-preview");
            config.client.base_url = sim.url();
            Arc::new(Gemini::new(config, prompts, io)?)
        }
        Provider::Anthropic | Provider::House => {
            let mut config = AnthropicConfig::new(key());
            config.client.base_url = sim.url();
            Arc::new(Anthropic::new(config, prompts, io)?)
        }
    };
    let clock = ManualClock::new(dealer::ask().grounding.now);
    Ok(Chain::new(vec![Link::new(provider, model)], Arc::new(clock)))
}

/// Until the gate releases the first words.
async fn engine(model: &Chain, ask: &Ask) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut gate = Gate::new(&ask.grounding, ask.lang);
    let mut answer = model.answer(ask.clone());
    let mut first = None;
    while let Some(delta) = answer.next().await {
        let released = match delta? {
            Delta::Text(text) => gate.push(&text),
            Delta::Call(_) => continue,
            Delta::Done(_) => gate.finish(),
        };
        if !released.text.is_empty() {
            first.get_or_insert_with(|| start.elapsed());
        }
    }
    first.context("nothing was released")
}

/// A streaming client that looks for nothing but the first piece of text.
struct Direct {
    http: reqwest::Client,
    request: reqwest::Request,
}

impl Direct {
    fn new(provider: Provider, sim: &ModelSim, body: &serde_json::Value) -> anyhow::Result<Self> {
        let path = match provider {
            Provider::Openai => "/v1/chat/completions",
            Provider::Gemini => {
                "/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"
            }
            Provider::Anthropic | Provider::House => "/v1/messages",
        };
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        let request = http
            .post(format!("{}{path}", sim.url()))
            .header("x-api-key", "any")
            .header("anthropic-version", "2023-06-01")
            .header("x-goog-api-key", "any")
            .header("content-type", "application/json")
            .body(serde_json::to_vec(body)?);
        let request =
            if provider == Provider::Openai { request.bearer_auth("any") } else { request };
        Ok(Self { http, request: request.build()? })
    }

    async fn call(&self) -> anyhow::Result<Duration> {
        let request = self.request.try_clone().context("the body can be sent again")?;
        let start = Instant::now();
        let mut response = self.http.execute(request).await?.error_for_status()?;
        let mut first = None;
        while let Some(bytes) = response.chunk().await? {
            if memchr::memmem::find(&bytes, b"Takk").is_some() {
                first.get_or_insert_with(|| start.elapsed());
            }
        }
        first.context("the stub said nothing")
    }
}
