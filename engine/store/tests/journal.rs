//! The journal against a real Postgres: many writers, two nodes, rows that the ports do not show.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{collections::BTreeMap, sync::Arc};

use forecourt_core::{
    event::{MessageSeq, Seq, Version},
    id::{NodeId, TenantId},
    lang::Lang,
    session::{Command, LeadSession},
};
use forecourt_ports::{
    contract::{LEASE, Stage, open_answer, submission},
    ids::Ids as _,
    store::{
        Append, Appended, Batch, Deliveries as _, HandOver, InboundEvent, InboundOutcome,
        Journal as _, LeadFilter, Leads as _,
    },
};
use forecourt_store::{Db, JobsDb, PgStore, PoolConfig, testing::io};
use futures_util::future::join_all;
use uuid::Uuid;

mod ground;
use ground::{Postgres, postgres};

fn is_stored(appended: Appended) -> bool {
    matches!(appended, Appended::Stored { .. })
}

/// Two nodes, each with a pool of its own, at one database.
fn two_nodes(ground: &Postgres) -> [PgStore; 2] {
    [1_u128, 2].map(|n| {
        let config = PoolConfig { size: 12, ..PoolConfig::new(io()) };
        let access = ground.db.access();
        let app = Db::new(access.app.clone(), config.clone()).unwrap();
        let jobs = JobsDb::new(access.jobs.clone(), config).unwrap();
        PgStore::new(app, jobs, NodeId::from_uuid(Uuid::from_u128(n)))
    })
}

/// The log of a tenant has no gap, no version twice, and folds to what is stored (A2, A3).
async fn audit(store: &PgStore, tenant: TenantId) -> usize {
    let head = store.head(tenant).await.unwrap();
    let mut log = Vec::new();
    while let Some(page) = Some(store.replay(tenant, Seq(log.len() as i64), 10_000).await.unwrap())
        .filter(|page| !page.is_empty())
    {
        log.extend(page);
    }
    let seqs: Vec<_> = log.iter().map(|record| record.seq.0).collect();
    assert_eq!(seqs, (1..=head.seq.0).collect::<Vec<_>>(), "a gap in the log");
    let mut sessions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in &log {
        sessions.entry(record.session).or_default().push(record);
    }
    for (id, events) in &sessions {
        let versions: Vec<_> = events.iter().map(|record| record.version.0).collect();
        assert_eq!(versions, (1..=events.len() as i64).collect::<Vec<_>>(), "A2");
        let replayed = LeadSession::replay(*id, events.iter().map(|r| (r.at, &r.event)));
        let loaded = store.load(tenant, *id).await.unwrap().unwrap();
        assert_eq!(loaded.state, replayed, "A3");
    }
    log.len()
}

