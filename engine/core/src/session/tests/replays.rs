//! Dead letters, their replay, the intent ledger, and timers that a person stops.

use std::collections::{BTreeMap, BTreeSet};

use super::{walk::step, *};
use crate::delivery::Intent;

fn failed() -> DeliveryReport {
    DeliveryReport::Permanent { code: "smtp-550".into() }
}

fn uncertain() -> DeliveryReport {
    DeliveryReport::Uncertain { code: "lost".into() }
}

fn accepted() -> DeliveryReport {
    DeliveryReport::Accepted { reference: None }
}

fn replay(delivery: DeliveryId, even_if_sent: bool) -> Command {
    Command::ReplayDelivery { delivery, by: member(7), even_if_sent, client_id: None }
}

/// A lead whose answer has ended so.
fn dead(report: DeliveryReport) -> (World, DeliveryId) {
    let mut world = World::captured();
    world.answer().unwrap();
    let delivery = world.delivery();
    world.report(delivery, report).unwrap();
    (world, delivery)
}

fn queued(decided: &Decided) -> Vec<DeliveryQueued> {
    let of = |event: &Event| match event {
        Event::DeliveryQueued(queued) => Some(queued.clone()),
        _ => None,
    };
    decided.decision.events.iter().filter_map(of).collect()
}

#[test]
fn a_dead_letter_is_sent_once_more_as_the_same_meaning_under_a_new_id() {
    let (mut world, first) = dead(failed());
    let letter = world.state.dead[&first].clone();
    let decided = world.run(replay(first, false)).unwrap();
    let [new] = &queued(&decided)[..] else { panic!("one letter") };
    assert_eq!((new.message, &new.to), (letter.message, &letter.to));
    assert_eq!((new.intent.as_ref(), new.replay_of), (Some(&letter.intent), Some(first)));
    assert_eq!(new.deadline, None, "the promise is over");
    assert_ne!(new.delivery, first);
    assert!(world.has(|event| matches!(
        event,
        Event::DeliveryReplayed { of, by, even_if_sent: false, .. }
            if *of == first && *by == member(7)
    )));
    assert_eq!(world.run(replay(first, false)), Err(Rejection::OnItsWay), "it is on its way");
    assert_eq!(world.run(replay(new.delivery, false)), Err(Rejection::OnItsWay));

    // It fails again: both are dead, and either may be sent; the other is then on its way too.
    let second = new.delivery;
    world.report(second, failed()).unwrap();
    let third = queued(&world.run(replay(second, false)).unwrap())[0].delivery;
    assert_eq!(world.run(replay(first, false)), Err(Rejection::OnItsWay));

    world.report(third, accepted()).unwrap();
    assert_eq!(world.state.thread, [third], "the thread goes on from what arrived");
    for old in [first, second, third] {
        assert_eq!(world.run(replay(old, true)), Err(Rejection::Stale), "it has arrived");
    }
    assert!(world.state.dead.is_empty());
}

#[test]
fn a_wish_that_is_repeated_is_answered_as_before() {
    let (mut world, first) = dead(failed());
    let wish = |delivery, id: &str| Command::ReplayDelivery {
        delivery,
        by: member(7),
        even_if_sent: false,
        client_id: Some(id.into()),
    };
    let second = queued(&world.run(wish(first, "a")).unwrap())[0].delivery;
    let before = Err(Rejection::AlreadyReplayed { delivery: second });
    assert_eq!(world.run(wish(first, "a")), before);
    assert_eq!(world.run(wish(first, "b")), Err(Rejection::OnItsWay));
    world.report(second, failed()).unwrap();
    assert_eq!(world.run(wish(first, "a")), before, "though it has failed since");
    assert_eq!(world.run(wish(second, "a")), before, "it is the same meaning");
    world.run(wish(second, "b")).unwrap();
}

#[test]
fn what_may_have_left_is_sent_again_only_by_somebody_who_says_so() {
    let (mut world, first) = dead(uncertain());
    assert_eq!(world.run(replay(first, false)), Err(Rejection::MayHaveLeft));
    let second = queued(&world.run(replay(first, true)).unwrap())[0].delivery;
    world.report(second, failed()).unwrap();
    // The second did not leave, but the first may have.
    assert_eq!(world.run(replay(second, false)), Err(Rejection::MayHaveLeft), "R1");
    world.run(replay(second, true)).unwrap();
}

#[test]
fn what_the_assistant_wrote_stays_dead_once_somebody_else_speaks() {
    let (mut world, first) = dead(failed());
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert_eq!(world.run(replay(first, true)), Err(Rejection::OldFence), "A7");
    world.run(give_back(7)).unwrap();
    assert_eq!(world.run(replay(first, true)), Err(Rejection::OldFence), "A7");

    // What a person wrote carries no fence.
    let (mut world, _) = dead(failed());
    let text = "Hei, jeg heter Åse.".to_owned();
    let says =
        Command::PostMemberMessage { member: member(7), text, client_id: "m".into(), seen: None };
    world.run(says).unwrap();
    let letter = world.delivery();
    world.report(letter, failed()).unwrap();
    world.run(give_back(7)).unwrap();
    world.run(replay(letter, false)).unwrap();
}

#[test]
fn only_dead_letters_of_an_open_conversation_are_sent_again() {
    let mut world = World::captured();
    world.answer().unwrap();
    let letter = world.delivery();
    let unknown = DeliveryId::from_uuid(Uuid::from_u128(9));
    assert_eq!(world.run(replay(unknown, true)), Err(Rejection::Stale));
    assert_eq!(world.run(replay(letter, true)), Err(Rejection::OnItsWay));
    world.report(letter, failed()).unwrap();
    world.run(Command::Close { member: member(7) }).unwrap();
    assert_eq!(world.run(replay(letter, true)), Err(Rejection::Closed));
}

