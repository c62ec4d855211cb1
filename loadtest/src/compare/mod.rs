//! The pipeline against its peer (P6): the same leads, the same model, the same mail provider, in turns.
//!
//! Lives here: one side's turn ([`turn`]) and what it needs. Both sides get a fresh folder, a Postgres with
//! the same settings and the same processors; the simulators, the leads and the dashboards are ours for both.
//! Rates rise until a side begins to queue: then the 99th of a hundred
//! answers is later than [`Plan::late`], or some are missing.
//! [`report`] sets the sides beside each other.

pub mod report;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::fanout::listener::{Dial, Listeners};
use crate::fanout::server::{self, Places, Running};
use crate::fanout::usage::Usage;
use crate::leads::report::Report as LeadsReport;
use crate::leads::{self, LeadsConfig, Progress, Target};
use crate::model_sim::{ModelSim, ModelSimConfig};
use crate::smtp_sim::{SmtpSim, SmtpSimConfig};

/// The stub model's answer takes 200 ms from the request to its last byte: so much before the first byte, the
/// rest between the deltas.
const FIRST: Duration = Duration::from_millis(60);
const DELTAS: Duration = Duration::from_millis(140);
/// Dashboards that are told of everything.
const DASHBOARDS: usize = 5;
const TENANT: &str = "nordlys-bil";
const START: Duration = Duration::from_secs(90);

/// What a turn does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Leads a second, rising.
    pub rates: Vec<f64>,
    /// How long each rate is sent.
    pub time: Duration,
    /// A side whose 99th answer of a hundred is later than this has begun to queue.
    pub late: Duration,
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Forecourt,
    /// Fastify, BullMQ, Redis, Postgres
    Node,
}

/// One rate of one turn.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Step {
    pub rate: f64,
    pub leads: u64,
    /// From when a lead was due to its 200.
    pub captured_p99_ms: f64,
    /// From when a lead was due to the mail provider's acceptance of its answer.
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processors kept busy, the database apart.
    pub engine_cores: f64,
    pub database_cores: f64,
    pub engine_ms_per_lead: f64,
    pub database_ms_per_lead: f64,
    /// Memory of all but the database.
    pub mib: f64,
    /// Answers that are missing, doubled or refused, and leads that found no place.
    pub wrong: u64,
    /// Bytes that all dashboards were told, for one lead.
    pub told: f64,
    /// Whether it kept up.
    pub kept_up: bool,
}

/// One turn of one side.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    pub side: Side,
    pub steps: Vec<Step>,
}

/// What both sides share.
pub struct Stage {
    smtp: Arc<SmtpSim>,
    model: ModelSim,
    places: Places,
}

#[derive(Deserialize)]
struct Said {
    listening: Option<String>,
    url: Option<String>,
}

impl Stage {
    /// Starts the simulators, and sets the model's pace.
    pub async fn set(places: Places) -> anyhow::Result<Self> {
        let trial = ModelSim::start(ModelSimConfig::default())?;
        let deltas = deltas(&trial.url()).await?;
        drop(trial);
        let between = DELTAS / u32::try_from(deltas.max(2) - 1)?;
        eprintln!("the model answers in {deltas} deltas, one each {} ms", between.as_millis());
        let model = ModelSim::start(ModelSimConfig {
            first: FIRST,
            between,
            workers: 2,
            ..ModelSimConfig::default()
        })?;
        let smtp =
            SmtpSim::start(SmtpSimConfig { max_connections: 10_000, ..SmtpSimConfig::default() })?;
        Ok(Self { smtp: Arc::new(smtp), model, places })
    }

