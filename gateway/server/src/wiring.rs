//! Puts adapters behind ports: the one place that knows them all.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use forecourt_actors::{
    CalendarPorts, CalendarSync, Engine, Meaning, Ports, WebhookCalls, WebhookPorts,
};
use forecourt_bus::{BusError, LocalBus, LocalLimiter, RedisBus, RedisConfig, RedisLimiter};
use forecourt_channels::{
    sink::{MailSink, SinkConfig},
    smtp::{SmtpConfig, SmtpSender},
    tools::HttpTools,
    vault::SealedVault,
    web::HttpWeb,
    webhook::HttpCaller,
};
use forecourt_connect::{Calendars, ConnectConfig, oauth::OAuthClient};
use forecourt_core::{contact::Phone, id::NodeId, webhook::target::Loopback};
use forecourt_http::{
    CalendarDesk, Gateway, Hooks, HttpConfig, Limits, Parts, Rate, SignedLinks, SigningKey,
};
use forecourt_ports::{
    bus::Bus,
    clock::Clock,
    ids::Ids,
    limiter::Limiter,
    mailbox::DevMailbox,
    store::{Calendars as _, Journal, Timers as _, Webhooks as _},
};
use forecourt_store::pg::PgStore;
use forecourt_wire::WireEncode;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;

use crate::{
    admin,
    clock::{SystemClock, SystemIds},
    config::ServeArgs,
    models,
    preview::PreviewStages,
    telemetry,
};

/// How often undone work is counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Everything that was put together.
pub(crate) struct Wired {
    pub(crate) ports: Ports,
    pub(crate) webhooks: WebhookPorts,
    /// Reads the websites of tenants.
    pub(crate) web: Arc<HttpWeb>,
    /// Makes the gateway once the engine and the webhooks run.
    pub(crate) calendars: CalendarPorts,
    pub(crate) gateway: Box<dyn FnOnce(Engine, WebhookCalls, CalendarSync) -> Gateway>,
    pub(crate) sink: Option<MailSink>,
}

