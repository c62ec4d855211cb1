//! Tables and properties of the lead session; the names of invariants are those of the architecture.

mod attachments;
mod callback;
mod chat;
mod dialogue;
mod people;
mod replays;
mod walk;
mod world;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use self::world::{World, chat};
use super::{replay::Verdict, *};
use crate::{
    attachment::{AttachmentFailure, FileKind, PostedAttachment},
    capture::{RawSubmission, Submission},
    effect::TimerEnd,
    event::{AssignReason, Reader, Source, TurnFailure},
    gather::GatherSettings,
    id::AttachmentId,
    settings::{Brand, MailSettings, TenantSettings},
};

fn settings() -> TenantSettings {
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: crate::hours::OpeningHours::default(),
        promise: PromiseSettings::default(),
        gather: GatherSettings::default(),
        handoff: crate::handoff::HandoffSettings::default(),
        dialogue: crate::dialogue::DialogueSettings::default(),
        bookings: crate::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "post@nordlys.example".into(),
            reply_to: None,
            alert_to: vec!["vakt@nordlys.example".into()],
        },
        allowed_origins: Vec::new(),
        models: crate::models::ModelSettings::default(),
    }
}

fn submission(message: &str) -> Submission {
    RawSubmission {
        name: Some("Kari Nordmann".into()),
        email: Some("kari@example.no".into()),
        message: Some(message.into()),
        ..RawSubmission::default()
    }
    .parse("NO")
    .unwrap()
}

fn an_answer() -> Answer {
    Answer { text: "Ja, den er ledig.".into(), model: "house".into(), prompt: "house@1".into() }
}

fn give_back(n: u128) -> Command {
    Command::Release { member: member(n), manager: false }
}

fn member(n: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(n))
}

#[test]
fn a_captured_lead_is_answered_and_the_promise_is_proven_by_the_provider() {
    let mut world = World::captured();
    assert_eq!(world.state.lang, Lang::Nb);
    world.wait(3);
    world.answer().unwrap();
    assert!(
        !world.has(|e| matches!(e, Event::PromiseKept { .. })),
        "kept before the provider spoke"
    );
    world.wait(1);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(
        e,
        Event::PromiseKept { after_ms: 4_000, by: AnsweredBy::Model { .. }, .. }
    )));
    assert!(world.timers.is_empty());
}

#[test]
fn a_proof_after_a_deadline_whose_timer_has_not_fired_breaks_the_promise() {
    let mut world = World::captured();
    world.wait(3);
    world.answer().unwrap();
    let delivery = world.delivery();
    // Without power no timer fires, and the letter that was handed over before is proven afterwards.
    world.now += SignedDuration::from_secs(100);
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(e, Event::PromiseBroken { after_ms: 103_000, .. })));
    assert!(!world.has(|e| matches!(e, Event::PromiseKept { .. })));
    assert!(world.state.promises.is_empty());
}

#[test]
fn a_silent_model_climbs_every_rung_and_the_template_goes_out() {
    let mut world = World::captured();
    world.wait(59);
    assert_eq!(world.rungs(), [(30, Rung::Second), (55, Rung::ModelsEnd)]);
    world.wait(2);
    assert!(world.has(|e| matches!(e, Event::HumanAlerted { reason: AlertReason::NoModelAnswer })));
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(e, Event::PromiseKept { by: AnsweredBy::Template, .. })));
    assert!(world.timers.contains_key(&TimerKind::Handoff), "A11: a person must still come");
}

#[test]
fn a_provider_that_is_down_alerts_a_person_and_breaks_the_promise_in_the_open() {
    let mut world = World::captured();
    world.answer().unwrap();
    let delivery = world.delivery();
    for _ in 0..30 {
        let code = "connect-refused".to_owned();
        world.report(delivery, DeliveryReport::Temporary { code, retry_after: None }).unwrap();
        world.wait(5);
        if world.now >= world.start + SignedDuration::from_secs(91) {
            break;
        }
    }
    assert_eq!(world.rungs(), [(75, Rung::Alert), (90, Rung::Deadline)]);
    assert!(world.has(|e| matches!(e, Event::PromiseBroken { .. })));
    assert!(world.state.deliveries.contains_key(&delivery), "the letter is still tried");
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
}

