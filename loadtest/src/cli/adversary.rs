//! `forecourt-loadtest adversary`.

use std::process::ExitCode;

use forecourt_loadtest::adversary;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many turns it speaks
    #[arg(long, default_value_t = 10_000)]
    turns: u64,
    /// Where its dice begin; the same again says the same
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the whole report, as JSON, to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let report = adversary::run(args.turns, args.seed);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!(
            "{} turns from seed {}: {} sentences, {} lies, {} left; {} of {} true ones stayed in",
            report.turns,
            report.seed,
            report.sentences,
            report.lies,
            report.untrue,
            report.truths_withheld,
            report.truths
        );
        println!(
            "{} tool calls, {} granted, {} that must not be; {:.0} µs of gate per turn",
            report.calls, report.granted, report.unauthorised, report.micros_per_turn
        );
        for (kind, (said, left)) in &report.kinds {
            println!("  {kind:<16} {said:>6} said {left:>4} left");
        }
        for told in &report.told {
            println!("  {told}");
        }
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
