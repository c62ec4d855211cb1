//! The gateway's own state: its ports, its configuration, and what its handlers share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use forecourt_core::id::SessionId;
use forecourt_ports::{
    bus::Bus, clock::Clock, ids::Ids, limiter::Limiter, mailbox::DevMailbox, store::Store,
};
use forecourt_wire::DemoLogin;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::{
    assets::Assets,
    attachments::Uploads,
    calendars::CalendarDesk,
    desk::Desk,
    limits::{Limiters, Limits},
    live::{Lobbies, Rooms, Watches},
    login::Passwords,
    names::Names,
    preview::{Previews, Stage, Stages},
    tokens::{Sealer, SigningKey},
    trace::Traces,
    webhooks::Hooks,
};

/// Gives the metrics in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the gateway needs from outside.
pub struct Parts {
    /// The engine; an [`forecourt_actors::Engine`] in production.
    pub desk: Arc<dyn Desk>,
    pub store: Arc<dyn Store>,
    /// Outgoing webhooks.
    pub hooks: Hooks,
    /// External calendars; without it none can be connected.
    pub calendars: Option<CalendarDesk>,
    /// Stages for previews; without it there are none.
    pub stages: Option<Arc<dyn Stages>>,
    pub bus: Arc<dyn Bus>,
    /// Counts how often somebody asks: in this process, or for all nodes.
    pub limiter: Arc<dyn Limiter>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub config: HttpConfig,
}

/// How the gateway behaves.
pub struct HttpConfig {
    /// Where the outside reaches us, without a slash at the end: `https://forecourt.example`. Without it
    /// the `Host` header is taken, and plain HTTP assumed.
    pub public_url: Option<String>,
    /// Seals visitor tokens and links in mails. All nodes share it.
    pub signing_key: SigningKey,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    pub metrics: RenderMetrics,
    /// Opens `/metrics` to who is not on this machine.
    pub metrics_token: Option<String>,
    /// Opens `/debug/actors` and `/metrics` to an operator who is not on this machine.
    pub platform_token: Option<String>,
    /// Shown on the landing page and at `/v1/public/demo`.
    pub demo: Option<DemoLogin>,
    /// Where traces are exported.
    pub traces: Option<Arc<dyn Traces>>,
    /// Shown at `/dev/mail`.
    pub dev_mailbox: Option<Arc<dyn DevMailbox>>,
    /// Opens the WebSocket echo of `/v1/test/echo`; for conformance tests only.
    pub echo: bool,
    /// How long a visitor's token is good, 24 hours at most.
    pub visitor_ttl: Duration,
    /// How long a member stays signed in.
    pub staff_ttl: Duration,
    pub limits: Limits,
}

impl HttpConfig {
    /// Defaults for a key: plain HTTP on this machine, no demo, no proxies.
    pub fn new(signing_key: SigningKey) -> Self {
        Self {
            public_url: None,
            signing_key,
            trusted_proxies: Vec::new(),
            metrics: Arc::new(String::new),
            metrics_token: None,
            platform_token: None,
            demo: None,
            traces: None,
            dev_mailbox: None,
            echo: false,
            visitor_ttl: Duration::from_hours(24),
            staff_ttl: Duration::from_hours(12),
            limits: Limits::default(),
        }
    }
}

/// The gateway. Cheap to clone; all workers share one.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<State>);

/// What the handlers share.
pub(crate) struct State {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hooks: Hooks,
    pub(crate) calendars: Option<CalendarDesk>,
    pub(crate) previews: Previews,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) config: HttpConfig,
    pub(crate) sealer: Sealer,
    pub(crate) limiters: Limiters,
    pub(crate) names: Arc<Names>,
    pub(crate) rooms: Rooms,
    pub(crate) lobbies: Lobbies,
    pub(crate) watches: Watches,
    pub(crate) assets: Assets,
    pub(crate) passwords: Passwords,
    /// Event streams that are open, by session.
    pub(crate) streams: Mutex<HashMap<SessionId, usize>>,
    pub(crate) sockets: AtomicUsize,
    /// Files that are being uploaded.
    pub(crate) uploads: Uploads,
    /// Cancelled when the node stops: streams and sockets say so and end.
    pub(crate) stopping: CancellationToken,
}

impl Gateway {
    pub fn new(parts: Parts) -> Self {
        Self::until(CancellationToken::new(), parts)
    }

    /// The same machinery over a stage on which nothing is real, until the stage ends.
    pub(crate) fn on_stage(&self, stage: &Stage) -> Self {
        let state = &self.0;
        // Its links and tokens, if there are any, open nothing of the real ones.
        let mut config = HttpConfig::new(state.config.signing_key.apart("forecourt preview 1"));
        config.limits = state.config.limits;
        let parts = Parts {
            desk: Arc::clone(&stage.desk),
            store: Arc::clone(&stage.store),
            hooks: state.hooks.clone(),
            calendars: None,
            stages: None,
            bus: Arc::clone(&stage.bus),
            limiter: Arc::clone(&state.limiter),
            clock: Arc::clone(&state.clock),
            ids: Arc::clone(&state.ids),
            config,
        };
        Self::until(stage.end.clone(), parts)
    }

    fn until(stopping: CancellationToken, parts: Parts) -> Self {
        let Parts { desk, store, hooks, calendars, stages, bus, limiter, clock, ids, config } =
            parts;
        let names = Arc::new(Names::default());
        Self(Arc::new(State {
            sealer: Sealer::new(&config.signing_key),
            limiters: Limiters::new(&config.limits, Arc::clone(&limiter), &config.signing_key),
            names: Arc::clone(&names),
            rooms: Rooms::new(
                Arc::clone(&store),
                Arc::clone(&bus),
                Arc::clone(&clock),
                names,
                stopping.clone(),
            ),
            lobbies: Lobbies::new(Arc::clone(&bus), stopping.clone()),
            watches: Watches::new(Arc::clone(&bus), Arc::clone(&store), stopping.clone()),
            assets: Assets::default(),
            passwords: Passwords::default(),
            streams: Mutex::default(),
            sockets: AtomicUsize::new(0),
            uploads: Uploads::default(),
            desk,
            store,
            hooks,
            calendars,
            previews: Previews::new(stages),
            limiter,
            bus,
            clock,
            ids,
            config,
            stopping,
        }))
    }

    /// Asks every stream and socket to end, and readiness to say no. The server may then be stopped
    /// gracefully: what is left are requests that end by themselves.
    pub fn begin_stop(&self) {
        self.0.stopping.cancel();
    }
}

impl State {
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled() || self.desk.is_stopping()
    }
}

/// A panic while a map was locked leaves the map whole: every change to it is one call.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway(..)")
    }
}
