//! `forecourt database`: the private Postgres by itself, for several nodes of one machine.
//!
//! The url it prints leads to the unix socket and holds no password: the socket's folder lets in the user
//! who started it (and root), and nobody else. Over TCP it answers with a password alone, as ever.
//!
//! # Invariants
//! - the server never outlives this process, and its folder has one owner at a time;
//! - **A14** what is printed is no secret.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use forecourt_store::embedded::{Cluster, ClusterConfig, ClusterState};
use secrecy::ExposeSecret as _;

use crate::{config::SharedPostgresArgs, serve::stop_signal};

/// How often it is looked whether the server's watcher is still there.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &SharedPostgresArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the server: a stop during its start must not be the end of us alone.
    let reason = {
        let _entered = runtime.enter();
        stop_signal()?
    };
    let settings = vec![("max_connections".to_owned(), args.max_connections.to_string())];
    let config = ClusterConfig { settings, ..ClusterConfig::new(&args.data_dir) };
    let cluster = Cluster::start(config).context("the private Postgres does not start")?;
    say_ready(&cluster, started)?;
    let mut state = cluster.watch();
    let ended = runtime.block_on(async {
        tokio::pin!(reason);
        loop {
            tokio::select! {
                reason = &mut reason => return Ok(reason),
                () = tokio::time::sleep(LOOK) => anyhow::ensure!(
                    *state.borrow_and_update() != ClusterState::Stopped,
                    "the private Postgres has ended by itself"
                ),
            }
        }
    });
    if let Ok(reason) = &ended {
        tracing::info!(reason, "stopping the private Postgres");
    }
    cluster.stop();
    ended.map(|_| ())
}

/// One line of JSON, for the program that starts the nodes next.
fn say_ready(cluster: &Cluster, started: Instant) -> anyhow::Result<()> {
    let access = cluster.access();
    // Without the owner's password, which the socket does not ask for.
    let url = access.owner.with_role(access.owner.user(), None).url();
    let ready = serde_json::json!({
        "event": "ready",
        "url": url.expose_secret(),
        "pid": std::process::id(),
        "took_ms": started.elapsed().as_millis() as u64,
    });
    let mut out = std::io::stdout();
    writeln!(out, "{ready}").and_then(|()| out.flush()).context("nobody reads where it is")
}
