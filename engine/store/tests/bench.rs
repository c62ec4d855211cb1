//! How many commits a second, with how many leads each: a measurement, not a test.
//!
//! `cargo test --release -p forecourt-store --test bench -- --ignored --nocapture`

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_core::{id::NodeId, session::LeadSession};
use forecourt_ports::{
    contract::{Ground, Stage, submission},
    store::{
        Append, Appended, Batch, Journal as _, LeadFilter, LeadStatus, Leads as _, NewTenant, Store,
    },
};
use forecourt_store::{
    Db, JobsDb, PgStore, PoolConfig,
    bootstrap::prepare,
    embedded::{Cluster, ClusterConfig},
    testing::{io, volatile},
};
use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

const FOR: Duration = Duration::from_secs(3);

struct Bench(PgStore);

#[async_trait::async_trait]
impl Ground for Bench {
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>) {
        (NodeId::from_uuid(Uuid::from_u128(n.into())), Arc::new(self.0.clone()))
    }

    async fn add_tenant(&self, new: NewTenant) {
        self.0.create_tenant(&new, Timestamp::UNIX_EPOCH).await.expect("it works");
    }
}

/// The life of a lead: captured, answered, proven.
fn life(stage: &Stage<'_>, n: usize) -> [Append; 2] {
    let form = submission("Kari Nordmann", &format!("kari{n}@example.no"), None, "Er bilen ledig?");
    let session: LeadSession = stage.new_session();
    let captured = stage.decide(&session, stage.submit_new(form));
    let answered =
        stage.decide(&captured.state, Stage::answer(&captured.state, "Ja, den er ledig."));
    [captured, answered]
}

/// Commits batches of `size` leads, one batch after the other, and then their answers.
async fn run(
    store: PgStore,
    stage: Stage<'_>,
    size: usize,
    first: usize,
) -> (usize, Vec<Duration>) {
    let (began, mut took, mut n) = (Instant::now(), Vec::new(), first);
    while began.elapsed() < FOR {
        let (mut captured, mut answered) = (Vec::new(), Vec::new());
        for _ in 0..size {
            let [capture, answer] = life(&stage, n);
            captured.push(capture);
            answered.push(answer);
            n += 1;
        }
        for appends in [captured, answered] {
            let batch = Batch { appends, inbound: vec![] };
            let commit = Instant::now();
            let appended = store.commit(stage.tenant, &batch).await.expect("it works");
            took.push(commit.elapsed());
            assert!(appended.iter().all(|a| matches!(a, Appended::Stored { .. })));
        }
    }
    (n - first, took)
}

#[test]
#[ignore = "a measurement; run it in release mode, by hand"]
fn commits_per_second() {
    for durable in [false, true] {
        let dir = tempfile::tempdir().expect("it works");
        let config = if durable { ClusterConfig::new(dir.path()) } else { volatile(dir.path()) };

        let cluster = Cluster::start(config).expect("it works");
        prepare(cluster.access()).expect("it works");
        println!("flushed to disk: {durable}");
        io().block_on(measure(&cluster));
        cluster.stop();
    }
}

async fn measure(cluster: &Cluster) {
    let pool = PoolConfig { size: 16, ..PoolConfig::new(io()) };
    let app = Db::new(cluster.access().app.clone(), pool.clone()).expect("it works");
    let jobs = JobsDb::new(cluster.access().jobs.clone(), pool).expect("it works");
    let store = PgStore::new(app, jobs, NodeId::from_uuid(Uuid::nil()));
    let ground = Bench(store.clone());
    let stage = Stage::set(&ground).await;
    let mut first = 0;
    for tenants in [1_u16, 8] {
        let mut stages = vec![stage.writer(0)];
        for n in 1..tenants {
            stages.push(stage.set_another(&format!("bil-{tenants}-{n}")).await);
        }
        for size in [1, 10, 100] {
            let began = Instant::now();
            let lane = |index: usize| 10 * u16::try_from(first % 50).expect("small") + index as u16;
            let writers = stages
                .iter()
                .enumerate()
                .map(|(index, stage)| run(store.clone(), stage.writer(lane(index)), size, first));
            let results = join_all(writers).await;
            let seconds = began.elapsed().as_secs_f64();
            let leads: usize = results.iter().map(|(leads, _)| leads).sum();
            let mut took: Vec<_> = results.into_iter().flat_map(|(_, took)| took).collect();
            took.sort();
            println!(
                "{tenants:2} tenants, batches of {size:3}: {:7.0} commits/s, {:7.0} leads/s, \
                 p50 {:6.2} ms, p99 {:6.2} ms",
                took.len() as f64 / seconds,
                leads as f64 / seconds,
                took[took.len() / 2].as_secs_f64() * 1e3,
                took[took.len() * 99 / 100].as_secs_f64() * 1e3,
            );
            first += 1_000_003;
        }
    }
    reads(&store, &stage).await;
}

/// What a session takes to wake, and a page of the list, in the tenant with the most leads.
async fn reads(store: &PgStore, stage: &Stage<'_>) {
    let tenant = stage.tenant;
    let filter = LeadFilter { page: 1, per_page: 25, ..LeadFilter::default() };
    let page = store.list_leads(tenant, &filter).await.expect("a page");
    println!("of {} leads:", page.total);
    let mut woken = Vec::new();
    for n in 0..1_000 {
        let lead = &page.leads[n % page.leads.len()];
        let began = Instant::now();
        store.load(tenant, lead.session).await.expect("a session").expect("it is there");
        woken.push(began.elapsed());
    }
    tell("a session wakes", woken);
    for (what, filter) in [
        ("the first page", filter.clone()),
        ("page 100", LeadFilter { page: 100, ..filter.clone() }),
        ("a search", LeadFilter { query: Some("kari1000".into()), ..filter.clone() }),
        ("by status", LeadFilter { status: Some(LeadStatus::New), ..filter }),
    ] {
        let mut took = Vec::new();
        for _ in 0..100 {
            let began = Instant::now();
            store.list_leads(tenant, &filter).await.expect("a page");
            took.push(began.elapsed());
        }
        tell(what, took);
    }
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort();
    println!(
        "  {what}: p50 {:.2} ms, p99 {:.2} ms",
        took[took.len() / 2].as_secs_f64() * 1e3,
        took[took.len() * 99 / 100].as_secs_f64() * 1e3,
    );
}
