//! One run after the other: a world is made, lives its days, comes to rest, and is judged.

use std::{
    io::IsTerminal as _,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use forecourt_core::id::TenantId;
use forecourt_ports::{fake::MemStore, store::NewTenant};
use forecourt_store::{
    Db, JobsDb, PoolConfig, bootstrap,
    embedded::{Cluster, ClusterConfig},
    pg::PgStore,
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use tracing_subscriber::layer::SubscriberExt as _;
use uuid::Uuid;

use super::{
    audit::{audit, settle},
    clock::{TrueTime, pass},
    config::{Kept, SimulateArgs},
    faults::{Fault, FaultSet},
    fleet::Fleet,
    logs::{Logs, Reader, take_panics},
    node::{Backing, node_id},
    people::{Business, Town},
    report::Report,
    world::{Sabotage, Shared, World},
};

/// How often it is looked for what is overdue.
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// After the last day, what is under way may take so long: the longest ladder of a letter.
const REST: SignedDuration = SignedDuration::from_hours(36);
/// Nothing new begins in the first part of it, so that people's last deeds are done.
const CALM: SignedDuration = SignedDuration::from_mins(90);

/// What a run is made of.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) hours: u32,
    pub(super) seed: u64,
    pub(super) faults: FaultSet,
    pub(super) tenants: u32,
    pub(super) leads_per_day: u32,
    pub(super) nodes: u32,
    pub(super) until: Option<u64>,
    pub(super) sabotage: Sabotage,
}

/// Runs what was asked for; false when an invariant broke.
pub(crate) fn run(args: &SimulateArgs) -> anyhow::Result<bool> {
    let first = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let (mut sound, mut reports) = (true, Vec::new());
    for seed in (0..u64::from(args.runs)).map(|n| first.wrapping_add(n)) {
        let plan = Plan {
            hours: args.days * 24,
            seed,
            faults: args.faults.clone(),
            tenants: args.tenants,
            leads_per_day: args.leads_per_day,
            nodes: args.nodes,
            until: args.until,
            sabotage: Sabotage::None,
        };
        let report = one(&plan, args)?;
        sound &= report.is_sound();
        if !args.quiet {
            if args.runs == 1 { report.print() } else { report.print_line() }
        }
        reports.push(report.json());
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_vec_pretty(&reports)?;
        std::fs::write(path, json)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(sound)
}

fn one(plan: &Plan, args: &SimulateArgs) -> anyhow::Result<Report> {
    let bar = if std::io::stderr().is_terminal() && !args.quiet {
        let style = "{spinner} seed {msg}  {wide_bar} {pos} of {len} hours";
        ProgressBar::new(u64::from(plan.hours))
            .with_style(ProgressStyle::with_template(style)?)
            .with_message(plan.seed.to_string())
    } else {
        ProgressBar::hidden()
    };
    let tenants = tenants(plan.tenants);
    let report = match args.store {
        Kept::Memory => simulate(plan, &tenants, memory(&tenants), "memory", &bar),
        Kept::Postgres => {
            let thrown_away = ThrownAway::open(&tenants)?;
            simulate(plan, &tenants, thrown_away.backing(), "Postgres", &bar)
        }
    };
    bar.finish_and_clear();
    report
}

/// So many businesses: the two of the demo, again and again, each with ids and names of its own.
pub(super) fn tenants(count: u32) -> Vec<NewTenant> {
    let demo = forecourt_store::seed::demo(TrueTime::begin(), "nobody signs in");
    let mut tenants = Vec::new();
    for (n, mut tenant) in (0..count).zip(demo.iter().cycle().cloned()) {
        let id = tenant.snapshot.id.as_uuid().as_u128() + (u128::from(n) << 64);
        tenant.snapshot.id = TenantId::from_uuid(Uuid::from_u128(id));
        tenant.snapshot.slug = format!("{}-{n}", tenant.snapshot.slug);
        for new in &mut tenant.members {
            new.member.tenant = tenant.snapshot.id;
        }
        // An invented price must be invented everywhere, and every number is read as of one country.
        tenant.snapshot.settings.country = "NO".into();
        tenants.push(tenant);
    }
    tenants
}

pub(super) fn memory(tenants: &[NewTenant]) -> Backing {
    let store = MemStore::new(node_id(0));
    for tenant in tenants {
        store.seed_tenant(tenant.clone());
    }
    Backing::Memory(store)
}

/// A private Postgres in a folder that goes away with it.
struct ThrownAway {
    cluster: Option<Cluster>,
    dir: PathBuf,
    io: tokio::runtime::Runtime,
    app: Db,
    jobs: JobsDb,
}

impl ThrownAway {
    fn open(tenants: &[NewTenant]) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("forecourt-simulate-{}", std::process::id()));
        let io =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let config = ClusterConfig { volatile: true, ..ClusterConfig::new(&dir) };
        let cluster = Cluster::start(config).context("the private Postgres does not start")?;
        let access = cluster.access().clone();
        bootstrap::prepare(&access).context("the database cannot be prepared")?;
        let pool = || PoolConfig { size: 4, ..PoolConfig::new(io.handle().clone()) };
        let app = Db::new(access.app.clone(), pool())?;
        let jobs = JobsDb::new(access.jobs.clone(), PoolConfig { size: 2, ..pool() })?;
        let store = PgStore::new(app.clone(), jobs.clone(), node_id(0));
        for tenant in tenants {
            io.block_on(store.create_tenant(tenant, TrueTime::begin()))
                .context("a tenant cannot be created")?;
        }
        Ok(Self { cluster: Some(cluster), dir, io, app, jobs })
    }

    fn backing(&self) -> Backing {
        let (app, jobs) = (self.app.clone(), self.jobs.clone());
        let open = move |node| PgStore::new(app.clone(), jobs.clone(), node);
        Backing::Postgres(Arc::new(open), self.io.handle().clone())
    }
}