#[test]
fn failing_models_fall_to_the_template_without_waiting_for_their_slices() {
    let mut world = World::captured();
    for _ in 0..2 {
        let turn = world.turn();
        world
            .run(Command::EndTurn {
                turn,
                result: Err(TurnFailure::Model),
                notes: crate::dialogue::TurnNotes::default(),
            })
            .unwrap();
    }
    assert_eq!(world.rungs(), [(0, Rung::Second), (0, Rung::Template)]);
    assert!(world.state.turn.is_none());
}

#[test]
fn a_process_that_died_with_a_turn_leaves_a_lease_that_ends() {
    let mut world = World::captured();
    let lost = world.turn();
    assert_eq!(world.state.owed().len(), 1);
    world.now += SignedDuration::from_secs(15);
    world.run(Command::FireTimer { kind: TimerKind::Turn, turn_runs: false }).unwrap();
    assert_ne!(world.turn(), lost);
    let late = world.run(Command::EndTurn {
        turn: lost,
        result: Ok(an_answer()),
        notes: crate::dialogue::TurnNotes::default(),
    });
    assert_eq!(late, Err(Rejection::Stale));
}

#[test]
fn the_same_form_within_five_minutes_is_one_lead_and_one_answer() {
    let mut world = World::captured();
    world.wait(200);
    let again = world.submit("Er bilen ledig?").unwrap();
    assert_eq!(again.decision.events, [Event::SubmissionRepeated]);
    let other = world.submit("Og hva koster den?").unwrap();
    assert!(matches!(other.decision.events[0], Event::LeadRepeated { .. }));
    world.wait(301);
    let late = world.submit("Er bilen ledig?").unwrap();
    assert!(matches!(late.decision.events[0], Event::LeadRepeated { .. }));
}

#[test]
fn a_repeated_chat_message_finds_its_first_place() {
    let mut world = World::new();
    world.run(Command::Open { lang: Lang::En }).unwrap();
    let post = |text: &str, id: &str| Command::PostMessage {
        text: text.into(),
        client_id: id.into(),
        page_url: None,
        pressed: None,
        attachments: Vec::new(),
    };
    world.run(post("Hi", "a")).unwrap();
    world.wait(2);
    assert!(matches!(
        world.run(post("Hi", "a")),
        Err(Rejection::AlreadyPosted { seq: MessageSeq(1), .. })
    ));
    let first = world.turn();
    world.run(post("Is the Model 3 still available?", "b")).unwrap();
    world.wait(1);
    assert_ne!(world.turn(), first, "newer text begins a new turn");
    assert_eq!(world.state.promises.len(), 1, "the clock runs from the first message");
    world.answer().unwrap();
    assert!(
        world.has(|e| matches!(e, Event::PromiseKept { .. })),
        "stored on the stream is proven"
    );
    assert!(world.state.promises.is_empty());
}

#[test]
fn a_takeover_silences_the_assistant_and_the_waiting_customer_keeps_a_timer() {
    let mut world = World::captured();
    let turn = world.turn();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert_eq!(
        world.run(Command::EndTurn {
            turn,
            result: Ok(an_answer()),
            notes: crate::dialogue::TurnNotes::default()
        }),
        Err(Rejection::Stale)
    );
    assert!(world.timers.contains_key(&TimerKind::Promise));
    world.wait(76);
    assert_eq!(world.rungs(), [(75, Rung::Alert)], "the rungs of models are not a person's");
    assert_eq!(world.run(give_back(8)), Err(Rejection::NotYours));
    let text = "Hei, jeg ringer deg.".to_owned();
    world
        .run(Command::PostMemberMessage {
            member: member(7),
            text,
            client_id: "m1".into(),
            seen: None,
        })
        .unwrap();
    let delivery = world.delivery();
    assert_eq!(
        world.state.deliveries[&delivery].fence, None,
        "a person's words leave whatever follows"
    );
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(e, Event::PromiseKept { by: AnsweredBy::Member { .. }, .. })));
    assert!(!world.state.somebody_waits());
}

#[test]
fn an_answer_that_the_fence_held_back_is_answered_by_whoever_speaks_next() {
    let mut world = World::captured();
    world.answer().unwrap();
    let delivery = world.delivery();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.run(give_back(7)).unwrap();
    world.report(delivery, DeliveryReport::Refused).unwrap();
    assert!(world.state.turn.is_some(), "the assistant begins anew");
}

