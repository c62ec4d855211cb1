//! `forecourt-loadtest run`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use forecourt_loadtest::report::{Report, html, number};
use forecourt_loadtest::run::{self, Progress};
use forecourt_loadtest::scenario::Scenario;
use forecourt_loadtest::scenario::threshold::FIGURES;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;

/// Time between lines of progress where nobody looks at a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 every threshold was met, 1 one was missed, 2 there was no run."
)]
pub(crate) struct Args {
    /// Scenario file, or the name of one in loadtest/scenarios
    scenario: PathBuf,
    /// The engine's binary
    #[arg(long, value_name = "BINARY", default_value = "target/release/forecourt")]
    engine: PathBuf,
    /// Folder that gets report.html and report.json [default: target/bench/<name>]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Changes the scenario, as `phases.load.leads.rate=50`; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE")]
    settings: Vec<String>,
    /// Apply the scenario's own settings for a short run
    #[arg(long)]
    quick: bool,
    /// Progress and result as JSON lines on standard output
    #[arg(long)]
    json: bool,
    /// Read the scenario, say what it would do, and do nothing
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = find(&args.scenario);
    let scenario = Scenario::read(&path, args.quick, &args.settings)?;
    eprintln!("{}: {}", scenario.name, scenario.about);
    eprintln!("seed {}, {:?}, {} forms", scenario.seed, scenario.length(), scenario.forms());
    if args.check {
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::ensure!(
        args.engine.is_file(),
        "there is no engine at {}; build it or give --engine",
        args.engine.display()
    );
    let out = args.out.clone().unwrap_or_else(|| Path::new("target/bench").join(&scenario.name));
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let stop = super::StopSignals::listen()?;
    let report = stop.unless_told(async {
        let (told, progress) = watch::channel(Progress::default());
        let shown = tokio::spawn(show(progress, args.json));
        let report = run::run(&scenario, &args.engine, told).await;
        // It ends by itself now that nobody tells it anything.
        shown.await.ok();
        report
    });
    let Some(report) = report else {
        eprintln!("stopped before the end");
        return Ok(ExitCode::from(130));
    };
    let report = report?;
    write(&report, &out)?;
    if args.json {
        println!(
            "{}",
            json!({ "event": "result", "good": report.good, "figures": report.figures })
        );
    } else {
        print!("{report}");
    }
    eprintln!("{}", out.join("report.html").display());
    Ok(if report.good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints every figure that a threshold may name.
pub(crate) fn figures() -> ExitCode {
    for (name, what) in FIGURES {
        println!("{name:<28} {what}");
    }
    ExitCode::SUCCESS
}

/// A bare name is one of the scenarios that come with the project.
fn find(given: &Path) -> PathBuf {
    if given.exists() || given.extension().is_some() {
        return given.to_owned();
    }
    Path::new("loadtest/scenarios").join(given).with_extension("toml")
}

fn write(report: &Report, out: &Path) -> anyhow::Result<()> {
    let put = |name: &str, text: String| {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    put("report.json", serde_json::to_string_pretty(report)? + "\n")?;
    put("report.html", html::page(report))
}

/// Shows progress until nobody tells it any more.
async fn show(mut progress: watch::Receiver<Progress>, json: bool) {
    let bar = (!json && std::io::stderr().is_terminal()).then(|| {
        let bar = ProgressBar::new(1);
        // A template that cannot be read leaves the plain bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {prefix}  {wide_msg}") {
            bar.set_style(style);
        }
        bar
    });
    let mut next_line = Duration::ZERO;
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        if let Some(bar) = &bar {
            bar.set_length(now.length.as_millis() as u64);
            bar.set_position(now.elapsed.min(now.length).as_millis() as u64);
            bar.set_prefix(format!("{:4.0} s {}", now.elapsed.as_secs_f64(), now.phase));
            bar.set_message(words(&now));
        } else if json {
            println!(
                "{}",
                json!({
                    "event": "progress",
                    "elapsed_s": now.elapsed.as_secs_f64(),
                    "phase": now.phase,
                    "counts": now.counts,
                    "rss_mib": now.rss_mib,
                    "cores": now.cores,
                    "faults": now.faults,
                })
            );
        } else if now.elapsed >= next_line {
            next_line = now.elapsed + LINE_EVERY;
            eprintln!("{:6.1} s  {:<20} {}", now.elapsed.as_secs_f64(), now.phase, words(&now));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn words(now: &Progress) -> String {
    let counts = &now.counts;
    let mut words = Vec::new();
    if counts.sent > 0 {
        words.push(format!(
            "{} sent {} acked {} answered",
            counts.sent, counts.acked, counts.answered
        ));
    }
    if counts.chat_sessions > 0 {
        words.push(format!("{}/{} chats", counts.chat_answered, counts.chat_messages));
    }
    if counts.dashboards > 0 {
        words.push(format!("{} boards {} events", counts.dashboards, counts.dashboard_events));
    }
    if counts.overloaded + counts.server_errors > 0 {
        words.push(format!("{} busy {} errors", counts.overloaded, counts.server_errors));
    }
    words.push(format!("{:.0} MiB {} cores", now.rss_mib, number(now.cores)));
    words.extend(now.faults.iter().map(|fault| format!("[{fault}]")));
    words.join(" · ")
}
