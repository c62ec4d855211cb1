//! What an event costs with one node and with two; run it by hand:
//! `cargo test --release -p forecourt-bus --test redis -- --ignored --nocapture`.

use std::{sync::Arc, time::Instant};

use forecourt_bus::LocalBus;
use forecourt_core::{
    event::{Author, Event, MessagePosted, MessageSeq},
    id::MessageId,
};
use forecourt_ports::bus::{Bus, BusHealth, Subscription};
use uuid::Uuid;

use crate::support::{Log, Node, Redis, TENANT, joined, next};

const EVENTS: usize = 200_000;
/// Events that are under way at once: fewer than a listener's queue.
const WINDOW: usize = 2_048;
/// Events of one commit.
const COMMIT: usize = 16;

fn message() -> Event {
    Event::MessagePosted(MessagePosted {
        message: MessageId::from_uuid(Uuid::from_u128(7)),
        seq: MessageSeq(1),
        author: Author::Customer,
        text: "Hei, er den blå stasjonsvognen fortsatt til salgs? Jeg kan komme på lørdag.".into(),
        client_id: None,
        origin: None,
    })
}

/// Processor time of this process, in seconds; Redis is another one.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<f64> =
        after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

async fn measure(what: &str, log: &Log, bus: &dyn Bus, listeners: &mut [Subscription]) {
    let (started, used) = (Instant::now(), processor());
    for _ in 0..EVENTS / WINDOW {
        for _ in 0..WINDOW / COMMIT {
            bus.publish(TENANT, log.commit(TENANT, vec![message(); COMMIT]));
        }
        for listener in &mut *listeners {
            for _ in 0..WINDOW {
                next(listener).await;
            }
        }
    }
    let events = (EVENTS / WINDOW * WINDOW) as f64;
    let (took, used) = (started.elapsed().as_secs_f64(), processor() - used);
    println!(
        "{what}: {:.0} events/s, {:.2} us of processor per event",
        events / took,
        used / events * 1e6
    );
}

/// The time from one node's publication to another's listener, with nothing else under way.
async fn delay(log: &Log, from: &dyn Bus, to: &mut Subscription) {
    let mut took = Vec::with_capacity(1_000);
    for _ in 0..1_000 {
        let events = log.commit(TENANT, vec![message()]);
        let started = Instant::now();
        from.publish(TENANT, events);
        next(to).await;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    println!("from node to node: p50 {:?}, p99 {:?}", took[500], took[990]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; by hand and in release"]
async fn what_an_event_costs() {
    let log = Log::default();
    let local = LocalBus::default();
    let mut at = [local.subscribe_tenant(TENANT)];
    measure("one process, one listener", &log, &local, &mut at).await;

    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let a = Node::start(&redis, &log, 11);
    a.until(BusHealth::Joined).await;
    let mut at = [a.bus.subscribe_tenant(TENANT)];
    measure("one node on redis, one listener", &log, &a.bus, &mut at).await;
    drop(a);

    let log = Arc::new(Log::default());
    let (a, b) = joined(&redis, &log).await;
    let mut at = [a.bus.subscribe_tenant(TENANT), b.bus.subscribe_tenant(TENANT)];
    measure("two nodes on redis, a listener on each", &log, &a.bus, &mut at).await;
    println!("pages read from the journal: {}", log.reads());
    delay(&log, &a.bus, &mut at[1]).await;
}
