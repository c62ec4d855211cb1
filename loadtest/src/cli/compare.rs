//! `forecourt-loadtest compare`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use forecourt_loadtest::compare::report::Report;
use forecourt_loadtest::compare::{Plan, Side, Stage, turn};
use forecourt_loadtest::fanout::affinity;
use forecourt_loadtest::fanout::server::{Places, peers_folder};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 measured, 2 a side could not be measured. Bars that are \
                        missed are told, not failed: the machine is shared.")]
pub(crate) struct Args {
    /// Who takes part, in this order
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Side::Forecourt, Side::Node])]
    sides: Vec<Side>,
    /// Turns of each side
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leads a second, rising; a side stops at the first that it does not keep up with
    #[arg(long, value_delimiter = ',', default_values_t = [
        200.0, 500.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0,
    ])]
    rates: Vec<f64>,
    /// Seconds of each rate
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// A side whose 99th answer of a hundred is later has begun to queue; more on a busy machine
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    late_ms: u64,
    /// Processors of the measured side, its database among it, as `taskset -c` takes them
    #[arg(long, value_name = "LIST")]
    server_cpus: Option<String>,
    /// Processors of the load and the simulators
    #[arg(long, value_name = "LIST")]
    client_cpus: Option<String>,
    /// The engine's binary
    #[arg(long, value_name = "BINARY", default_value = "target/release/forecourt")]
    engine: PathBuf,
    /// Write the result as JSON, and as Markdown beside it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(cpus) = &args.client_cpus {
        affinity::pin(cpus).context("--client-cpus")?;
    }
    let places = Places {
        engine: args.engine.clone(),
        peers: peers_folder(),
        own: std::env::current_exe()?,
        cpus: args.server_cpus.clone(),
    };
    let plan = Plan {
        rates: args.rates.clone(),
        time: Duration::from_secs(args.seconds.max(1)),
        late: Duration::from_millis(args.late_ms),
    };
    let stop = super::StopSignals::listen()?;
    let told = stop.unless_told(async {
        let stage = Stage::set(places).await?;
        let (mut turns, mut whole) = (Vec::new(), true);
        for round in 1..=args.rounds {
            for side in &args.sides {
                match turn(&stage, *side, &plan).await {
                    Ok(turn) => turns.push(turn),
                    Err(error) => {
                        whole = false;
                        eprintln!("round {round} {side:?}: {error:#}");
                    }
                }
            }
        }
        anyhow::Ok((turns, whole))
    });
    let Some(told) = told else {
        eprintln!("stopped before the end");
        return Ok(ExitCode::from(130));
    };
    let (turns, whole) = told?;
    anyhow::ensure!(!turns.is_empty(), "neither side could be measured");
    let report = Report::new(turns);
    print!("{}", report.markdown());
    if let Some(file) = &args.json {
        super::write(file, &serde_json::to_string_pretty(&report)?)?;
        super::write(&file.with_extension("md"), &report.markdown())?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