#[test]
fn an_alert_is_sent_again_only_while_somebody_waits_for_a_person() {
    let (mut world, _) = dead(failed());
    let alert = *world.state.deliveries.keys().next().expect("people are alerted");
    world.report(alert, failed()).unwrap();
    let again = queued(&world.run(replay(alert, false)).unwrap());
    assert_eq!(again[0].kind, DeliveryKind::Alert { reason: AlertReason::Undeliverable });
    world.report(again[0].delivery, failed()).unwrap();
    world.run(Command::CancelTimer { kind: TimerKind::Handoff, by: member(7) }).unwrap();
    assert_eq!(world.run(replay(alert, false)), Err(Rejection::Stale), "nobody waits");
}

#[test]
fn a_session_remembers_its_newest_dead_letters_only() {
    let mut world = World::captured();
    let mut letters = Vec::new();
    for n in 0..40 {
        let (text, client_id) = (format!("Hei {n}"), format!("m{n}"));
        world
            .run(Command::PostMemberMessage { member: member(7), text, client_id, seen: None })
            .unwrap();
        letters.push(world.delivery());
        let letter = letters[n];
        world.report(letter, failed()).unwrap();
        let alerts: Vec<_> = world.state.deliveries.keys().copied().collect();
        for alert in alerts {
            world.report(alert, accepted()).unwrap();
        }
    }
    assert_eq!(world.state.dead.len(), 32, "A9");
    assert_eq!(world.run(replay(letters[0], false)), Err(Rejection::Stale));
    world.run(replay(letters[39], false)).unwrap();
}

#[test]
fn reminders_stop_when_a_person_says_so_and_begin_again_with_a_new_reason() {
    let (mut world, _) = dead(failed());
    let stop = Command::CancelTimer { kind: TimerKind::Handoff, by: member(7) };
    let decided = world.run(stop.clone()).unwrap();
    let ends = |kind| Effect::EndTimer { kind, end: TimerEnd::Cancelled };
    assert_eq!(decided.decision.effects, [TimerKind::Handoff, TimerKind::Reroute].map(ends));
    assert_eq!(world.run(stop.clone()), Err(Rejection::Stale), "they have stopped");
    world.wait(86_400);
    assert!(!world.has(|e| matches!(e, Event::HumanAlerted { reason: AlertReason::StillWaiting })));
    world.run(Command::Quarantine).unwrap();
    assert!(world.timers.contains_key(&TimerKind::Handoff));
    world.run(Command::Close { member: member(7) }).unwrap();
    assert_eq!(world.run(stop), Err(Rejection::Closed));
}

#[test]
fn what_a_customer_waits_for_cannot_be_cancelled() {
    let mut world = World::captured();
    for kind in [TimerKind::Promise, TimerKind::Turn] {
        let cancel = Command::CancelTimer { kind, by: member(7) };
        assert_eq!(world.run(cancel), Err(Rejection::SomebodyWaits), "A11: {kind:?}");
    }
    for kind in [TimerKind::Gather, TimerKind::Handoff] {
        let cancel = Command::CancelTimer { kind, by: member(7) };
        assert_eq!(world.run(cancel), Err(Rejection::Stale), "{kind:?} is not set");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The intent ledger, over any walk with replays and bugs that repeat themselves.
    #[test]
    fn one_meaning_never_arrives_twice_unless_a_person_risked_it(
        steps in proptest::collection::vec((step(), any::<u8>(), any::<bool>()), 1..60),
    ) {
        let mut world = World::new();
        world.submit("Hei").unwrap();
        for (n, (step, which, risk)) in steps.iter().enumerate() {
            world.step(n, step);
            let dead: Vec<_> = world.state.dead.keys().copied().collect();
            if let Some(letter) = dead.get(usize::from(*which) % (dead.len() + 2)) {
                let _refused = world.run(replay(*letter, *risk));
            }
            let open: Vec<_> =
                world.state.deliveries.values().filter_map(|open| open.intent.as_ref()).collect();
            let meanings: BTreeSet<_> = open.iter().collect();
            prop_assert_eq!(meanings.len(), open.len(), "two of one meaning are on their way");
        }
        let mut meaning: BTreeMap<DeliveryId, Intent> = BTreeMap::new();
        let mut arrived: BTreeSet<Intent> = BTreeSet::new();
        let mut doubtful: BTreeSet<Intent> = BTreeSet::new();
        let mut risked: BTreeSet<Intent> = BTreeSet::new();
        for (_, event) in &world.events {
            match event {
                Event::DeliveryQueued(queued) => {
                    let intent = queued.intent.clone().expect("every delivery has a meaning");
                    prop_assert!(!arrived.contains(&intent), "it had arrived");
                    prop_assert!(!doubtful.contains(&intent) || risked.contains(&intent), "R1");
                    meaning.insert(queued.delivery, intent);
                }
                Event::DeliveryAccepted { delivery, .. } => {
                    prop_assert!(arrived.insert(meaning[delivery].clone()), "it arrived twice");
                }
                Event::DeliveryUncertain { delivery, .. } => {
                    doubtful.insert(meaning[delivery].clone());
                }
                Event::DeliveryReplayed { of, even_if_sent: true, .. } => {
                    risked.insert(meaning[of].clone());
                }
                _ => {}
            }
        }
    }
}