#[test]
fn an_uncertain_or_refused_letter_is_flagged_and_never_repeated() {
    for report in [
        DeliveryReport::Uncertain { code: "lost".into() },
        DeliveryReport::Permanent { code: "smtp-550".into() },
    ] {
        let mut world = World::captured();
        world.answer().unwrap();
        let delivery = world.delivery();
        world.report(delivery, report.clone()).unwrap();
        assert!(!world.state.deliveries.contains_key(&delivery));
        assert!(world.state.handoff.is_some());
        let late = Command::ReportDelivery { delivery, attempt: 9, report };
        assert_eq!(world.run(late), Err(Rejection::Stale));
    }
}

#[test]
fn a_closed_session_takes_nothing_new() {
    let mut world = World::captured();
    world.run(Command::Close { member: member(7) }).unwrap();
    assert!(world.timers.is_empty());
    assert_eq!(world.submit("Noe nytt"), Err(Rejection::Closed));
    assert_eq!(
        world.submit("Er bilen ledig?").unwrap().decision.events,
        [Event::SubmissionRepeated]
    );
    assert_eq!(world.run(Command::TakeOver { member: member(7) }), Err(Rejection::Closed));
}

#[test]
fn reminders_of_a_waiting_customer_come_at_growing_pauses_and_do_not_end() {
    let mut world = World::captured();
    world.wait(60);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    let before = world.timers[&TimerKind::Handoff];
    let mut pauses = Vec::new();
    let mut last = before;
    for _ in 0..9 {
        world.wait_until(last);
        let next = world.timers[&TimerKind::Handoff];
        pauses.push(next.duration_since(last).as_mins());
        last = next;
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440]);
    assert!(matches!(
        world.run(Command::FireTimer { kind: TimerKind::Handoff, turn_runs: false }),
        Err(Rejection::Stale)
    ));
}

#[test]
fn a_turn_that_is_yielded_is_due_at_once_for_whoever_lives() {
    let mut world = World::captured();
    let yielded = world.turn();
    world.run(Command::YieldTurn { turn: yielded }).unwrap();
    assert_eq!(world.timers[&TimerKind::Turn], world.now);
    world.run(Command::FireTimer { kind: TimerKind::Turn, turn_runs: false }).unwrap();
    assert_ne!(world.turn(), yielded);
    assert_eq!(world.run(Command::YieldTurn { turn: yielded }), Err(Rejection::Stale));
}

#[test]
fn a_night_without_the_engine_ends_in_one_reminder_and_not_in_a_dozen() {
    let mut world = World::captured();
    world.wait(60);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    let alerts = |world: &World| {
        world.events.iter().filter(|(_, e)| matches!(e, Event::HumanAlerted { .. })).count()
    };
    let before = alerts(&world);
    world.now += SignedDuration::from_hours(10);
    world.run(Command::FireTimer { kind: TimerKind::Handoff, turn_runs: false }).unwrap();
    assert_eq!(alerts(&world), before + 1);
    assert!(world.timers[&TimerKind::Handoff] > world.now, "the next one lies ahead");
}

#[test]
fn a_replay_tells_a_changed_rule_a_forgotten_cause_and_forgotten_settings() {
    let mut world = World::captured();
    world.wait(3);
    world.answer().unwrap();
    let settings = [world.settings.clone()];
    let verdicts = |decisions: &[replay::StoredDecision], settings: &[TenantSettings]| {
        let (steps, _) = replay::replay(world.state.id, decisions, settings);
        steps.into_iter().map(|step| step.verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&world.decisions, &settings), [Verdict::Same, Verdict::Same]);
    assert_eq!(verdicts(&world.decisions, &[]), [Verdict::NoSettings, Verdict::NoSettings]);
    let mut changed = world.decisions.clone();
    changed[0].cause = None;
    let Some(Event::MessagePosted(posted)) = changed[1].events.first_mut() else { panic!() };
    posted.text = "Nei.".into();
    assert!(matches!(
        verdicts(&changed, &settings)[..],
        [Verdict::NoCause, Verdict::Differs { .. }]
    ));
    let mut stale = world.decisions.clone();
    stale.push(stale[1].clone());
    let last = verdicts(&stale, &settings).pop();
    assert_eq!(last, Some(Verdict::Refused { rejection: Rejection::Stale }));
}

#[test]
fn a_timer_that_fired_ends_as_fired_and_one_no_longer_needed_as_cancelled() {
    let mut world = World::captured();
    let decided = world.answer().unwrap();
    let ends: Vec<_> = decided
        .decision
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::EndTimer { kind, end } => Some((*kind, *end)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(TimerKind::Turn, TimerEnd::Cancelled)]);
}
