//! Two nodes on one Redis that is killed, paused and flushed: every listener gets every event, in order.

mod cost;
mod limits;
mod presence;
mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_bus::Pace;
use forecourt_core::event::Event;
use forecourt_ports::bus::{Bus as _, BusHealth, Draft, Pushed, Step};
use nix::sys::signal::Signal;

use self::support::{
    Log, Node, PATIENCE, Redis, SESSION, TENANT, TURN, all, joined, next, seqs_to,
};

fn delta(offset: usize, text: &str) -> Draft {
    Draft::Delta { turn: TURN, offset, text: text.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_of_both_nodes_get_what_both_write_in_order_and_the_engine_what_the_other_wrote()
{
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let mut foreign = a.bus.foreign().expect("the first taker");
    assert!(a.bus.foreign().is_none(), "one taker");
    let (mut at_a, mut at_b) = (a.bus.subscribe_tenant(TENANT), b.bus.subscribe_tenant(TENANT));
    let (a, b) = (Arc::new(a), Arc::new(b));
    let writers = [&a, &b].map(|node| {
        let node = Arc::clone(node);
        tokio::task::spawn_blocking(move || (0..100).for_each(|n| node.write(1 + n % 3)))
    });
    let last = 2 * (34 + 2 * 33 + 3 * 33);
    assert_eq!(seqs_to(&mut at_a, last).await, all(1..=last));
    assert_eq!(seqs_to(&mut at_b, last).await, all(1..=last));
    for writer in writers {
        writer.await.expect("it wrote");
    }
    let mut told: Vec<i64> = Vec::new();
    while told.len() < last as usize / 2 {
        let event = tokio::time::timeout(PATIENCE, foreign.recv()).await.expect("in time");
        told.push(event.expect("the bus lives").record.seq.0);
    }
    assert!(told.is_sorted_by(|one, two| one < two), "in order: {told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_redis_did_not_bring_is_read_from_the_journal() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let mut at_b = b.bus.subscribe_tenant(TENANT);
    a.write(1);
    assert_eq!(seqs_to(&mut at_b, 1).await, [1]);
    let reads = log.reads();
    log.commit(TENANT, vec![Event::SubmissionRepeated; 3]); // a node that dies before it publishes
    a.write(1);
    assert_eq!(seqs_to(&mut at_b, 5).await, all(2..=5));
    assert!(log.reads() > reads);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_while_redis_is_dead_and_nodes_join_again_when_it_is_back() {
    let (mut redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let (mut at_a, mut at_b) = (a.bus.subscribe_tenant(TENANT), b.bus.subscribe_tenant(TENANT));
    a.write(3);
    assert_eq!(seqs_to(&mut at_b, 3).await, all(1..=3));
    redis.kill();
    a.until(BusHealth::Cut).await;
    b.until(BusHealth::Cut).await;
    b.write(2);
    a.write(2);
    b.write(1);
    assert_eq!(seqs_to(&mut at_a, 8).await, all(1..=8));
    assert_eq!(seqs_to(&mut at_b, 8).await, all(4..=8));
    redis.start_again();
    a.until(BusHealth::Joined).await;
    b.until(BusHealth::Joined).await;
    a.write(1);
    b.write(1);
    assert_eq!(seqs_to(&mut at_a, 10).await, [9, 10]);
    assert_eq!(seqs_to(&mut at_b, 10).await, [9, 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_redis_is_noticed_within_seconds_and_blocks_nobody() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let (mut at_a, mut at_b) = (a.bus.subscribe_tenant(TENANT), b.bus.subscribe_tenant(TENANT));
    a.write(1);
    assert_eq!(seqs_to(&mut at_b, 1).await, [1]);
    redis.signal(Signal::SIGSTOP);
    let paused = Instant::now();
    for _ in 0..100 {
        a.write(1);
        b.write(1);
    }
    assert!(paused.elapsed() < Duration::from_millis(900), "publishing waits for nobody");
    a.until(BusHealth::Cut).await;
    let noticed = paused.elapsed();
    // It is to take 3 s; a busy machine may add some.
    assert!(noticed < Duration::from_secs(6), "noticed after {noticed:?}");
    assert_eq!(seqs_to(&mut at_a, 201).await, all(1..=201));
    assert_eq!(seqs_to(&mut at_b, 201).await, all(2..=201));
    redis.signal(Signal::SIGCONT);
    a.until(BusHealth::Joined).await;
    b.until(BusHealth::Joined).await;
    b.write(1);
    assert_eq!(seqs_to(&mut at_a, 202).await, [202]);
    assert_eq!(seqs_to(&mut at_b, 202).await, [202]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_and_cut_connections_lose_nothing() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let mut at_b = b.bus.subscribe_tenant(TENANT);
    a.write(1);
    let _: String = redis.ask(&["FLUSHALL"]).await;
    a.write(1);
    assert_eq!(seqs_to(&mut at_b, 2).await, [1, 2]);
    let _: i64 = redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    for _ in 0..50 {
        a.write(1);
    }
    assert_eq!(seqs_to(&mut at_b, 52).await, all(3..=52));
    let _: i64 = redis.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    a.write(1);
    assert_eq!(seqs_to(&mut at_b, 53).await, [53]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_without_redis_works_alone_and_joins_later() {
    let (mut redis, log) = (Redis::start(), Arc::new(Log::default()));
    redis.kill();
    let (a, b) = (Node::start(&redis, &log, 11), Node::start(&redis, &log, 12));
    let (mut at_a, mut at_b) = (a.bus.subscribe_tenant(TENANT), b.bus.subscribe_tenant(TENANT));
    assert_eq!(a.bus.health(), BusHealth::Cut);
    a.write(2);
    assert_eq!(seqs_to(&mut at_a, 2).await, [1, 2]);
    assert_eq!(seqs_to(&mut at_b, 2).await, [1, 2]);
    redis.start_again();
    a.until(BusHealth::Joined).await;
    b.until(BusHealth::Joined).await;
    b.write(1);
    assert_eq!(seqs_to(&mut at_a, 3).await, [3]);
}

/// Takes pieces until the text is `whole`; each must fit what came before, from the start on.
async fn read_draft(subscription: &mut forecourt_ports::bus::Subscription, whole: &str) {
    let mut text = String::new();
    if let Some(Draft::Delta { text: so_far, .. }) = subscription.draft.take() {
        text.push_str(&so_far);
    }
    while text != whole {
        if let Pushed::Draft(Draft::Delta { offset, text: more, .. }) = next(subscription).await {
            assert_eq!(offset, text.chars().count(), "{more:?} does not fit {text:?}");
            text.push_str(&more);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_on_another_node_in_the_middle_of_an_answer_reads_it_from_its_beginning() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let mut early = b.bus.subscribe_session(TENANT, SESSION);
    a.write(1);
    assert_eq!(seqs_to(&mut early, 1).await, [1]);
    let step = Draft::Progress { turn: TURN, step: Step::Thinking };
    a.bus.publish_draft(TENANT, SESSION, step.clone());
    assert!(matches!(next(&mut early).await, Pushed::Draft(piece) if piece == step));
    a.bus.publish_draft(TENANT, SESSION, delta(0, "Hei, på "));
    a.bus.publish_draft(TENANT, SESSION, delta(8, "lørdag "));
    read_draft(&mut early, "Hei, på lørdag ").await;
    // Another listener on a node that follows the tenant, and one on a node that has just started.
    let mut same = b.bus.subscribe_session(TENANT, SESSION);
    let c = Node::start(&redis, &log, 13);
    c.until(BusHealth::Joined).await;
    let mut late = c.bus.subscribe_session(TENANT, SESSION);
    read_draft(&mut late, "Hei, på lørdag ").await;
    a.bus.publish_draft(TENANT, SESSION, delta(15, "har vi åpent."));
    read_draft(&mut same, "Hei, på lørdag har vi åpent.").await;
    for listener in [&mut early, &mut late] {
        let Pushed::Draft(piece) = next(listener).await else { panic!("an event") };
        assert_eq!(piece, delta(15, "har vi åpent."), "the known part is not said again");
    }
    a.bus.publish_draft(TENANT, SESSION, Draft::Discarded { turn: TURN });
    for listener in [&mut early, &mut late] {
        let Pushed::Draft(piece) = next(listener).await else { panic!("an event") };
        assert_eq!(piece, Draft::Discarded { turn: TURN });
    }
    assert_eq!(c.bus.subscribe_session(TENANT, SESSION).draft, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_nobody_uses_here_is_forgotten_and_found_again() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let a = Node::start(&redis, &log, 11);
    let pace = Pace {
        idle: Duration::from_millis(200),
        look: Duration::from_millis(50),
        ..Pace::default()
    };
    let b = Node::start_with(&redis, &log, 12, pace);
    a.until(BusHealth::Joined).await;
    b.until(BusHealth::Joined).await;
    let channel = format!("forecourt:{TENANT}");
    let listening = async |count: i64| {
        let wait = async {
            loop {
                let (_, now): (String, i64) = redis.ask(&["PUBSUB", "NUMSUB", &channel]).await;
                if now == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "{count} nodes follow the tenant");
    };
    let listener = b.bus.subscribe_tenant(TENANT);
    listening(1).await;
    drop(listener);
    listening(0).await;
    a.write(3);
    let mut again = b.bus.subscribe_tenant(TENANT);
    listening(2).await;
    a.write(1);
    let seqs = seqs_to(&mut again, 4).await;
    assert!(seqs.ends_with(&[4]) && seqs.is_sorted(), "{seqs:?}");
}
