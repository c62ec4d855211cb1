//! Leads are answered once, in time, whatever the models do.

use std::time::Duration;

use crate::support::{MEMBER, World};
use forecourt_core::{
    event::{AlertReason, AnsweredBy, Event},
    promise::Rung,
};
use forecourt_ports::{
    fake::{Script, Step},
    model::ModelError,
    store::InboundOutcome,
};

#[actix_rt::test]
async fn a_captured_lead_is_answered_by_the_model_and_proven_by_the_provider() {
    let mut world = World::new().await;
    let captured = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    assert_eq!(captured.outcome, InboundOutcome::Created);
    let kept = world.until_answered().await;
    assert!(matches!(kept.event, Event::PromiseKept { by: AnsweredBy::Model { .. }, .. }));
    assert_eq!(world.letters(), ["Takk for henvendelsen. En av oss svarer deg snart."]);
    assert_eq!(world.alerts(), 0);
}

#[actix_rt::test]
async fn ten_identical_submissions_at_once_are_one_lead_and_one_answer() {
    let mut world = World::new().await;
    let captures = (0..10).map(|_| world.capture("kari@example.no", "Hei, er bilen ledig?"));
    let captured = futures_util::future::join_all(captures).await;
    let leads: std::collections::BTreeSet<_> =
        captured.iter().map(|c| c.as_ref().unwrap().lead).collect();
    assert_eq!(leads.len(), 1);
    let created =
        captured.iter().filter(|c| c.as_ref().unwrap().outcome == InboundOutcome::Created);
    assert_eq!(created.count(), 1);
    world.until_answered().await;
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn a_model_that_is_down_stalls_or_babbles_leaves_the_template_before_the_promise_ends() {
    let faults = [
        ("down", Script::fail(ModelError::Transport)),
        (
            "overloaded",
            Script::fail(ModelError::Status {
                status: 529,
                kind: "overloaded_error".into(),
                retry_after: None,
            }),
        ),
        ("silent", Script::hang()),
        ("stalling in mid-sentence", Script::say("Hei, bilen er").then(Step::Hang)),
        ("cut", Script::say("Hei, bilen er").then(Step::Break)),
        ("garbage", Script::fail(ModelError::Protocol("not a message"))),
        ("empty", Script(Vec::new())),
    ];
    for (name, script) in faults {
        let mut world = World::new().await;
        for _ in 0..20 {
            world.primary.push(script.clone());
            world.second.push(script.clone());
        }
        world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
        // A minute passes second by second, as it would for the customer. The engine answers in real time:
        // it is given a moment for each, and for the last one as long as it takes.
        for _ in 1..=61 {
            world.pass(1);
            tokio::time::sleep(Duration::from_millis(3)).await;
            if !world.letters().is_empty() {
                break;
            }
        }
        let kept = world.until_answered().await;
        assert!(
            matches!(kept.event, Event::PromiseKept { by: AnsweredBy::Template, .. }),
            "{name}"
        );
        assert_eq!(world.letters().len(), 1, "{name}");
        let told =
            |e: &Event| matches!(e, Event::HumanAlerted { reason: AlertReason::NoModelAnswer });
        assert!(world.seen.iter().any(|record| told(&record.event)), "{name}: nobody was told");
    }
}

#[actix_rt::test]
async fn a_model_that_recovers_within_its_slice_is_asked_again() {
    let mut world = World::new().await;
    let overloaded =
        ModelError::Status { status: 529, kind: "overloaded_error".into(), retry_after: None };
    world.primary.push(Script::fail(overloaded.clone()));
    world.primary.push(Script::fail(overloaded));
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    for _ in 0..40 {
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(3)).await;
        if !world.letters().is_empty() {
            break;
        }
    }
    world.until_answered().await;
    assert_eq!(world.primary.asks().len(), 3);
    assert!(world.second.asks().is_empty());
}

#[actix_rt::test]
async fn the_second_model_takes_over_when_the_slice_of_the_first_is_over() {
    let mut world = World::new().await;
    world.primary.push(Script::hang());
    world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    world.pass(30);
    world
        .until("the second rung", |e| matches!(e, Event::RungReached { rung: Rung::Second, .. }))
        .await;
    let kept = world.until_answered().await;
    assert!(matches!(kept.event, Event::PromiseKept { after_ms: 30_000, .. }));
    assert_eq!((world.primary.asks().len(), world.second.asks().len()), (1, 1));
}

#[actix_rt::test]
async fn newer_text_cancels_the_answer_that_is_being_written() {
    let mut world = World::new().await;
    world.primary.push(Script::say("Hei, ").then(Step::Hang));
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    let again = world.capture("kari@example.no", "Jeg mente den røde.").await.unwrap();
    assert_eq!((again.lead, again.outcome), (lead.lead, InboundOutcome::Appended));
    world.until_answered().await;
    let last = world.primary.asks().last().cloned().unwrap();
    assert_eq!(last.transcript.len(), 2, "the new turn knows both messages");
    assert_eq!(world.letters().len(), 1);
}

#[actix_rt::test]
async fn a_takeover_silences_a_running_turn_and_the_person_answers() {
    let mut world = World::new().await;
    world.primary.push(Script::say("Hei, ").then(Step::Hang));
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.until("the turn", |e| matches!(e, Event::TurnStarted { .. })).await;
    world.tenant.take_over(lead.session, MEMBER).await.unwrap();
    world.tenant.take_over(lead.session, MEMBER).await.unwrap(); // twice is once
    world
        .tenant
        .post_member_message(lead.session, MEMBER, "Jeg ringer deg.".into(), "m1".into(), None)
        .await
        .unwrap();
    let kept = world.until_answered().await;
    assert!(matches!(kept.event, Event::PromiseKept { by: AnsweredBy::Member { .. }, .. }));
    assert_eq!(world.letters(), ["Jeg ringer deg."]);
}

#[actix_rt::test]
async fn a_sentence_that_the_tenants_data_does_not_back_stays_in() {
    let mut world = World::new().await;
    world
        .primary
        .push(Script::say("Takk for henvendelsen. Bilen koster 10 kroner og du får 90 % rabatt."));
    world.capture("kari@example.no", "Hei, hva koster bilen?").await.unwrap();
    world.until_answered().await;
    assert_eq!(world.letters(), ["Takk for henvendelsen."], "A6: only what is backed leaves");
}
