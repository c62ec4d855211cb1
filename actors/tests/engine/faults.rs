//! What breaks is contained, taken up again, and told.

use std::{sync::atomic::Ordering, time::Duration};

use forecourt_actors::EngineError;
use forecourt_core::{
    event::{AlertReason, Event},
    lang::Lang,
};
use forecourt_ports::{
    fake::{Dial, Script, Step},
    store::InboundOutcome,
};

use crate::support::World;

#[actix_rt::test]
async fn a_panic_in_a_turn_is_a_failed_turn_and_the_next_model_answers() {
    let mut world = World::new().await;
    world.primary.push(Script::say("Hei").then(Step::Panic));
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
    assert_eq!(world.second.asks().len(), 1);
}

#[actix_rt::test]
async fn a_panic_in_a_handler_restarts_the_session_and_the_command_is_done_once() {
    let mut world = World::new().await;
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
    world.ids.panics.store(1, Ordering::SeqCst);
    let posted = world
        .tenant
        .post_message(lead.session, "Og prisen?".into(), "c1".into(), None)
        .await
        .unwrap();
    assert_eq!(posted.seq.0, 3);
    world.until_answered().await;
    assert_eq!(world.letters().len(), 2);
}

#[actix_rt::test]
async fn a_command_that_kills_its_session_twice_sends_it_to_a_person_and_spares_the_others() {
    let mut world = World::new().await;
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    let other = world.tenant.open_session(Lang::En).await.unwrap();
    world.until_answered().await;
    world.ids.panics.store(2, Ordering::SeqCst);
    let refused = world.tenant.post_message(lead.session, "Gift".into(), "c1".into(), None).await;
    assert!(matches!(refused, Err(EngineError::Unavailable { .. })));
    world
        .until("the alert", |e| {
            matches!(e, Event::HumanAlerted { reason: AlertReason::Quarantined })
        })
        .await;
    world.tenant.post_message(other, "Hello".into(), "c1".into(), None).await.unwrap();
    world.until("the gathering", |e| matches!(e, Event::Gathering { .. })).await;
    world.pass(2);
    world.until_answered().await;
}

#[actix_rt::test]
async fn a_commit_whose_answer_was_lost_is_found_by_the_repeat() {
    let mut world = World::new().await;
    world.store.commit_then_fail(1);
    let lost = world.capture("kari@example.no", "Hei, er bilen ledig?").await;
    assert!(matches!(lost, Err(EngineError::Unavailable { .. })));
    let again = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    assert_eq!(again.outcome, InboundOutcome::Repeated);
    // Nobody was told of the first commit; what it owed is found by whoever wakes the session.
    world.until_answered().await;
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn a_store_that_is_away_refuses_loudly_and_the_engines_own_work_waits_for_it() {
    let mut world = World::new().await;
    world.primary.push(Script::say("Hei.").after(Duration::from_secs(5)));
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    // It has read what it stands on.
    while world.primary.asks().is_empty() {
        tokio::task::yield_now().await;
    }
    world.store.set_unavailable(true);
    assert!(matches!(
        world.capture("ola@example.no", "Hei").await,
        Err(EngineError::Unavailable { .. })
    ));
    world.pass(5);
    world.store.set_unavailable(false);
    world.until_answered().await;
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn what_a_dead_engine_owed_is_done_once_by_the_next() {
    let mut world = World::new().await;
    world.primary.push(Script::hang());
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    world.restart().await;
    world.until_answered().await;
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn a_letter_whose_fate_is_unknown_is_told_to_a_person_and_never_sent_again() {
    for dial in [Dial::Uncertain, Dial::TakenInSilence, Dial::Panic] {
        let mut world = World::new().await;
        world.sender.dial(1, dial.clone());
        world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
        world
            .until("the alert", |e| {
                matches!(e, Event::HumanAlerted { reason: AlertReason::Uncertain })
            })
            .await;
        for _ in 0..100 {
            world.pass(1);
        }
        let answers = world.journal().await;
        let uncertain = answers.iter().filter(|e| matches!(e, Event::DeliveryUncertain { .. }));
        assert_eq!(uncertain.count(), 1, "{dial:?}");
        assert!(world.letters().len() <= 1, "{dial:?}: sent again");
    }
}

#[actix_rt::test]
async fn a_provider_that_refuses_for_now_is_tried_again_within_the_promise() {
    let mut world = World::new().await;
    world.sender.dial_next(3, &Dial::Refuse);
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    for _ in 0..60 {
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(5)).await;
        if world.letters().len() == 1 {
            break;
        }
    }
    world.until_answered().await;
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn a_flood_of_one_session_is_turned_away_and_another_session_is_not() {
    let mut world = World::new().await;
    let session = world.tenant.open_session(Lang::En).await.unwrap();
    let posts = (0..500)
        .map(|n| world.tenant.post_message(session, format!("Hello {n}"), format!("c{n}"), None));
    let results = futures_util::future::join_all(posts).await;
    let busy = results.iter().filter(|r| matches!(r, Err(EngineError::Busy { .. }))).count();
    let stored = results.iter().filter(|r| r.is_ok()).count();
    assert_eq!(busy + stored, 500);
    assert!(busy > 0 && stored >= 32, "{stored} stored, {busy} turned away");
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
}

#[actix_rt::test]
async fn a_stopping_engine_takes_nothing_new_and_waits_for_what_runs() {
    let mut world = World::new().await;
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until_answered().await;
    assert!(world.engine.stop(Duration::from_secs(5)).await);
    assert!(matches!(
        world.capture("ola@example.no", "Hei").await,
        Err(EngineError::Unavailable { .. })
    ));
}
