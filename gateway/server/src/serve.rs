//! `forecourt serve`: starts everything in order, says where it is, and stops everything in order.
//!
//! Order of the start: database, ports, actors, HTTP. Order of the end, on SIGINT or SIGTERM: take
//! nothing new, let what runs end (10 s at most), close connections, stop Postgres.

use std::{
    io::{IsTerminal as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use forecourt_actors::{CalendarSync, Engine, EngineConfig, WebhookCalls};
use forecourt_core::id::NodeId;
use forecourt_ports::ids::Ids as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    bench_fanout::Door,
    clock::SystemIds,
    config::ServeArgs,
    database::{self, Database},
    telemetry,
    wiring::{self, Wired},
};

/// How long what runs may take to end (R9).
const DRAIN: Duration = Duration::from_secs(10);
/// How often the actors' gauges are read.
const MEASURED: Duration = Duration::from_secs(5);
/// How long calls to integrators' endpoints may take to end; what is cut off is made again.
const LAST_CALLS: Duration = Duration::from_secs(5);
const DEFAULT_PORT: u16 = 8080;

/// Runs until it is told to stop; with `door`, a load generator may publish made-up events.
pub(crate) fn run(args: ServeArgs, door: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    args.test.check()?;
    // Bound first: a taken port is told before anything is started.
    let listener = bind(args.listen)?;
    let metrics = telemetry::metrics()?;
    let io = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("forecourt-io")
        .enable_all()
        .build()?;
    let node = NodeId::from_uuid(SystemIds.uuid());
    let Database { cluster, store } =
        database::open(&args.database, args.vectors.space().as_ref(), node, io.handle())?;

    let served = actix::System::new().block_on({
        let (io, store) = (io.handle().clone(), Arc::clone(&store));
        let sole = cluster.is_some();
        async move {
            let address = listener.local_addr()?;
            let Wired { ports, webhooks, web, calendars, gateway, sink } =
                wiring::wire(&args, address, node, store, &io, metrics).await?;
            let config = EngineConfig { arbiters: args.arbiters, sole, ..EngineConfig::default() };
            let door = door.then(|| Door::new(&ports));
            let engine = Engine::start(ports, config);
            engine.recover().await.context("what an earlier run left cannot be read")?;
            engine.watch(MEASURED);
            let webhooks = WebhookCalls::start(webhooks, sole);
            engine.read_websites(web);
            engine.place_passages();
            let calendars = CalendarSync::start(engine.clone(), calendars);
            let gateway = gateway(engine.clone(), webhooks.clone(), calendars.clone());
            let server = forecourt_http::server(listener, gateway.clone(), args.workers)?;
            let handle = server.handle();
            let serving = actix::spawn(server);
            if let Some(door) = door {
                door.open().await?;
            }
            say_ready(address, started);

            let reason = stop_signal()?.await;
            tracing::info!(reason, "stopping: what runs may end");
            gateway.begin_stop();
            let (drained, (), ()) = tokio::join!(
                engine.stop(DRAIN),
                webhooks.stop(LAST_CALLS),
                calendars.stop(LAST_CALLS),
            );
            handle.stop(true).await;
            serving.await??;
            if let Some(sink) = sink {
                sink.stop().await;
            }
            tracing::info!(drained, "stopped");
            anyhow::Ok(())
        }
    });
    store.close();
    io.shutdown_timeout(Duration::from_secs(1));
    if let Some(cluster) = cluster {
        cluster.stop();
    }
    served
}

/// Takes the given address, or the default port, or, where that is taken, a free one.
fn bind(listen: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    if let Some(address) = listen {
        return TcpListener::bind(address)
            .with_context(|| format!("cannot listen on {address}; choose another with --listen"));
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT))
        .or_else(|_taken| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .context("no free port on 127.0.0.1")
}

/// Says where the engine is: to a person in words, to a program as one line of JSON.
fn say_ready(address: SocketAddr, started: Instant) {
    let (url, took) = (format!("http://{address}"), started.elapsed());
    let mut out = std::io::stdout();
    let said = if out.is_terminal() {
        writeln!(
            out,
            "\n  Forecourt is ready ({:.1} s).\n\n  {url}/                    start here\n  \
             {url}/demo/nordlys-bil    a dealer's website with the chat\n  \
             {url}/app/                the dashboard\n  {url}/dev/mail            the mail that was sent\n\n  Ctrl-C stops it.\n",
            took.as_secs_f64()
        )
    } else {
        let ready = serde_json::json!({
            "event": "ready", "url": url, "pid": std::process::id(), "took_ms": took.as_millis() as u64,
        });
        writeln!(out, "{ready}")
    };
    if said.and_then(|()| out.flush()).is_err() {
        tracing::info!(url, "ready, and nobody reads the standard output");
    }
}

/// Listens for the signals at once; the future ends with the first of them.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = &'static str>> {
    let (mut interrupt, mut terminate): (Signal, Signal) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        }
    })
}
