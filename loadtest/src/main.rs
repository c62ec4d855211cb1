//! The binary `forecourt-loadtest`: simulators and the load generator for a shell.
//!
//! Lives here: the command line alone. Standard output is for machines (one JSON line when a
//! simulator is ready, results at the end); words for people go to standard error.

mod cli;

use clap::Parser;

fn main() -> std::process::ExitCode {
    cli::run(cli::Cli::parse())
}
