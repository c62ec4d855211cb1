//! The binary `forecourt`: configuration, telemetry, wiring, shutdown, commands.
//!
//! Lives here: nothing that decides. [`config`] reads the command line and the environment,
//! [`database`] starts or reaches Postgres, [`wiring`] puts adapters behind ports, [`serve`] runs until
//! it is told to stop, [`shared_postgres`] runs the database alone, [`admin`] does what operators ask for,
//! [`preview`] makes stages on which nothing is real, [`replay`] says why a conversation went as it did, [`eval`] plays the cases of conversations.

mod admin;
mod bench_fanout;
mod clock;
mod config;
mod database;
mod eval;
mod models;
mod preview;
mod replay;
mod serve;
mod shared_postgres;
mod simulate;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use self::config::{Cli, Command, SessionCommand};

fn main() -> ExitCode {
    // The TLS provider is chosen once, before anything connects.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("forecourt: the TLS provider was installed twice");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let _telemetry = telemetry::init(&cli.log);
    let result = match cli.command {
        Command::Serve(serve) => serve::run(*serve, false),
        Command::BenchFanout(serve) => serve::run(*serve, true),
        Command::Database(database) => shared_postgres::run(&database),
        Command::Admin(admin) => admin::run(admin),
        Command::Session(session) => {
            let SessionCommand::Replay(args) = session.command;
            match replay::run(&args) {
                Ok(true) => Ok(()),
                Ok(false) => return ExitCode::FAILURE,
                Err(error) => {
                    complain(&error);
                    return ExitCode::from(2);
                }
            }
        }
        Command::Eval(args) => match eval::run(&args) {
            Ok(false) => return ExitCode::FAILURE,
            whole => whole.map(drop),
        },
        Command::Simulate(simulate) => match simulate::run(&simulate) {
            Ok(false) => return ExitCode::FAILURE,
            sound => sound.map(drop),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// One line per cause: the last one usually says what to do.
fn complain(error: &anyhow::Error) {
    eprintln!("forecourt: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