async fn deadlocks(ground: &Postgres) -> Vec<String> {
    let raw = ground.db.raw(&ground.db.superuser()).await;
    raw.texts("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        .await
        .unwrap()
}

/// One writer: a lead, then a few decisions more, each stored by one of the two nodes.
async fn write(stage: Stage<'_>, nodes: Arc<[PgStore; 2]>, writer: usize) -> usize {
    let tenant = stage.tenant;
    let commit = async |node: usize, append: Append| {
        let batch = Batch { appends: vec![append], inbound: vec![] };
        nodes[node % 2].commit(tenant, &batch).await.unwrap()[0]
    };
    // Every fourth writer is the same person, at the same instant.
    let person = if writer.is_multiple_of(4) { 0 } else { writer };
    let form = submission("Kari", &format!("kari{person}@example.no"), None, "Er bilen ledig?");
    let mut append = stage.decide(&stage.new_session(), stage.submit_new(form));
    let mut stored = 0;
    for round in 0..4 {
        match commit(writer + round, append.clone()).await {
            Appended::Stored { .. } => stored += 1,
            Appended::Taken => return stored,
            other => panic!("nobody else writes to this session: {other:?}"),
        }
        let state = append.state;
        append = match round {
            0 => stage.decide(&state, Stage::answer(&state, "Ja.")),
            1 => stage.decide(&state, stage.member_says("Hei, jeg heter Åse.")),
            2 => stage.decide(&state, Command::Close { member: stage.member }),
            _ => break,
        };
    }
    stored
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_writers_on_one_tenant_and_two_nodes_lose_nothing_and_never_deadlock() {
    let ground = postgres().await;
    let nodes = Arc::new(two_nodes(&ground));
    let stage = Stage::set(&ground).await;
    let writers =
        (0..64).map(|writer| write(stage.writer(writer), Arc::clone(&nodes), writer as usize));
    let stored = join_all(writers).await;
    assert_eq!(stored.iter().filter(|stored| **stored == 4).count(), 48 + 1, "{stored:?}");
    assert_eq!(stored.iter().filter(|stored| **stored == 0).count(), 15, "the same person");
    assert!(audit(&nodes[0], stage.tenant).await > 49 * 4);
    let leads = nodes[1].list_leads(stage.tenant, &LeadFilter::default()).await.unwrap();
    assert_eq!(leads.total, 49);
    assert_eq!(deadlocks(&ground).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_writers_on_eight_tenants_do_not_meet() {
    let ground = postgres().await;
    let nodes = Arc::new(two_nodes(&ground));
    let first = Stage::set(&ground).await;
    let mut stages = Vec::new();
    for n in 0..8 {
        stages.push(first.set_another(&format!("bil-{n}")).await);
    }
    let writers = (0..64).map(|writer| {
        let stage = stages[usize::from(writer) % 8].writer(writer);
        write(stage, Arc::clone(&nodes), usize::from(writer))
    });
    let stored: usize = join_all(writers).await.into_iter().sum();
    assert!(stored >= 48 * 4);
    for stage in &stages {
        audit(&nodes[1], stage.tenant).await;
    }
    assert_eq!(deadlocks(&ground).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_that_race_for_one_session_take_turns() {
    let ground = postgres().await;
    let nodes = Arc::new(two_nodes(&ground));
    let stage = Stage::set(&ground).await;
    let opened = stage.play(&stage.new_session(), Command::Open { lang: Lang::Nb }).await;
    let racers = (0..16_u16).map(|racer| {
        let (nodes, stage, id) = (Arc::clone(&nodes), stage.writer(racer), opened.id);
        async move {
            let (mut stored, mut lost) = (0, 0);
            while stored < 5 {
                let store = &nodes[usize::from(racer) % 2];
                let state = store.load(stage.tenant, id).await.unwrap().unwrap().state;
                let key = format!("r{racer}-{stored}");
                let append = stage.decide(&state, Stage::customer_says("Hallo?", &key));
                // A batch that carries a bystander: it is stored whoever wins.
                let bystander =
                    stage.decide(&stage.new_session(), Command::Open { lang: Lang::Nb });
                let batch = Batch { appends: vec![append, bystander], inbound: vec![] };
                let appended = store.commit(stage.tenant, &batch).await.unwrap();
                assert!(is_stored(appended[1]), "{appended:?}");
                match appended[0] {
                    Appended::Stored { .. } => stored += 1,
                    Appended::Conflict => lost += 1,
                    other => panic!("{other:?}"),
                }
            }
            lost
        }
    });
    let lost: usize = join_all(racers).await.into_iter().sum();
    let messages = nodes[0].messages(stage.tenant, opened.id, MessageSeq(0), 1_000).await;
    assert_eq!(messages.unwrap().len(), 16 * 5, "each once, although {lost} races were lost");
    audit(&nodes[0], stage.tenant).await;
}

#[tokio::test]
async fn a_takeover_that_is_being_stored_holds_the_handover_back() {
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    let delivery = open_answer(&state);
    // Another node is in the middle of a takeover: the row is written, the commit still to come.
    let rival = ground.db.raw(&ground.db.superuser()).await;
    let raise = format!(
        "BEGIN; UPDATE sessions SET fence = fence + 1 WHERE session_id = '{}'",
        state.id.as_uuid()
    );
    rival.run(&raise).await.unwrap();
    let (node, store) = ground.store(1);
    let handover = tokio::spawn({
        let (store, tenant, now) = (store.clone(), stage.tenant, stage.now);
        async move { store.hand_over(tenant, delivery, 1, node, now, LEASE).await }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let watcher = ground.db.raw(&ground.db.superuser()).await;
    while watcher.texts(waits).await.unwrap() != ["1"] {
        tokio::task::yield_now().await;
    }
    assert!(!handover.is_finished());
    rival.run("COMMIT").await.unwrap();
    assert_eq!(handover.await.unwrap(), Ok(HandOver::Refused), "A7");
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_is_rebuilt_from_the_journal() {
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    let raw = ground.db.raw(&ground.db.superuser()).await;
    for broken in ["'{\"of\": \"another engine\"}'", "state || '{\"version\": 1}'"] {
        let set = format!("UPDATE sessions SET state = {broken}");
        assert_eq!(raw.change(&set).await.unwrap(), 1);
        let loaded = stage.store.load(stage.tenant, state.id).await.unwrap().unwrap();
        assert_eq!(loaded.state, state, "A3: {broken}");
    }
}

fn call(stage: &Stage<'_>, outcome: InboundOutcome, body: &str) -> InboundEvent {
    InboundEvent {
        id: stage.ids.inbound_event(),
        at: stage.now,
        kind: "form",
        status: 200,
        outcome,
        lead: None,
        content_type: Some("application/json".into()),
        body: body.into(),
    }
}

#[tokio::test]
async fn calls_are_logged_with_what_they_led_to_and_a_bad_one_harms_nobody() {
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    let form = submission("Kari", "kari@example.no", None, "Er bilen ledig?");
    let append = stage.decide(&stage.new_session(), stage.submit_new(form));
    let created = InboundEvent {
        lead: append.state.lead,
        ..call(&stage, InboundOutcome::Created, "{\"name\": \"Kari\"}")
    };
    let lost = Append { expected: Version(9), ..append.clone() };
    let append = Append { inbound: Some(created), ..append };
    let inbound = vec![
        call(&stage, InboundOutcome::Limited, ""),
        call(&stage, InboundOutcome::Invalid, "a\0b"),
        call(&stage, InboundOutcome::Invalid, "æøå مرحبا 🚗"),
    ];
    let lost = Append { inbound: Some(call(&stage, InboundOutcome::Created, "lost")), ..lost };
    let batch = Batch { appends: vec![append, lost], inbound };
    let appended = stage.store.commit(stage.tenant, &batch).await.unwrap();
    assert!(is_stored(appended[0]) && appended[1] == Appended::Conflict, "{appended:?}");

    let raw = ground.db.raw(&ground.db.superuser()).await;
    let logged = raw
        .texts(
            "SELECT outcome || ' ' || (lead_id IS NOT NULL) || ' ' || body FROM inbound_events
             ORDER BY 1",
        )
        .await
        .unwrap();
    assert_eq!(
        logged,
        ["created true {\"name\": \"Kari\"}", "invalid false æøå مرحبا 🚗", "limited false "]
    );
}

#[tokio::test]
async fn what_happened_can_be_neither_changed_nor_deleted() {
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    stage.lead("Kari", "kari@example.no").await;
    let raw = ground.db.raw(&ground.db.access().app).await;
    let scope = format!("SELECT set_config('app.tenant_id', '{}', false)", stage.tenant.as_uuid());
    raw.run(&scope).await.unwrap();
    for statement in [
        "UPDATE journal SET body = '{}'",
        "DELETE FROM journal",
        "UPDATE messages SET text = 'x'",
        "DELETE FROM messages",
        "UPDATE inbound_events SET body = ''",
        "DELETE FROM sessions",
        "UPDATE sessions SET session_id = session_id",
        "UPDATE deliveries SET to_address = 'somebody@else.example'",
        "UPDATE deliveries SET fence = NULL",
        "UPDATE leads SET session_id = session_id",
    ] {
        let refused = raw.run(statement).await;
        assert!(refused.is_err(), "`{statement}` was allowed");
    }
    assert_eq!(raw.texts("SELECT count(*) > 0 FROM journal").await.unwrap(), ["t"]);
}

#[tokio::test]
async fn the_sweeps_see_when_a_tenant_owes_something_and_nothing_else() {
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    stage.lead("Kari", "kari@example.no").await;
    let raw = ground.db.raw(&ground.db.access().jobs).await;
    for allowed in [
        "SELECT tenant_id, due_at, status, claimed_until FROM timers",
        "SELECT tenant_id, next_at, status, claimed_until FROM deliveries",
        "SELECT tenant_id, waiting_since FROM sessions",
    ] {
        assert!(raw.texts(allowed).await.is_ok(), "{allowed}");
    }
    for refused in [
        "SELECT entity_id FROM timers",
        "SELECT to_address FROM deliveries",
        "SELECT session_id FROM deliveries",
        "SELECT state FROM sessions",
        "SELECT session_id FROM sessions",
        "SELECT 1 FROM messages",
        "SELECT 1 FROM journal",
        "SELECT 1 FROM contacts",
        "SELECT 1 FROM leads",
        "UPDATE timers SET status = 'fired'",
    ] {
        assert!(raw.texts(refused).await.is_err(), "`{refused}` was allowed");
    }
}

/// Rows that the server has read for the tables of a commit, once the store's connections are closed.
async fn rows_read(ground: &Postgres) -> u64 {
    let raw = ground.db.raw(&ground.db.superuser()).await;
    let gone = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'forecourt_app'";
    while raw.texts(gone).await.unwrap() != ["0"] {
        tokio::task::yield_now().await;
    }
    let read = "SELECT sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_user_tables
                WHERE relname IN ('sessions', 'leads', 'contacts', 'timers', 'deliveries')";
    raw.texts(read).await.unwrap()[0].parse().unwrap()
}

#[tokio::test]
async fn the_cost_of_a_commit_does_not_grow_with_its_tenant_even_before_there_are_statistics() {
    const BATCHES: usize = 20;
    const LEADS: usize = 50;
    let ground = postgres().await;
    let stage = Stage::set(&ground).await;
    let (_, store) = ground.store(1);
    for batch in 0..BATCHES {
        let forms = (0..LEADS).map(|n| {
            let email = format!("kari{}@example.no", batch * LEADS + n);
            let form = submission("Kari", &email, None, "Er bilen ledig?");
            stage.decide(&stage.new_session(), stage.submit_new(form))
        });
        let captured: Vec<_> = forms.collect();
        let answers = captured
            .iter()
            .map(|captured| stage.decide(&captured.state, Stage::answer(&captured.state, "Ja.")))
            .collect();
        for appends in [captured, answers] {
            let batch = Batch { appends, inbound: vec![] };
            let appended = store.commit(stage.tenant, &batch).await.unwrap();
            assert!(appended.iter().all(|appended| is_stored(*appended)));
        }
    }
    store.close();
    let per_lead = rows_read(&ground).await / (BATCHES * LEADS) as u64;
    // Its own rows, and those that its rows point to. Reading the tenant would be hundreds.
    assert!(per_lead <= 40, "{per_lead} rows for one lead");
}
