//! `forecourt-loadtest fanout` and `send-loop`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use forecourt_loadtest::fanout::measure::{self, Plan, Turn};
use forecourt_loadtest::fanout::publisher::Publisher;
use forecourt_loadtest::fanout::report::Report;
use forecourt_loadtest::fanout::server::{Kind, Places, Server, peers_folder};
use forecourt_loadtest::fanout::{affinity, send_loop};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 measured, 2 a server could not be measured. Bars that are \
                        missed are told, not failed: the machine is shared.")]
pub(crate) struct Args {
    /// Who takes part, in this order; the rate that is alike for all is half of the nchan's before it
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [
        Kind::NchanWs, Kind::ForecourtWs, Kind::NchanSse, Kind::ForecourtSse, Kind::SocketIo,
        Kind::Nats, Kind::SendLoop,
    ])]
    servers: Vec<Kind>,
    /// Turns of each server
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Listeners of the one stream
    #[arg(long, default_value_t = 1_000)]
    listeners: usize,
    /// Bytes of an event's text
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// Seconds of each phase
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Events on their way while flooding
    #[arg(long, default_value_t = 128)]
    window: u32,
    /// Processors of the servers, as `taskset -c` takes them
    #[arg(long, value_name = "LIST")]
    server_cpus: Option<String>,
    /// Processors of the load client
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
    // Before anything is measured: an installation would take processors from a turn.
    for kind in &args.servers {
        kind.install(&places).with_context(|| format!("{} takes part", kind.name()))?;
    }
    let mut turns = Vec::new();
    let (mut whole, mut alike) = (true, None);
    for round in 1..=args.rounds {
        for kind in &args.servers {
            match turn(*kind, &places, args, alike) {
                Ok(turn) => {
                    if matches!(kind, Kind::NchanWs | Kind::NchanSse) {
                        alike = Some(turn.flooded.deliveries_per_s / turn.listeners as f64 / 2.0);
                    }
                    eprintln!(
                        "round {round} {:>13}: paced {:.3} M/s per core, flooded {:.3}, half rate \
                         p99 {:.1} ms, {:.1} KiB idle",
                        turn.server,
                        turn.paced.per_core / 1e6,
                        turn.flooded.per_core / 1e6,
                        turn.half.p99_ms,
                        turn.idle_bytes / 1024.0
                    );
                    turns.push(turn);
                }
                Err(error) => {
                    whole = false;
                    eprintln!("round {round} {:>13}: {error:#}", kind.name());
                }
            }
        }
    }
    anyhow::ensure!(!turns.is_empty(), "no server could be measured");
    let report = Report::new(turns);
    print!("{}", report.markdown());
    if let Some(file) = &args.json {
        super::write(file, &serde_json::to_string_pretty(&report)?)?;
        super::write(&file.with_extension("md"), &report.markdown())?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn turn(kind: Kind, places: &Places, args: &Args, alike: Option<f64>) -> anyhow::Result<Turn> {
    // nchan's own half is the measure.
    let alike = alike.filter(|_| !matches!(kind, Kind::NchanWs | Kind::NchanSse));
    let server = Server::start(kind, places, args.listeners)?;
    let mut publisher = Publisher::connect(server.publish, server.way.clone(), args.bytes)?;
    let plan = Plan {
        phase: Duration::from_secs(args.seconds.max(1)),
        window: args.window.max(1),
        threads: 2,
        alike,
    };
    measure::turn((kind.name(), server.pid()), &server.dials, &mut publisher, plan)
        .with_context(|| format!("the end of its log:\n{}", server.log_tail()))
}

/// The bare loop as a server of its own.
pub(crate) fn send_loop() -> anyhow::Result<ExitCode> {
    send_loop::serve(|listening, publish| {
        println!("{}", serde_json::json!({ "listening": listening, "publish": publish }));
    })?;
    Ok(ExitCode::SUCCESS)
}