pub(crate) async fn wire(
    args: &ServeArgs,
    address: SocketAddr,
    node: NodeId,
    store: Arc<PgStore>,
    io: &Handle,
    metrics: PrometheusHandle,
) -> anyhow::Result<Wired> {
    let clock: Arc<dyn Clock> =
        Arc::new(SystemClock { offset: SignedDuration::from_secs(args.test.clock_offset_s) });
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let (bus, limiter) = between_nodes(args, node, &store, &clock, io).context("REDIS_URL")?;
    let key = signing_key(args)?;
    let public_url = args
        .public_url
        .as_deref()
        .map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());

    let sink = if args.smtp_url.is_some() {
        None
    } else {
        let dir = Some(args.database.data_dir.join("mail"));
        let config = SinkConfig { dir, ..SinkConfig::default() };
        Some(MailSink::start(&config, Arc::clone(&clock), io)?)
    };
    let smtp = match (&args.smtp_url, &sink) {
        (Some(url), _) => {
            SmtpConfig::from_url(url.expose_secret()).context("FORECOURT_SMTP_URL")?
        }
        (None, Some(sink)) => SmtpConfig::from_url(&sink.url())?,
        (None, None) => anyhow::bail!("no mail server"),
    };
    let sender = SmtpSender::new(smtp, Arc::clone(&clock), io.clone())?;
    let (primary, second) = models::wire(&args.model, &clock, io)?;
    let meaning = models::embeddings(&args.vectors, &args.model, io)?.map(|embedder| {
        let least = args.vectors.embeddings_least_likeness;
        Arc::new(Meaning::new(Arc::clone(&store) as _, embedder, least))
    });
    let models = [Arc::clone(&primary), Arc::clone(&second)];

    let demo = if args.no_demo {
        None
    } else {
        Some(admin::create_demo(&store, clock.now(), &args.test.test_promise_ms).await?)
    };
    count_undone(Arc::clone(&store), Arc::clone(&clock), io);
    // The table of phone numbers is read on first use; the first lead should not wait for it.
    io.spawn_blocking(|| Phone::parse("+47 22 00 00 00", "NO").is_ok());

    let loopback = if args.webhook_loopback { Loopback::Allowed } else { Loopback::Refused };
    let vault = SealedVault::new(&key.derive("forecourt vault 1"))?;
    let (vault, encode) = (Arc::new(vault), Arc::new(WireEncode));
    let of_tools = Arc::new(SealedVault::new(&key.derive("forecourt tools 1"))?);
    let ports = Ports {
        store: Arc::clone(&store) as _,
        bus: Arc::clone(&bus),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        primary,
        second,
        sender: Arc::new(sender),
        links: Arc::new(SignedLinks::new(public_url, &key)),
        tools: Arc::new(HttpTools::new(loopback, of_tools, io.clone())?),
        meaning,
        node,
        io: io.clone(),
    };
    let web = Arc::new(HttpWeb::new(loopback, io.clone())?);
    let webhooks = WebhookPorts {
        webhooks: Arc::clone(&store) as _,
        store: Arc::clone(&store) as _,
        bus: Arc::clone(&bus),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        links: Arc::clone(&ports.links),
        sender: Arc::clone(&ports.sender),
        caller: Arc::new(HttpCaller::new(loopback, io.clone())?),
        vault: Arc::clone(&vault) as _,
        encode: Arc::clone(&encode) as _,
        node,
        io: io.clone(),
    };
    let outside =
        if args.calendar.calendar_loopback { Loopback::Allowed } else { Loopback::Refused };
    let calendar = Arc::new(Calendars::new(&ConnectConfig {
        cal_com_url: args.calendar.cal_com_base_url.clone(),
        cal_com_version: args.calendar.cal_com_bookings_version.clone(),
        google: client(
            args.calendar.google_client_id.as_ref(),
            args.calendar.google_client_secret.as_ref(),
        ),
        google_urls: [
            args.calendar.google_base_url.clone(),
            args.calendar.google_consent_url.clone(),
            args.calendar.google_token_url.clone(),
        ],
        microsoft: client(
            args.calendar.microsoft_client_id.as_ref(),
            args.calendar.microsoft_client_secret.as_ref(),
        ),
        microsoft_urls: [
            args.calendar.microsoft_graph_url.clone(),
            args.calendar.microsoft_authority_url.clone(),
        ],
        loopback: outside,
    })?);
    // A key of its own: what is sealed for one purpose opens for no other.
    let keys = Arc::new(SealedVault::new(&key.derive("forecourt calendars 1"))?);
    let calendars = CalendarPorts {
        calendars: Arc::clone(&store) as _,
        calendar: Arc::clone(&calendar) as _,
        vault: Arc::clone(&keys) as _,
        every: SignedDuration::from_secs(args.calendar.calendar_every_s.into()),
    };
    let dev_mailbox: Option<Arc<dyn DevMailbox>> = sink.as_ref().map(MailSink::mailbox);
    let config = HttpConfig {
        public_url: args.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
        trusted_proxies: args.trusted_proxy.iter().map(|ip| (*ip).into()).collect(),
        metrics: Arc::new({
            let store = Arc::clone(&store);
            move || {
                telemetry::look(&store);
                metrics.render()
            }
        }),
        metrics_token: args.metrics_token.as_ref().map(|token| token.expose_secret().to_owned()),
        platform_token: args.platform_token.as_ref().map(|token| token.expose_secret().to_owned()),
        demo: demo.and_then(|demo| demo.into_iter().next()),
        traces: telemetry::propagation(),
        dev_mailbox,
        echo: args.test.test_echo,
        limits: limits(args.rate_per_minute),
        ..HttpConfig::new(key)
    };
    let stages = PreviewStages {
        store: Arc::clone(&store) as _,
        clock: Arc::clone(&clock),
        models,
        tools: Arc::clone(&ports.tools),
        meaning: ports.meaning.clone(),
    };
    let io = io.clone();
    let gateway = Box::new(move |engine: Engine, calls: WebhookCalls, sync: CalendarSync| {
        let calendars = CalendarDesk {
            store: Arc::clone(&store) as _,
            calendar,
            vault: keys,
            sync,
            loopback: outside,
            io,
        };
        let hooks = Hooks {
            store: Arc::clone(&store) as _,
            vault,
            encode,
            loopback,
            wake: Arc::new(move || calls.wake()),
        };
        Gateway::new(Parts {
            desk: Arc::new(engine),
            store,
            hooks,
            calendars: Some(calendars),
            stages: Some(Arc::new(stages)),
            bus,
            limiter,
            clock,
            ids,
            config,
        })
    });
    Ok(Wired { ports, webhooks, web, calendars, gateway, sink })
}

