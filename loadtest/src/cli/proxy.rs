//! `forecourt-loadtest proxy`.

use std::net::SocketAddr;
use std::sync::Arc;

use forecourt_loadtest::proxy::control::Control;
use forecourt_loadtest::proxy::{Dial, Proxy};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where connections lead, as 127.0.0.1:5432; this machine alone
    #[arg(long, value_name = "HOST:PORT")]
    to: SocketAddr,
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the controls over HTTP; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// A dial from the start, as `latency;ms=200`, `bandwidth;bytes=10000`, `slice;bytes=1`,
    /// `blackhole;towards=server`, `reset`, `cut;after=100`, `half_close;after=100`, `refuse`; may be given
    /// several times
    #[arg(long = "dial", value_name = "SPEC")]
    dials: Vec<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let dials = args.dials.iter().map(|dial| Dial::parse(dial)).collect::<Result<Vec<_>, _>>()?;
    let stop = super::StopSignals::listen()?;
    let proxy = Arc::new(Proxy::start(args.port, args.to)?);
    proxy.set(&dials);
    let control = Control::start(args.control_port, Arc::clone(&proxy))?;
    println!(
        "{}",
        serde_json::json!({
            "listening": proxy.addr().to_string(), "control": control.addr().to_string(),
        })
    );
    stop.wait();
    drop((control, proxy));
    Ok(())
}
