//! What the store takes of the bars for chat messages (P8), waking (P11) and growth (P12): measurements,
//! not tests. Each prints its figures; nothing is asserted, because a busy machine decides the times.
//!
//! `cargo test --release -p forecourt-store --test bars -- --ignored --nocapture --test-threads 1`

use std::{
    io::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_core::{
    id::NodeId,
    lang::Lang,
    session::{Command, LeadSession},
};
use forecourt_ports::{
    contract::{Ground, Stage},
    store::{Journal as _, NewTenant, Store},
};
use forecourt_store::{
    Db, JobsDb, PgStore, PoolConfig,
    bootstrap::prepare,
    embedded::{Cluster, ClusterConfig},
    testing::{io, volatile},
};
use futures_util::{StreamExt as _, future::join_all, stream};
use jiff::Timestamp;
use uuid::Uuid;

/// Chat messages a second, and over how many tenants (P8).
const RATE: u32 = 500;
const TENANTS: usize = 100;
const MESSAGES: u32 = 5_000;
/// The small world and the large one (P12).
const FEW: usize = 10;
const MANY: usize = 10_000;

struct Bars(PgStore);

#[async_trait::async_trait]
impl Ground for Bars {
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>) {
        (NodeId::from_uuid(Uuid::from_u128(n.into())), Arc::new(self.0.clone()))
    }

    async fn add_tenant(&self, new: NewTenant) {
        self.0.create_tenant(&new, Timestamp::UNIX_EPOCH).await.expect("it works");
    }
}

fn ground(cluster: &Cluster) -> Bars {
    let pool = PoolConfig { size: 16, ..PoolConfig::new(io()) };
    let app = Db::new(cluster.access().app.clone(), pool.clone()).expect("it works");
    let jobs = JobsDb::new(cluster.access().jobs.clone(), pool).expect("it works");
    Bars(PgStore::new(app, jobs, NodeId::from_uuid(Uuid::nil())))
}

/// Opens chats, a hundred in a commit.
async fn chats(stage: &Stage<'_>, count: usize) -> Vec<LeadSession> {
    let mut opened = Vec::with_capacity(count);
    while opened.len() < count {
        let appends: Vec<_> = (0..100.min(count - opened.len()))
            .map(|_| stage.decide(&stage.new_session(), Command::Open { lang: Lang::Nb }))
            .collect();
        opened.extend(appends.iter().map(|append| append.state.clone()));
        stage.commit(appends).await;
    }
    opened
}

/// A customer's message, decided and committed; the state after it.
async fn say(stage: &Stage<'_>, session: &LeadSession, n: usize) -> LeadSession {
    let says = Stage::customer_says("Er bilen fortsatt ledig på tirsdag?", &format!("c-{n}"));
    stage.play(session, says).await
}

fn tell(what: &str, took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", at(50), at(95), at(99));
    took[(took.len() - 1) / 2]
}

/// What the disk under `folder` takes to keep 8 KiB, as a database writes its log.
fn flushes(folder: &Path) -> Duration {
    let mut file = std::fs::File::create(folder.join("flushes")).expect("a file");
    let mut took: Vec<_> = (0..300)
        .map(|_| {
            file.write_all(&[7; 8192]).expect("it is written");
            let began = Instant::now();
            file.sync_data().expect("it is kept");
            began.elapsed()
        })
        .collect();
    tell("one flush of this disk", &mut took)
}

