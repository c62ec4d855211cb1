//! `forecourt simulate`: what can be asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::faults::FaultSet;

/// Days of traffic in virtual time, with faults, against the invariants.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Days of traffic. Another day follows in which what is under way may end.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    /// The same seed gives the same run. Without it one is drawn, and printed.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// So many seeds, one after the other, beginning with `--seed`.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// `all`, `none`, or kinds: `mail,store-unknown` or `all,-crash`.
    #[arg(long, default_value = "all")]
    pub(crate) faults: FaultSet,
    /// Businesses.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) tenants: u32,
    /// Customers a day, in all.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) leads_per_day: u32,
    /// Nodes that share the store. One alone takes its leases back at its start.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) nodes: u32,
    /// Where it is kept: in memory, or in a private Postgres of its own, thrown away after.
    #[arg(long, value_enum, default_value_t = Kept::Memory)]
    pub(crate) store: Kept,
    /// Stop at this step, and show what led to it.
    #[arg(long)]
    pub(crate) until: Option<u64>,
    /// Write the report as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// No report on the standard output; the exit code tells.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kept {
    Memory,
    Postgres,
}
