//! `forecourt-loadtest model-sim`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use secrecy::SecretString;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Seed of the ids in answers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds before the first byte of an answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    first_ms: u64,
    /// Milliseconds between the deltas of a streamed answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delta_ms: u64,
    /// Answers at once; one more gets 429
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_concurrent: usize,
    /// Requests a minute; one more gets 429 [default: no limit]
    #[arg(long, value_name = "N")]
    rpm: Option<u32>,
    /// Scenario of every request that names none, as `stall;after=3` or `error;code=529`
    #[arg(long, value_name = "SPEC")]
    scenario: Option<String>,
    /// JSON file with a list of steps that are said first
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Let in this key alone [default: any]
    #[arg(long, value_name = "KEY")]
    api_key: Option<SecretString>,
    /// Take `[[sim:…]]` in a user text for text
    #[arg(long)]
    no_prompt_trigger: bool,
    /// Keep whole request bodies for `GET /sim/requests`: they hold personal data
    #[arg(long)]
    keep_bodies: bool,
    /// Threads that serve
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let script = match &args.script {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_str(&text)
                .with_context(|| format!("{} is no list of steps", path.display()))?
        }
        None => Vec::new(),
    };
    let stop = super::StopSignals::listen()?;
    let sim = ModelSim::start(ModelSimConfig {
        port: args.port,
        seed: args.seed,
        first: Duration::from_millis(args.first_ms),
        between: Duration::from_millis(args.delta_ms),
        max_concurrent: args.max_concurrent,
        rpm: args.rpm,
        scenario: args.scenario,
        script,
        api_key: args.api_key,
        prompt_trigger: !args.no_prompt_trigger,
        keep_bodies: args.keep_bodies,
        workers: args.workers,
    })?;
    super::announce(sim.addr());
    stop.wait();
    sim.stop();
    Ok(())
}
