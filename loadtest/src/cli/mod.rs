//! The command line: one subcommand a module.

mod adversary;
mod calendar_sim;
mod compare;
mod fanout;
mod http_sim;
mod leads;
mod model_sim;
mod proxy;
mod run;
mod smtp_sim;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Load generator and provider simulators for Forecourt. Everything stays on loopback.
#[derive(Debug, Parser)]
#[command(name = "forecourt-loadtest", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario: load, faults, ledger, report, thresholds
    Run(Box<run::Args>),
    /// List the figures that a threshold may name
    Figures,
    /// Send leads at a rate and see that each is answered once
    Leads(Box<leads::Args>),
    /// Let a model lie and ask for what it must not have, and see that nothing of it leaves or happens
    Adversary(adversary::Args),
    /// Compare the whole pipeline with Fastify, BullMQ, Redis and Postgres, in one run
    Compare(Box<compare::Args>),
    /// Compare fan-out with nchan, socket.io, NATS and a bare send loop, in one run
    Fanout(Box<fanout::Args>),
    /// One prepared write an event and listener: the bound that the comparison names
    #[command(hide = true)]
    SendLoop,
    /// A model provider that speaks Anthropic's, OpenAI's and Gemini's protocols and misbehaves on demand
    ModelSim(model_sim::Args),
    /// A mail provider that keeps what it accepts and misbehaves on demand
    SmtpSim(smtp_sim::Args),
    /// A provider over HTTP that remembers idempotency keys and misbehaves on demand
    HttpSim(http_sim::Args),
    /// Calendars of Cal.com, CalDAV, Google and Microsoft that misbehave on demand
    CalendarSim(calendar_sim::Args),
    /// A TCP proxy that behaves like a bad network
    Proxy(proxy::Args),
}

/// Runs the command; errors are told on standard error with their causes.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Figures => Ok(run::figures()),
        Command::HttpSim(args) => http_sim::run(args).map(|()| ExitCode::SUCCESS),
        Command::CalendarSim(args) => calendar_sim::run(args).map(|()| ExitCode::SUCCESS),
        Command::Proxy(args) => proxy::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Adversary(args) => adversary::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Fanout(args) => fanout::run(&args),
        Command::SendLoop => fanout::send_loop(),
        Command::Leads(args) => leads::run(*args),
        Command::ModelSim(args) => model_sim::run(args).map(|()| ExitCode::SUCCESS),
        Command::SmtpSim(args) => smtp_sim::run(args).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

/// Writes a file, and the folder it lies in.
fn write(file: &std::path::Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Tells the world that a simulator is ready: one JSON line on standard output.
fn announce(addr: SocketAddr) {
    println!("{}", serde_json::json!({ "listening": addr.to_string() }));
}

/// SIGTERM and SIGINT, caught from the moment this exists: a stop that comes right after the ready
/// line must be a clean one.
struct StopSignals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        let (terminate, interrupt) = {
            let _entered = runtime.enter();
            let catch = |kind| signal(kind).context("cannot wait for signals");
            (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?)
        };
        Ok(Self { runtime, terminate, interrupt })
    }

    /// Waits for either.
    fn wait(self) {
        self.unless_told(std::future::pending::<()>());
    }

    /// Does `work` unless it is told to stop before the end.
    fn unless_told<T>(mut self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => None,
                _ = self.interrupt.recv() => None,
                done = work => Some(done),
            }
        })
    }
}
