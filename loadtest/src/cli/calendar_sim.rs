//! `forecourt-loadtest calendar-sim`.

use forecourt_loadtest::calendar_sim::{CalendarSim, CalendarSimConfig};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A dial, as `status;code=429;retry_after=2`, `slow;ms=500;path=REPORT`, `hang`, `lost_answer`, `half_body`,
    /// `reset`, `garbage`; may be given several times. A path is a method, a space and the path
    #[arg(long = "dial", value_name = "SPEC")]
    dials: Vec<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let stop = super::StopSignals::listen()?;
    let sim = CalendarSim::start(&CalendarSimConfig { port: args.port, dials: args.dials })?;
    super::announce(sim.addr());
    stop.wait();
    eprintln!("{} calls", sim.calls(""));
    Ok(())
}
