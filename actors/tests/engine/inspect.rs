//! What operators are told of the actors is true, bounded, and told even of those that hang.

use std::{sync::atomic::Ordering, time::Duration};

use forecourt_actors::inspect::{Fate, Filter, Order, SessionVitals};
use forecourt_core::{event::Event, id::SessionId, lang::Lang};
use forecourt_ports::fake::Script;

use crate::support::World;

impl World {
    async fn vitals(&self, session: SessionId) -> Option<SessionVitals> {
        let filter = Filter { session: Some(session), top: 1, ..Filter::default() };
        let mut found = self.engine.inspect(filter).await.sessions;
        found.pop()
    }

    /// Asks until what is told is as wanted.
    async fn told(
        &self,
        session: SessionId,
        wanted: impl Fn(&SessionVitals) -> bool,
    ) -> SessionVitals {
        for _ in 0..1_000 {
            // Between a death and the next start nobody is there.
            if let Some(vitals) = self.vitals(session).await.filter(&wanted) {
                return vitals;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never told: {:?}", self.vitals(session).await);
    }
}

#[actix_rt::test]
async fn a_running_turn_is_told_with_its_model_until_it_ends() {
    let mut world = World::new().await;
    world.primary.push(Script::say("Hei.").after(Duration::from_secs(5)));
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    let turn = world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    let running = world.told(lead.session, |told| told.turn.is_some()).await;
    assert_eq!(running.turn.unwrap().model, "primary");
    assert!(running.commands >= 1 && running.longest <= running.total);
    assert!(running.version >= turn.version);
    // The model may not have begun its silence yet: time passes until it is over.
    let ended = loop {
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Some(told) = world.vitals(lead.session).await.filter(|told| told.turn.is_none()) {
            break told;
        }
    };
    assert!(ended.commands >= running.commands);
    world.until_answered().await;
    let answered = world.told(lead.session, |told| told.commands > running.commands).await;
    assert!(answered.version > running.version);
    assert_eq!((ended.restarts, ended.quarantined, ended.last_error), (0, false, None));
}

#[actix_rt::test]
async fn a_death_is_told_as_a_restart_and_the_second_as_a_quarantine() {
    let mut world = World::new().await;
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
    world.ids.panics.store(2, Ordering::SeqCst);
    let post = world.tenant.post_message(lead.session, "Gift".into(), "c1".into(), None);
    assert!(post.await.is_err());
    world.until("the alert", |e| matches!(e, Event::HumanAlerted { .. })).await;
    // The second death and the quarantine are told by two threads, in any order.
    let told = world.told(lead.session, |told| told.restarts == 2).await;
    assert!(told.quarantined);
    let filter = Filter { top: 10, order: Order::Restarts, ..Filter::default() };
    let inspection = world.engine.inspect(filter).await;
    assert_eq!(inspection.sessions[0].session, lead.session);
    assert_eq!(inspection.incidents.len(), 3);
    let quarantine = inspection.incidents.iter().find(|told| told.fate == Fate::KilledTwice);
    assert_eq!(quarantine.expect("the quarantine").command, Some("post_message"));
}

#[actix_rt::test]
async fn a_store_that_is_away_is_the_last_error_of_who_needed_it() {
    let mut world = World::new().await;
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
    world.store.set_unavailable(true);
    let post = world.tenant.post_message(lead.session, "Og prisen?".into(), "c1".into(), None);
    assert!(post.await.is_err());
    let told = world.vitals(lead.session).await.expect("a session that is awake");
    assert_eq!(told.last_error, Some("not_stored"));
    world.store.set_unavailable(false);
}

#[actix_rt::test]
async fn tenants_threads_and_timers_are_told_and_no_more_sessions_than_asked_for() {
    let mut world = World::new().await;
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    for _ in 0..5 {
        world.tenant.open_session(Lang::Nb).await.unwrap();
    }
    world.until("the promise", |e| matches!(e, Event::TurnStarted { .. })).await;
    let filter = Filter { top: 3, ..Filter::default() };
    // On a busy machine a thread may be silent for longer than an inspection waits.
    let inspection = loop {
        let inspection = world.engine.inspect(filter).await;
        let letters = inspection.tenants[0].deliveries;
        let answered = inspection.arbiters.iter().all(Option::is_some) && letters.is_some();
        if answered && inspection.timers.is_some() {
            break inspection;
        }
    };
    assert_eq!(inspection.sessions.len(), 3);
    assert_eq!((inspection.sessions_awake, inspection.tenants_loaded), (6, 1));
    assert_eq!(inspection.arbiters.len(), 2);
    let tenant = &inspection.tenants[0];
    assert_eq!((tenant.slug.as_str(), tenant.sessions_awake), ("nordlys-bil", 6));
    assert_eq!((tenant.captures, tenant.journal), (0, 0));
    assert!(tenant.timers.is_some());
    let other = Filter {
        tenant: Some(forecourt_core::id::TenantId::from_uuid(uuid::Uuid::nil())),
        top: 10,
        ..filter
    };
    let nothing = world.engine.inspect(other).await;
    assert!(nothing.sessions.is_empty() && nothing.tenants.is_empty());
    let one = world.vitals(lead.session).await.expect("a session that is awake");
    assert_eq!((one.mailbox, one.queue), (0, 0));
}
