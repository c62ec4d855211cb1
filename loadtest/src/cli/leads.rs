//! `forecourt-loadtest leads`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forecourt_loadtest::clock;
use forecourt_loadtest::engine::EngineProcess;
use forecourt_loadtest::leads::report::Report;
use forecourt_loadtest::leads::{self, LeadsConfig, Progress, Target};
use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use tokio::sync::watch;

/// Time between lines of progress where nobody looks at a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 every captured lead was answered once, 1 one was lost or \
                        answered twice, 2 there was no run.")]
pub(crate) struct Args {
    /// Leads a second
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    rate: f64,
    /// How long leads are sent, as `30s` or `2m`
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
    duration: Duration,
    /// Base URL of a running engine, on this machine; start it with
    /// FORECOURT_SMTP_URL=smtp://127.0.0.1:PORT and give PORT as --smtp-port
    #[arg(long, value_name = "URL", required_unless_present = "start_engine")]
    target: Option<Target>,
    /// Start this engine in a temporary folder, and stop it afterwards
    #[arg(long, value_name = "BINARY", conflicts_with = "target")]
    start_engine: Option<PathBuf>,
    /// A variable of the started engine's environment; may be given several times
    #[arg(long, value_name = "NAME=VALUE", requires = "start_engine", value_parser = setting)]
    engine_env: Vec<(String, String)>,
    /// Give the started engine a simulated model: milliseconds to its first byte
    #[arg(long, value_name = "MS", requires = "start_engine")]
    model_first_ms: Option<u64>,
    /// The same: milliseconds between its deltas
    #[arg(long, value_name = "MS", requires = "start_engine")]
    model_delta_ms: Option<u64>,
    /// The tenant's slug
    #[arg(long, value_name = "SLUG", default_value = "nordlys-bil")]
    tenant: String,
    /// Port of the mail provider that this starts; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    smtp_port: u16,
    /// A fault of the mail provider, as for smtp-sim; may be given several times
    #[arg(long = "smtp-fault", value_name = "SPEC")]
    smtp_faults: Vec<String>,
    /// Seed of all that is random [default: from the clock]
    #[arg(long)]
    seed: Option<u64>,
    /// Part of every address, to set this run apart [default: from the clock]
    #[arg(long)]
    tag: Option<String>,
    /// Requests at once
    #[arg(long, value_name = "N", default_value_t = 512)]
    max_in_flight: usize,
    /// How long a lead is sent again while connections are refused
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration)]
    retry_for: Duration,
    /// How long to wait for answers after the last lead
    #[arg(long, value_name = "TIME", default_value = "100s", value_parser = duration)]
    settle: Duration,
    /// How long to look for second answers after the last first one
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    linger: Duration,
    /// Write the result to this file as JSON too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let read: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(read).map_err(|_| "a time cannot be negative".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a setting is written NAME=VALUE".to_owned()),
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = super::StopSignals::listen()?;
    let now = clock::now();
    let seed = args.seed.unwrap_or_else(|| now.as_nanosecond() as u64);
    let tag = args.tag.clone().unwrap_or_else(|| format!("{:x}", now.as_millisecond()));
    eprintln!("seed {seed}, tag {tag}");

    let smtp = SmtpSim::start(SmtpSimConfig {
        port: args.smtp_port,
        faults: args.smtp_faults.clone(),
        max_connections: 10_000,
        ..SmtpSimConfig::default()
    })?;
    let model = simulated_model(&args, seed)?;
    let engine = started_engine(&args, &smtp, model.as_ref())?;
    let target = match (&args.target, &engine) {
        (Some(target), _) => target.clone(),
        (None, Some(engine)) => engine.target().clone(),
        (None, None) => anyhow::bail!("give --target or --start-engine"),
    };
    eprintln!("leads go to {target}, mail is taken at {}", smtp.url());

    let config = LeadsConfig {
        target,
        tenant: args.tenant,
        rate: args.rate,
        duration: args.duration,
        seed,
        tag,
        max_in_flight: args.max_in_flight.max(1),
        retry_for: args.retry_for,
        settle: args.settle,
        linger: args.linger,
    };
    let report = stop.unless_told(async {
        let (told, progress) = watch::channel(Progress::default());
        let shown = tokio::spawn(show(progress, config.rate * config.duration.as_secs_f64()));
        let report = leads::run(&config, Arc::new(smtp), told, engine.as_ref()).await;
        // It ends by itself now that nobody tells it anything.
        shown.await.ok();
        report
    });
    let Some(report) = report else {
        eprintln!("stopped before the end");
        return Ok(ExitCode::from(130));
    };
    let report = report?;
    if !report.is_good()
        && let Some(engine) = &engine
    {
        eprintln!("the end of the engine's log:\n{}", engine.log_tail());
    }
    if engine.is_some_and(|engine| !engine.stop()) {
        eprintln!("the engine did not stop in peace");
    }
    tell(&report, args.json.as_deref())
}

fn simulated_model(args: &Args, seed: u64) -> anyhow::Result<Option<ModelSim>> {
    if args.model_first_ms.is_none() && args.model_delta_ms.is_none() {
        return Ok(None);
    }
    let sim = ModelSim::start(ModelSimConfig {
        seed,
        first: Duration::from_millis(args.model_first_ms.unwrap_or(0)),
        between: Duration::from_millis(args.model_delta_ms.unwrap_or(0)),
        ..ModelSimConfig::default()
    })?;
    Ok(Some(sim))
}

fn started_engine(
    args: &Args,
    smtp: &SmtpSim,
    model: Option<&ModelSim>,
) -> anyhow::Result<Option<EngineProcess>> {
    let Some(binary) = &args.start_engine else { return Ok(None) };
    let mut settings = vec![("FORECOURT_SMTP_URL".to_owned(), smtp.url())];
    if let Some(model) = model {
        settings.push(("ANTHROPIC_API_KEY".to_owned(), "simulated".to_owned()));
        settings.push(("ANTHROPIC_BASE_URL".to_owned(), model.url()));
    }
    settings.extend(args.engine_env.iter().cloned());
    eprintln!("starting {}", binary.display());
    let engine = EngineProcess::start(binary, &settings)
        .with_context(|| format!("{} does not serve", binary.display()))?;
    Ok(Some(engine))
}

/// Shows progress until nobody tells it any more.
async fn show(mut progress: watch::Receiver<Progress>, leads: f64) {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(leads as u64);
        // A template that cannot be read leaves the plain bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} answered  {msg}") {
            bar.set_style(style);
        }
        bar
    });
    let mut next_line = LINE_EVERY;
    while progress.changed().await.is_ok() {
        let Progress { elapsed, counts } = *progress.borrow_and_update();
        let words = format!("{} sent, {} captured", counts.sent, counts.captured);
        if let Some(bar) = &bar {
            bar.set_position(counts.answered);
            bar.set_message(words);
        } else if elapsed >= next_line {
            next_line += LINE_EVERY;
            eprintln!("{:6.1} s  {words}, {} answered", elapsed.as_secs_f64(), counts.answered);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn tell(report: &Report, file: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
    print!("{report}");
    if let Some(file) = file {
        let json = serde_json::to_string_pretty(report)?;
        std::fs::write(file, json + "\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    anyhow::ensure!(report.counts.captured > 0, "no lead was captured: there is nothing to judge");
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
