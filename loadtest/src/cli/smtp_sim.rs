//! `forecourt-loadtest smtp-sim`.

use std::path::PathBuf;

use forecourt_loadtest::smtp_sim::{Login, SmtpSim, SmtpSimConfig};
use secrecy::SecretString;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A fault, as `rcpt;code=450;times=2`, `accept;code=451`, `lost_ack`, `cut;at=data`,
    /// `hang;at=connect`, `garbage;at=ehlo`, `slow;ms=500`, `refuse`; may be given several times
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<String>,
    /// Append a JSON line per mail to this file: it holds personal data
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Take messages with bare line feeds, long lines or NUL
    #[arg(long)]
    lenient: bool,
    /// Largest message, in octets
    #[arg(long, value_name = "N", default_value_t = 25 << 20)]
    max_size: usize,
    /// Recipients of one mail
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_recipients: usize,
    /// Connections at once; one more gets 421
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_connections: usize,
    /// Mails after which a connection gets 421 [default: no limit]
    #[arg(long, value_name = "N")]
    mails_per_connection: Option<u32>,
    /// Require this login
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Password of the login
    #[arg(long, requires = "user", env = "FORECOURT_SMTP_SIM_PASSWORD", hide_env_values = true)]
    password: Option<SecretString>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let stop = super::StopSignals::listen()?;
    let sim = SmtpSim::start(SmtpSimConfig {
        port: args.port,
        faults: args.faults,
        strict: !args.lenient,
        max_size: args.max_size,
        max_recipients: args.max_recipients,
        max_connections: args.max_connections,
        mails_per_connection: args.mails_per_connection,
        login: args.user.zip(args.password).map(|(user, password)| Login { user, password }),
        file: args.file,
        ..SmtpSimConfig::default()
    })?;
    super::announce(sim.addr());
    stop.wait();
    eprintln!("{} mails accepted", *sim.watch().borrow());
    sim.stop();
    Ok(())
}