impl Drop for ThrownAway {
    fn drop(&mut self) {
        self.app.close();
        self.jobs.close();
        if let Some(cluster) = self.cluster.take() {
            cluster.stop();
        }
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, "the simulation's folder cannot be removed");
        }
    }
}

/// One run, on this thread.
pub(super) fn simulate(
    plan: &Plan,
    tenants: &[NewTenant],
    backing: Backing,
    kept: &'static str,
    bar: &ProgressBar,
) -> anyhow::Result<Report> {
    let began = Instant::now();
    let logs = Arc::new(Logs::default());
    take_panics(Some(Arc::clone(&logs)));
    let subscriber = tracing_subscriber::registry().with(Reader(Arc::clone(&logs)));
    let lived = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .context("no runtime")?;
        let system = actix::System::with_tokio_rt(|| runtime);
        let lived = system.block_on(live(plan, tenants, backing, bar));
        drop(system); // and with it everything that still runs
        anyhow::Ok(lived)
    });
    take_panics(None);
    let world = lived?;
    judge_logs(&world, &logs);
    let warnings = logs.warnings.load(Ordering::Relaxed);
    Ok(Report::new(plan, kept, &world.lock(), warnings, began.elapsed()))
}

fn judge_logs(world: &Shared, logs: &Logs) {
    let mut world = world.lock();
    let personal = logs.personal.lock().unwrap_or_else(PoisonError::into_inner);
    let panics = logs.panics.lock().unwrap_or_else(PoisonError::into_inner);
    world.checked("A13", logs.lines.load(Ordering::Relaxed));
    for place in personal.iter() {
        world.check("A13", false, None, || format!("personal data is logged at {place}"));
    }
    world.check("R8", true, None, String::new);
    for place in panics.iter() {
        world.check("R8", false, None, || format!("a panic at {place}"));
    }
}

/// What is away, how many hours apart, for how many milliseconds, and how it goes away.
type Storm = (Fault, i64, (u64, u64), fn(&mut World, Timestamp));

async fn live(plan: &Plan, tenants: &[NewTenant], backing: Backing, bar: &ProgressBar) -> Shared {
    let time = TrueTime::start();
    let world = Shared::new(time, plan.faults.clone(), plan.seed, plan.sabotage);
    {
        let mut world = world.lock();
        world.until = plan.until;
        for (place, tenant) in tenants.iter().enumerate() {
            let home = format!("@b{place}.kunde.example");
            world.witness.homes.insert(tenant.snapshot.id, home);
        }
    }
    let businesses = tenants.iter().map(Business::new).collect();
    let town = Town::new(world.clone(), time, plan.seed, businesses);
    let fleet = Fleet::new(Rc::clone(&town), backing.clone(), plan.nodes as usize, plan.seed);
    fleet.fill().await;

    let end = after(TrueTime::begin(), SignedDuration::from_hours(i64::from(plan.hours)));
    actix::spawn(Rc::clone(&town).live(u64::from(plan.leads_per_day), end));
    actix::spawn(Rc::clone(&town).on_call());
    actix::spawn(Rc::clone(&fleet).suffer());
    let storms: [Storm; 3] = [
        (Fault::StoreOutage, 5, (4_000, 120_000), |world, until| world.store_away_until = until),
        (Fault::ModelOutage, 6, (60_000, 900_000), |world, until| world.models_away_until = until),
        (Fault::MailOutage, 12, (3_600_000, 3_600_000), |world, until| {
            world.mail_away_until = until;
        }),
    ];
    for (fault, apart, lasts, away) in storms {
        let apart = SignedDuration::from_hours(apart);
        actix::spawn(Rc::clone(&fleet).storm(fault, apart, lasts, away));
    }

    let mut hour = 0;
    while time.now() < end && !tick(&town).await {
        let passed = time.now().duration_since(TrueTime::begin()).as_hours();
        if passed > hour {
            hour = passed;
            bar.set_position(hour.unsigned_abs());
            audit(&world, &backing, false).await;
        }
    }
    come_to_rest(&world, &fleet, &town).await;
    if world.lock().stopped.is_none() {
        audit(&world, &backing, true).await;
        settle(&world, &backing).await;
    }
    world.lock().ended = Some(time.now());
    world
}

/// Lets time pass and looks; true when there is no use in going on.
async fn tick(town: &Town) -> bool {
    pass(TICK).await;
    let none = town.alive().is_empty();
    let mut world = town.world.lock();
    if none {
        let now = world.time.now();
        world.ill_until(now);
    }
    world.look_for_overdue();
    let found = world.sabotage != Sabotage::None && !world.violations.is_empty();
    world.stopped.is_some() || world.more_violations > 0 || found
}

/// Nothing breaks any more, nobody new comes; what is under way may end.
async fn come_to_rest(world: &Shared, fleet: &Fleet, town: &Town) {
    {
        let mut world = world.lock();
        world.faults.healed = true;
        let now = world.time.now();
        (world.store_away_until, world.models_away_until) = (now, now);
        world.mail_away_until = now;
        world.step(None, "nothing breaks any more".into());
    }
    fleet.fill().await;
    let began = world.lock().time.now();
    loop {
        if tick(town).await {
            return;
        }
        let world = world.lock();
        let rested = world.time.now().duration_since(began);
        let idle = world.witness.open_letters.is_empty() && world.witness.owed.is_empty();
        if (idle && rested > CALM) || rested > REST {
            return;
        }
    }
}

fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// How much faster than life it was.
pub(super) fn speed_up(lived: SignedDuration, took: Duration) -> f64 {
    lived.as_secs_f64() / took.as_secs_f64().max(0.001)
}
