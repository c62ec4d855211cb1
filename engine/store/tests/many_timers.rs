//! What a sweep costs with a thousand, a hundred thousand and a million pending timers: a measurement
//! with a threshold.
//!
//! `cargo test --release -p forecourt-store --test many_timers -- --ignored --nocapture`

mod ground;

use std::time::{Duration, Instant};

use forecourt_ports::store::Timers as _;
use ground::postgres;
use jiff::{SignedDuration, Timestamp};

/// Timers that are due at each sweep, each of another tenant.
const DUE: usize = 20;
const SWEEPS: usize = 40;

const TENANTS: &str =
    "INSERT INTO tenants (tenant_id, slug, name, pack, epoch, created_at, updated_at)
    SELECT gen_random_uuid(), 'tenant-' || n, 'Tenant', 'dealer', 1, 'epoch', 'epoch'
    FROM generate_series(1, 1000) n";

/// What the sweep asks over all tenants at once, as the server would carry it out now.
const PLAN: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)
    SELECT tenant_id, due_at FROM timers
    WHERE status = 'pending' AND due_at <= '2026-11-21T12:00:00Z'
        AND (claimed_until IS NULL OR claimed_until <= '2026-11-21T12:00:00Z')
    ORDER BY due_at LIMIT 500";

/// How a claim plans in a tenant's scope: by index, and no statement twice.
const SCOPE: &str =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan;
    PREPARE look (timestamptz, timestamptz, bigint) AS
        SELECT entity_kind, entity_id, kind, due_at FROM timers
        WHERE status = 'pending' AND due_at BETWEEN $1 AND $2
            AND (claimed_until IS NULL OR claimed_until <= $2)
        ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED;
    PREPARE take (text[], uuid[], text[], uuid[], timestamptz[]) AS
        UPDATE timers AS old SET claimed_by = new.claimed_by, claimed_until = new.claimed_until
        FROM unnest($1, $2, $3, $4, $5)
            AS new (entity_kind, entity_id, kind, claimed_by, claimed_until)
        WHERE old.entity_kind = new.entity_kind AND old.entity_id = new.entity_id
            AND old.kind = new.kind";
const LOOK: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)
    EXECUTE look ('2026-11-21T11:59:59Z', '2026-11-21T12:00:00Z', 20)";
const TAKE: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)
    EXECUTE take (ARRAY['session'], ARRAY[gen_random_uuid()], ARRAY['turn'],
        ARRAY[gen_random_uuid()], ARRAY[now()])";

/// The pages that a statement touched.
fn buffers(plan: &[String]) -> u32 {
    let line = plan.iter().find_map(|line| line.trim().strip_prefix("Buffers: shared "));
    let counts = line.into_iter().flat_map(str::split_whitespace);
    let of = |count: &str| {
        let (what, number) = count.split_once('=')?;
        ["hit", "read"].contains(&what).then(|| number.parse::<u32>().ok()).flatten()
    };
    counts.filter_map(of).sum()
}

fn pending(count: u32) -> String {
    format!(
        "INSERT INTO timers (tenant_id, entity_kind, entity_id, kind, due_at, status, set_at)
         SELECT tenant_id, 'session', gen_random_uuid(), 'handoff',
             timestamptz '2026-11-21T13:00:00Z' + n * interval '10 milliseconds', 'pending', 'epoch'
         FROM (SELECT tenant_id, row_number() OVER (ORDER BY tenant_id) - 1 place FROM tenants
               WHERE slug LIKE 'tenant-%') t
         JOIN generate_series(1, {count}) n ON n % 1000 = place"
    )
}

fn due() -> String {
    format!(
        "INSERT INTO timers (tenant_id, entity_kind, entity_id, kind, due_at, status, set_at)
         SELECT tenant_id, 'session', gen_random_uuid(), 'turn', '2026-11-21T11:59:59Z', 'pending',
             'epoch'
         FROM tenants WHERE slug LIKE 'tenant-%' ORDER BY gen_random_uuid() LIMIT {DUE}"
    )
}

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

#[tokio::test]
#[ignore = "a measurement; run it in release mode, by hand"]
async fn a_sweep_costs_the_same_with_a_million_pending_timers() {
    let ground = postgres().await;
    let (node, store) = ground.store(1);
    let raw = ground.db.raw(&ground.db.superuser()).await;
    raw.run(TENANTS).await.expect("tenants");
    let tenant = "SELECT tenant_id::text FROM tenants WHERE slug = 'tenant-7'";
    let tenant = raw.texts(tenant).await.expect("a tenant");
    let scoped = ground.db.raw(&ground.db.access().app).await;
    scoped.run(&format!("SET app.tenant_id = '{}'; {SCOPE}", tenant[0])).await.expect("a scope");
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
    let lease = SignedDuration::from_secs(15);
    let mut pages = Vec::new();
    println!(
        "  pending   nothing due    {DUE} due    pages of a sweep, of a tenant's look, of a claim"
    );
    for (total, more) in [(1_000, 1_000), (100_000, 99_000), (1_000_000, 900_000)] {
        raw.run(&pending(more)).await.expect("timers");
        let before = resident();
        let (mut idle, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..SWEEPS {
            let began = Instant::now();
            let none = store.claim_timers(node, now, lease, 500).await.expect("a sweep");
            idle.push(began.elapsed());
            assert_eq!(none, []);

            raw.run(&due()).await.expect("timers");
            let began = Instant::now();
            let claimed = store.claim_timers(node, now, lease, 500).await.expect("a sweep");
            busy.push(began.elapsed());
            assert_eq!(claimed.len(), DUE);
            let end = "UPDATE timers SET status = 'fired', ended_at = 'epoch', claimed_by = NULL, \
                       claimed_until = NULL WHERE status = 'pending' AND kind = 'turn'";
            raw.run(end).await.expect("they end");
        }
        let grown = resident().saturating_sub(before);
        raw.run(&due()).await.expect("timers");
        let plan = raw.texts(PLAN).await.expect("a plan");
        let look = scoped.texts(LOOK).await.expect("a plan");
        let take = scoped.texts(TAKE).await.expect("a plan");
        for (plan, index) in
            [(&plan, "timers_due_idx"), (&look, "timers_pending_idx"), (&take, "timers_pkey")]
        {
            assert!(plan.iter().any(|line| line.contains(index)), "{index}: {plan:#?}");
        }
        store.claim_timers(node, now, SignedDuration::from_hours(10_000), 500).await.expect("it");
        let touched = [buffers(&plan), buffers(&look), buffers(&take)];
        println!(
            "{total:9}    {:7.2} ms {:7.2} ms    {touched:?}, +{grown} KiB of memory",
            median(idle).as_secs_f64() * 1e3,
            median(busy).as_secs_f64() * 1e3,
        );
        assert!(grown < 16 * 1_024, "timers were loaded into memory: {grown} KiB");
        pages.push(touched);
        raw.run("DELETE FROM timers WHERE kind = 'turn'").await.expect("they go");
    }
    // Pages and not milliseconds: a busy machine changes the one and not the other.
    for (few, many) in pages[0].into_iter().zip(pages[2]) {
        assert!(many <= 2 * few + 20, "from {few} to {many} pages");
    }
}
