//! The load generator: sends leads at a rate, sees what the mail provider got, and keeps the books.
//!
//! Lives here: one run from the first lead to the last mail. The parts: [`people`] makes the leads,
//! [`sender`] sends them, [`ledger`] matches acknowledgements and mails, [`report`] sums up,
//! [`crate::engine`] starts and stops an engine of its own.
//!
//! # Rules
//! - open loop: a lead is due at its time whether or not the engine keeps up, and every latency is
//!   counted from that time; a lead that finds no free place in flight is reported, not delayed;
//! - what was acknowledged must be answered exactly once (A1, A4); the rest is told apart by name.

pub mod ledger;
pub mod people;
pub mod report;
pub mod sender;
pub mod target;

use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::watch;

use self::ledger::{Counts, Ledger};
use self::people::People;
use self::report::Report;
use self::sender::Sender;
pub use self::target::{Target, TargetError};
use crate::engine::{EngineError, EngineProcess, Usage};
use crate::smtp_sim::SmtpSim;

/// Most leads of one run (A9): the ledger holds each of them.
pub const MAX_LEADS: u64 = 1_000_000;

/// What a run does.
#[derive(Debug, Clone)]
pub struct LeadsConfig {
    pub target: Target,
    /// The tenant's slug.
    pub tenant: String,
    /// Leads a second.
    pub rate: f64,
    /// How long leads are sent.
    pub duration: Duration,
    /// Seed of names, messages and everything else that is random.
    pub seed: u64,
    /// Part of every address, so that two runs against one database do not meet.
    pub tag: String,
    /// Requests at once; a lead that is due beyond them is not sent, and reported.
    pub max_in_flight: usize,
    /// How long a lead is sent again while the engine refuses connections.
    pub retry_for: Duration,
    /// How long to wait for answers after the last lead.
    pub settle: Duration,
    /// How long to look for second answers after the last first one.
    pub linger: Duration,
}

/// Why a run cannot be made.
#[derive(Debug, Error)]
pub enum LeadsError {
    #[error("the rate must be above 0 and the leads at most {MAX_LEADS}")]
    Size,
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Makes a run. `progress` is told the counts as they change; `engine` measures the engine, if it
/// is ours.
pub async fn run(
    config: &LeadsConfig,
    smtp: Arc<SmtpSim>,
    progress: watch::Sender<Progress>,
    engine: Option<&EngineProcess>,
) -> Result<Report, LeadsError> {
    let wanted = (config.rate * config.duration.as_secs_f64()).round();
    if !(config.rate > 0.0 && wanted >= 1.0 && wanted <= MAX_LEADS as f64) {
        return Err(LeadsError::Size);
    }
    let people = People::new(config.seed, &config.tag);
    let ledger = Arc::new(Ledger::new(people.clone(), wanted as u64));
    // Made before the clock starts: it takes its time.
    let sender = Sender::new(config, people, Arc::clone(&ledger)).map_err(LeadsError::Client)?;
    let before = engine.map(EngineProcess::usage).transpose()?;
    let start = Instant::now();
    let reader = tokio::spawn(read_mails(smtp.clone(), Arc::clone(&ledger)));
    let teller = tokio::spawn(tell(Arc::clone(&ledger), progress, start));

    sender.send_all(wanted as u64, start).await;
    settle(config, &ledger).await;

    let took = start.elapsed();
    reader.abort();
    teller.abort();
    // What came between the reader's last look and now.
    note(&smtp, &ledger);
    let after = engine.map(EngineProcess::usage).transpose()?;
    let usage = before.zip(after).map(|(before, after)| Usage {
        cpu: after.cpu.saturating_sub(before.cpu),
        peak_rss: after.peak_rss,
    });
    Ok(Report::new(config, &ledger, took, usage, smtp.mistakes().len()))
}

/// What a progress display shows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    pub elapsed: Duration,
    pub counts: Counts,
}

async fn tell(ledger: Arc<Ledger>, progress: watch::Sender<Progress>, start: Instant) {
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    loop {
        tick.tick().await;
        progress.send_replace(Progress { elapsed: start.elapsed(), counts: ledger.counts() });
    }
}

/// Books every mail as it comes, and frees its memory.
async fn read_mails(smtp: Arc<SmtpSim>, ledger: Arc<Ledger>) {
    let mut count = smtp.watch();
    loop {
        note(&smtp, &ledger);
        if count.changed().await.is_err() {
            return;
        }
    }
}

fn note(smtp: &SmtpSim, ledger: &Ledger) {
    for mail in smtp.take_mails() {
        for recipient in &mail.to {
            ledger.mail(recipient, mail.received, mail.message_id());
        }
    }
}

/// Waits until every acknowledged lead has its answer, or the time is up; then looks for seconds.
async fn settle(config: &LeadsConfig, ledger: &Ledger) {
    let mut changes = ledger.watch();
    let all = async {
        while ledger.counts().unanswered() > 0 {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    // Too late is what the report calls lost.
    tokio::time::timeout(config.settle, all).await.ok();
    tokio::time::sleep(config.linger).await;
}
