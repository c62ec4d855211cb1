//! `forecourt-loadtest http-sim`.

use forecourt_loadtest::http_sim::{HttpSim, HttpSimConfig};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A dial, as `status;code=429;retry_after=2`, `slow;ms=500`, `hang`, `lost_answer`, `half_body`, `reset`,
    /// `garbage`; may be given several times
    #[arg(long = "dial", value_name = "SPEC")]
    dials: Vec<String>,
    /// Do a thing as often as it is asked, whatever its idempotency key
    #[arg(long)]
    ignore_keys: bool,
    /// Keep bodies for `GET /sim/received`: they may hold personal data
    #[arg(long)]
    keep_bodies: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let stop = super::StopSignals::listen()?;
    let sim = HttpSim::start(HttpSimConfig {
        port: args.port,
        dials: args.dials,
        ignore_keys: args.ignore_keys,
        keep_bodies: args.keep_bodies,
        ..HttpSimConfig::default()
    })?;
    super::announce(sim.addr());
    stop.wait();
    eprintln!("{} calls accepted", sim.received().accepted);
    Ok(())
}