#[test]
#[ignore = "a measurement; run it in release mode, by hand"]
fn p8_a_chat_message_is_kept_and_p11_a_session_is_read() {
    let dir = tempfile::tempdir().expect("it works");
    let cluster = Cluster::start(ClusterConfig::new(dir.path())).expect("it works");
    prepare(cluster.access()).expect("it works");
    let flush = flushes(dir.path());
    io().block_on(async {
        let ground = ground(&cluster);
        let stage = Stage::set(&ground).await;
        let mut stages = Vec::new();
        for n in 0..TENANTS {
            stages.push(stage.set_another(&format!("bil-{n}")).await);
        }
        let each = MESSAGES as usize / TENANTS;
        let opened = join_all(stages.iter().map(|stage| chats(stage, each))).await;
        let start = tokio::time::Instant::now() + Duration::from_millis(50);
        let posts = (0..MESSAGES).map(|n| {
            let (place, stage) = (n as usize / TENANTS, &stages[n as usize % TENANTS]);
            let session = &opened[n as usize % TENANTS][place];
            async move {
                // Due at its time whether or not the store keeps up.
                let due = start + Duration::from_secs(1) * n / RATE;
                tokio::time::sleep_until(due).await;
                say(stage, session, 0).await;
                due.elapsed()
            }
        });
        let mut took = join_all(posts).await;
        tell("P8, a message at 500/s over 100 tenants is committed", &mut took);
        let p99 = took[(took.len() - 1) * 99 / 100];
        println!("  that is {:.1} flushes", p99.as_secs_f64() / flush.as_secs_f64());

        let mut took = Vec::new();
        for n in 0..2_000 {
            let (tenant, place) = (n * 7 % TENANTS, n * 13 % each);
            let began = Instant::now();
            let loaded = ground.0.load(stages[tenant].tenant, opened[tenant][place].id).await;
            assert!(loaded.expect("it is read").is_some());
            took.push(began.elapsed());
        }
        tell("P11, a sleeping session is read", &mut took);
    });
    cluster.stop();
}

#[test]
#[ignore = "a measurement; run it in release mode, by hand"]
fn p12_an_event_costs_the_same_in_a_small_world_and_in_a_large_one() {
    let dir = tempfile::tempdir().expect("it works");
    let cluster = Cluster::start(volatile(dir.path())).expect("it works");
    prepare(cluster.access()).expect("it works");
    io().block_on(async {
        let ground = ground(&cluster);
        let stage = Stage::set(&ground).await;
        let small = stage.set_another("few").await;
        let large = stage.set_another("many").await;
        let (mut few, many) = (chats(&small, FEW).await, chats(&large, MANY).await);
        let mut some: Vec<_> = many.into_iter().step_by(MANY / FEW).collect();
        let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
        for n in 0..40 {
            for place in 0..FEW {
                of_few.push(timed(&small, &mut few[place], n).await);
                of_many.push(timed(&large, &mut some[place], n).await);
            }
        }
        let one = tell("P12, a tenant with 10 sessions", &mut of_few);
        let other = tell("P12, a tenant with 10,000 sessions", &mut of_many);
        println!("  median: {:.2} times", other.as_secs_f64() / one.as_secs_f64());

        // Ten tenants that many messages are for, and two hundred of ten thousand.
        let one = tenants(&stage, "few", FEW).await;
        let mut before = spread(&one, 20).await;
        let other = tenants(&stage, "many", MANY).await;
        let mut after = spread(&other[..].iter().step_by(MANY / 200).collect::<Vec<_>>(), 1).await;
        let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
        for n in 0..5 {
            for place in 0..200 {
                let (stage, session) = &mut before[place];
                of_few.push(timed(stage, session, n).await);
                let (stage, session) = &mut after[place];
                of_many.push(timed(stage, session, n).await);
            }
        }
        let one = tell("P12, 10 tenants", &mut of_few);
        let other = tell("P12, 200 tenants out of 10,000", &mut of_many);
        println!("  median: {:.2} times", other.as_secs_f64() / one.as_secs_f64());
    });
    cluster.stop();
}

async fn timed(stage: &Stage<'_>, session: &mut LeadSession, n: usize) -> Duration {
    let began = Instant::now();
    *session = say(stage, session, n).await;
    began.elapsed()
}

async fn tenants<'a>(stage: &Stage<'a>, name: &str, count: usize) -> Vec<Stage<'a>> {
    let made = (0..count).map(|n| async move { stage.set_another(&format!("{name}-{n}")).await });
    stream::iter(made).buffer_unordered(16).collect().await
}

/// So many open chats of each tenant, tenant by tenant.
async fn spread<'a, S>(stages: &[S], each: usize) -> Vec<(Stage<'a>, LeadSession)>
where
    S: std::borrow::Borrow<Stage<'a>>,
{
    let mut opened = Vec::new();
    for stage in stages.iter().map(std::borrow::Borrow::borrow) {
        for session in chats(stage, each).await {
            // Ids of its own: those of one writer would meet in one tenant.
            let mut same = stage.writer(opened.len() as u16);
            same.tenant = stage.tenant;
            opened.push((same, session));
        }
    }
    opened
}