    fn command(&self, side: Side) -> (Vec<OsString>, Vec<(&'static str, String)>) {
        match side {
            Side::Forecourt => (
                vec![self.places.engine.clone().into(), "serve".into()],
                vec![
                    ("FORECOURT_SMTP_URL", self.smtp.url()),
                    ("ANTHROPIC_API_KEY", "simulated".to_owned()),
                    ("ANTHROPIC_BASE_URL", self.model.url()),
                ],
            ),
            Side::Node => (
                vec![self.places.peers.join("pipeline").join("start.sh").into()],
                vec![("SMTP_URL", self.smtp.url()), ("MODEL_URL", self.model.url())],
            ),
        }
    }
}

/// Lets a side take leads at rising rates until it queues.
pub async fn turn(stage: &Stage, side: Side, plan: &Plan) -> anyhow::Result<Turn> {
    let (command, env) = stage.command(side);
    let name = format!("{side:?}").to_lowercase();
    let running = Running::start(&name, &command, &env, stage.places.cpus.as_deref())?;
    let until = Instant::now() + START;
    let address = loop {
        let said: Said = tokio::task::block_in_place(|| running.says(until))
            .with_context(|| format!("{name} is not ready:\n{}", running.log_tail()))?;
        if let Some(address) = said.listening.or(said.url) {
            break address.trim_start_matches("http://").to_owned();
        }
    };
    let dashboards = dashboards(side, address.parse()?)?;
    let target: Target = format!("http://{address}").parse()?;
    // The first leads pay for caches, plans and pools of both.
    load(stage, &target, 100.0, Duration::from_secs(4)).await?;
    let mut steps = Vec::new();
    for rate in &plan.rates {
        let bytes = || dashboards.shared.bytes.load(std::sync::atomic::Ordering::Relaxed);
        let (told, before, begin) = (bytes(), Usage::of(running.pid()), Instant::now());
        let report = load(stage, &target, *rate, plan.time).await?;
        let took = begin.elapsed().as_secs_f64();
        let used = Usage::of(running.pid()).since(before);
        let step = step(&report, used, (took, bytes() - told), plan.late);
        eprintln!(
            "{name:>9} {rate:>6.0}/s: p50 {:.0} p99 {:.0} ms, engine {:.2} ms a lead, database {:.2}, \
             {:.0} MiB, {} wrong",
            step.p50_ms,
            step.p99_ms,
            step.engine_ms_per_lead,
            step.database_ms_per_lead,
            step.mib,
            step.wrong
        );
        steps.push(step);
        if !step.kept_up {
            break;
        }
    }
    Ok(Turn { side, steps })
}

async fn load(
    stage: &Stage,
    target: &Target,
    rate: f64,
    duration: Duration,
) -> anyhow::Result<LeadsReport> {
    let now = crate::clock::now();
    let config = LeadsConfig {
        target: target.clone(),
        tenant: TENANT.to_owned(),
        rate,
        duration,
        seed: now.as_nanosecond() as u64,
        tag: format!("{:x}", now.as_millisecond()),
        max_in_flight: 4_000,
        retry_for: Duration::ZERO,
        settle: Duration::from_secs(20),
        linger: Duration::from_millis(500),
    };
    let (told, _) = watch::channel(Progress::default());
    Ok(leads::run(&config, Arc::clone(&stage.smtp), told, None).await?)
}

fn step(report: &LeadsReport, used: Usage, (took, told): (f64, u64), late: Duration) -> Step {
    let counts = &report.counts;
    let leads = counts.captured.max(1) as f64;
    let wrong = report.lost
        + counts.duplicated
        + counts.refused
        + counts.skipped
        + counts.in_doubt
        + counts.unreachable
        + counts.unasked;
    let p99_ms = report.acceptance.map_or(f64::INFINITY, |latency| latency.p99_ms);
    Step {
        rate: report.rate,
        leads: counts.captured,
        captured_p99_ms: report.commit.map_or(f64::INFINITY, |latency| latency.p99_ms),
        p50_ms: report.acceptance.map_or(f64::INFINITY, |latency| latency.p50_ms),
        p99_ms,
        engine_cores: used.engine_s / took,
        database_cores: used.database_s / took,
        engine_ms_per_lead: used.engine_s * 1_000.0 / leads,
        database_ms_per_lead: used.database_s * 1_000.0 / leads,
        mib: used.engine_bytes as f64 / f64::from(1 << 20),
        wrong,
        told: told as f64 / leads,
        kept_up: wrong == 0 && p99_ms <= late.as_secs_f64() * 1_000.0,
    }
}

fn dashboards(side: Side, address: std::net::SocketAddr) -> anyhow::Result<Listeners> {
    let dial: Dial = match side {
        Side::Forecourt => tokio::task::block_in_place(|| server::dashboard(address))?,
        Side::Node => server::socket(address, &format!("/live/{TENANT}")),
    };
    Ok(Listeners::open(&vec![dial; DASHBOARDS], 1, DASHBOARDS, |_| {})?)
}

/// How many deltas an ordinary answer has.
async fn deltas(model: &str) -> anyhow::Result<usize> {
    rustls::crypto::ring::default_provider().install_default().ok(); // may be installed already
    let client = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).build()?;
    let text = client
        .post(format!("{model}/v1/messages"))
        .header("x-api-key", "simulated")
        .header("anthropic-version", "2023-06-01")
        .json(&serde_json::json!({
            "model": "claude-haiku-4-5", "max_tokens": 1_024, "stream": true,
            "messages": [{ "role": "user", "content": "Hello, is the Volvo still available?" }],
        }))
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    Ok(text.matches("event: content_block_delta").count())
}
