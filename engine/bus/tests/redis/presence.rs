//! Who is where, on two nodes: everybody sees everybody, and nobody stays who is gone.

use std::{sync::Arc, time::Duration};

use forecourt_bus::Pace;
use forecourt_core::id::MemberId;
use forecourt_ports::{
    bus::{Bus, BusHealth, Pushed, Subscription},
    presence::{Availability, Ephemeral, Person, Presence, PresenceChange, SharedDraft, Typist},
};
use uuid::Uuid;

use crate::support::{Log, Node, PATIENCE, Redis, SESSION, TENANT, joined};

fn person(nth: u128) -> Person {
    Person { member: MemberId::from_uuid(Uuid::from_u128(nth)), name: format!("Ola {nth}").into() }
}

/// Waits until the presence of the session is as wanted.
async fn until(bus: &dyn Bus, wanted: impl Fn(&Presence) -> bool) {
    let mut changes = bus.subscribe_presence(TENANT);
    let wait = async {
        while !wanted(&bus.presence(TENANT, SESSION)) {
            changes.recv().await.expect("the listener is quick");
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "{:?}", bus.presence(TENANT, SESSION));
}

fn viewers(presence: &Presence) -> Vec<u128> {
    presence.viewers.iter().map(|viewer| viewer.person.member.as_uuid().as_u128()).collect()
}

fn typists(presence: &Presence) -> usize {
    presence.viewers.iter().filter(|viewer| viewer.typing).count()
}

async fn draft(listener: &mut Subscription) -> SharedDraft {
    loop {
        let next = tokio::time::timeout(PATIENCE, listener.events.recv()).await;
        if let Some(Pushed::Ephemeral(_, Ephemeral::Draft(draft))) = next.expect("in time") {
            return draft.as_ref().clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_customers_at_different_nodes_see_each_other_come_type_and_go() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    let mut at_b = b.bus.subscribe_session(TENANT, SESSION);
    a.bus.set_viewer(TENANT, SESSION, &person(1), true);
    b.bus.set_viewer(TENANT, SESSION, &person(2), true);
    b.bus.set_customer(TENANT, SESSION, true);
    until(&a.bus, |p| viewers(p) == [1, 2] && p.customer_online).await;
    until(&b.bus, |p| viewers(p) == [2, 1] || viewers(p) == [1, 2]).await;
    a.bus.set_typing(TENANT, SESSION, Typist::Member(person(1)), true);
    b.bus.set_typing(TENANT, SESSION, Typist::Customer, true);
    until(&b.bus, |p| typists(p) == 1).await;
    until(&a.bus, |p| p.customer_typing).await;
    b.bus.set_typing(TENANT, SESSION, Typist::Customer, false);
    until(&a.bus, |p| !p.customer_typing).await;
    let saved = SharedDraft {
        revision: 2,
        text: "Hei på \u{1F697}".into(),
        member: Some(person(1).member),
        at: None,
    };
    a.bus.publish_shared_draft(TENANT, SESSION, saved.clone());
    assert_eq!(draft(&mut at_b).await, saved);
    a.bus.set_viewer(TENANT, SESSION, &person(1), false);
    b.bus.set_customer(TENANT, SESSION, false);
    until(&b.bus, |p| viewers(p) == [2] && typists(p) == 0).await;
    until(&a.bus, |p| viewers(p) == [2] && !p.customer_online).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_joins_late_is_told_who_is_there_and_one_that_dies_takes_its_people_along() {
    let (redis, log) = (Redis::start(), Arc::new(Log::default()));
    let pace = Pace {
        renew: Duration::from_millis(200),
        silent: Duration::from_millis(1_500),
        look: Duration::from_millis(50),
        ..Pace::default()
    };
    let a = Node::start_with(&redis, &log, 11, pace);
    a.until(BusHealth::Joined).await;
    a.bus.set_viewer(TENANT, SESSION, &person(1), true);
    a.bus.set_member(TENANT, &person(1), true);
    a.bus.set_availability(TENANT, &person(1), Availability::Busy);
    let late = Node::start_with(&redis, &log, 12, pace);
    let mut changes = late.bus.subscribe_presence(TENANT);
    until(&late.bus, |p| viewers(p) == [1]).await;
    let member = async {
        loop {
            match changes.recv().await.expect("the listener is quick") {
                PresenceChange::Member(one) if one.availability == Availability::Busy => {
                    return one;
                }
                _ => {}
            }
        }
    };
    let member = tokio::time::timeout(PATIENCE, member).await.expect("in time");
    assert_eq!(member.person, person(1));
    late.bus.set_viewer(TENANT, SESSION, &person(2), true);
    // Renewed again and again, they stay longer than silence lasts.
    tokio::time::sleep(pace.silent * 2).await;
    assert_eq!(viewers(&late.bus.presence(TENANT, SESSION)), [1, 2]);
    drop(a);
    until(&late.bus, |p| viewers(p) == [2]).await;
    let gone = async {
        while !late.bus.members(TENANT).is_empty() {
            changes.recv().await.expect("the listener is quick");
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the member is gone too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_node_knows_its_own_people_and_learns_of_the_others_when_it_is_back() {
    let (mut redis, log) = (Redis::start(), Arc::new(Log::default()));
    let (a, b) = joined(&redis, &log).await;
    redis.kill();
    a.until(BusHealth::Cut).await;
    b.until(BusHealth::Cut).await;
    a.bus.set_viewer(TENANT, SESSION, &person(1), true);
    b.bus.set_viewer(TENANT, SESSION, &person(2), true);
    assert_eq!(viewers(&a.bus.presence(TENANT, SESSION)), [1]);
    assert_eq!(viewers(&b.bus.presence(TENANT, SESSION)), [2]);
    redis.start_again();
    until(&a.bus, |p| viewers(p) == [1, 2]).await;
    until(&b.bus, |p| viewers(p) == [2, 1]).await;
}