type BetweenNodes = (Arc<dyn Bus>, Arc<dyn Limiter>);

/// What nodes share while they run: over Redis where it is given, else this process is the only one.
fn between_nodes(
    args: &ServeArgs,
    node: NodeId,
    store: &Arc<PgStore>,
    clock: &Arc<dyn Clock>,
    io: &Handle,
) -> Result<BetweenNodes, BusError> {
    let Some(url) = &args.redis_url else {
        return Ok((Arc::new(LocalBus::default()), Arc::new(LocalLimiter::default())));
    };
    let config = RedisConfig::new(url.clone());
    let limiter = RedisLimiter::start(&config, io)?;
    let journal = Arc::clone(store) as Arc<dyn Journal>;
    let bus = RedisBus::start(config, node, journal, Arc::clone(clock), io)?;
    Ok((Arc::new(bus), Arc::new(limiter)))
}

/// As whom we come to a provider, if we are known there.
fn client(id: Option<&String>, secret: Option<&SecretString>) -> Option<OAuthClient> {
    let (id, secret) = id.cloned().zip(secret.cloned())?;
    Some(OAuthClient { id, secret })
}

/// The key that seals tokens and links: given, or kept in the data folder, or drawn from the database's
/// own secret, so that several nodes agree.
fn signing_key(args: &ServeArgs) -> anyhow::Result<SigningKey> {
    let bytes = match (&args.database.secret, &args.database.database_url) {
        (Some(secret), _) => secret.expose_secret().as_bytes().to_vec(),
        (None, Some(_)) => anyhow::bail!(
            "with DATABASE_URL give FORECOURT_SECRET too, the same on every node: 32 random bytes or more"
        ),
        (None, None) => kept_secret(&args.database.data_dir.join("secret"))?,
    };
    SigningKey::new(bytes).context("FORECOURT_SECRET is too short: give 32 bytes or more")
}

/// Reads the secret of a data folder, or makes it, readable by its owner alone.
fn kept_secret(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    match std::fs::read(path) {
        Ok(secret) if secret.len() >= 32 => return Ok(secret),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("the signing secret cannot be read"),
    }
    let secret: [u8; 32] = rand::random();
    let secret = hex::encode(secret).into_bytes();
    let fresh = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path).context("the signing secret cannot be kept")?;
    Ok(secret)
}

fn limits(per_minute: u32) -> Limits {
    if per_minute == 0 {
        return Limits::unlimited();
    }
    let rate = Rate::new(per_minute, per_minute.div_ceil(2));
    Limits { form_ip: rate, open_ip: rate, message_ip: rate, ..Limits::default() }
}

/// Keeps `forecourt_undone{kind}` true.
fn count_undone(store: Arc<PgStore>, clock: Arc<dyn Clock>, io: &Handle) {
    io.spawn(async move {
        loop {
            match store.undone(clock.now()).await {
                Ok(counts) => {
                    for (kind, count) in counts {
                        metrics::gauge!("forecourt_undone", "kind" => kind).set(count as f64);
                    }
                }
                Err(error) => tracing::debug!(%error, "undone work could not be counted"),
            }
            match store.undone_calls().await {
                Ok(count) => {
                    metrics::gauge!("forecourt_undone", "kind" => "webhook").set(count as f64);
                }
                Err(error) => tracing::debug!(%error, "undone webhooks could not be counted"),
            }
            match store.undone_entries().await {
                Ok(count) => {
                    metrics::gauge!("forecourt_undone", "kind" => "calendar").set(count as f64);
                }
                Err(error) => tracing::debug!(%error, "undone entries could not be counted"),
            }
            tokio::time::sleep(COUNT_EVERY).await;
        }
    });
}
