//! Deliveries: held by one node, handed over once, never past an older fence (A4, A7, R1).

use forecourt_core::{
    event::{AlertReason, Author, DeliveryKind},
    id::DeliveryId,
    lang::Lang,
    session::{Command, DeliveryReport, LeadSession},
};
use futures_util::future::join;
use jiff::SignedDuration;

use super::{Ground, LEASE, Stage, open_answer};
use crate::{
    ids::Ids as _,
    store::{DueDelivery, HandOver, Leaving},
};

/// A lead whose answer is on its way.
async fn answered(stage: &Stage<'_>) -> (LeadSession, DeliveryId) {
    let state = stage.lead("Kari Nordmann", "kari@example.no").await;
    let state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig.")).await;
    let delivery = open_answer(&state);
    (state, delivery)
}

async fn claim(stage: &Stage<'_>, by_other: bool) -> Vec<DueDelivery> {
    let (node, store) =
        if by_other { (stage.other_node, &stage.other) } else { (stage.node, &stage.store) };
    store.claim_deliveries(node, stage.now, LEASE, 100).await.expect("deliveries")
}

async fn hand_over(stage: &Stage<'_>, delivery: DeliveryId, attempt: u32) -> HandOver {
    let (store, node) = (&stage.store, stage.node);
    let recorded = store.hand_over(stage.tenant, delivery, attempt, node, stage.now, LEASE).await;
    recorded.expect("the store is there")
}

async fn other_hands_over(stage: &Stage<'_>, delivery: DeliveryId, attempt: u32) -> HandOver {
    let (store, node) = (&stage.other, stage.other_node);
    let recorded = store.hand_over(stage.tenant, delivery, attempt, node, stage.now, LEASE).await;
    recorded.expect("the store is there")
}

fn ids(due: &[DueDelivery]) -> Vec<DeliveryId> {
    due.iter().map(|due| due.delivery).collect()
}

pub async fn a_queued_delivery_belongs_to_its_own_node_at_first(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (_, delivery) = answered(&stage).await;
    assert_eq!(claim(&stage, true).await, [], "its own node sends it from memory");
    assert_eq!(other_hands_over(&stage, delivery, 1).await, HandOver::Stale);
    stage.pass(15);
    let due = claim(&stage, true).await;
    assert_eq!(ids(&due), [delivery], "its own node is gone");
    assert!(!due[0].lost);
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Stale, "another node has it now");
    assert_eq!(other_hands_over(&stage, delivery, 1).await, HandOver::Go);
}

pub async fn letters_that_leave_together_each_leave_by_their_own_right(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (first, goes) = answered(&stage).await;
    let second = stage.lead("Ola Nordmann", "ola@example.no").await;
    let second = stage.play(&second, Stage::answer(&second, "Ja.")).await;
    let refused = open_answer(&second);
    stage.play(&second, Command::TakeOver { member: stage.member }).await;
    let leaving = |session: &LeadSession, delivery, attempt| Leaving {
        session: session.id,
        delivery,
        attempt,
    };
    let never = DeliveryId::from_uuid(stage.ids.uuid());
    let tries = [
        leaving(&second, refused, 1),
        leaving(&first, goes, 2),
        leaving(&first, goes, 1),
        leaving(&first, goes, 1),
        leaving(&first, never, 1),
        leaving(&second, goes, 1),
    ];
    let (store, node) = (&stage.store, stage.node);
    let recorded = store.hand_over_all(stage.tenant, &tries[..5], node, stage.now, LEASE).await;
    let (go, stale) = (HandOver::Go, HandOver::Stale);
    assert_eq!(recorded.expect("answers"), [HandOver::Refused, stale, go, stale, stale]);
    let again = store.hand_over_all(stage.tenant, &tries[2..], node, stage.now, LEASE).await;
    assert_eq!(again.expect("answers"), [stale; 4], "it has left");
}

pub async fn a_claimed_delivery_carries_all_that_the_letter_needs(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, first) = answered(&stage).await;
    let accepted = DeliveryReport::Accepted { reference: None };
    let state = stage.play(&state, Stage::report(first, 1, accepted)).await;
    stage.pass(60);
    let more =
        super::submission("Kari Nordmann", "kari@example.no", None, "Is it still available?");
    let state = stage.play(&state, stage.submit_new(more)).await;
    let state = stage.play(&state, Stage::answer(&state, "Yes,\n\nit is. 🚗")).await;
    let second = open_answer(&state);
    let state = stage.play(&state, Command::Quarantine).await;
    stage.pass(15);

    let due = claim(&stage, true).await;

    assert_eq!(due.len(), 2);
    let answer = due.iter().find(|due| due.delivery == second).expect("the answer");
    assert_eq!((answer.tenant, answer.session), (stage.tenant, state.id));
    assert_eq!((answer.kind, answer.attempt, answer.lost), (DeliveryKind::Answer, 1, false));
    assert_eq!((answer.to.as_str(), answer.lang), ("kari@example.no", Lang::En));
    assert_eq!(answer.content.customer_name.as_deref(), Some("Kari Nordmann"));
    assert_eq!(answer.content.vehicle_interest.as_deref(), Some("Tesla Model 3"));
    assert_eq!(answer.content.text, "Yes,\n\nit is. 🚗");
    assert_eq!(
        (answer.content.author, &answer.content.member_name),
        (Some(Author::Assistant), &None)
    );
    assert_eq!(answer.thread, [first]);
    let alert = due.iter().find(|due| due.delivery != second).expect("the alert");
    assert_eq!(alert.kind, DeliveryKind::Alert { reason: AlertReason::Quarantined });
    assert_eq!((alert.to.as_str(), alert.content.author), ("vakt@prove.example.no", None));
    assert_eq!(alert.content.text, "Is it still available?");
}

pub async fn what_a_member_wrote_is_told_from_what_the_assistant_wrote(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let state = stage.play(&state, stage.member_says("Hei, jeg heter Åse.")).await;
    stage.pass(15);
    let due = claim(&stage, true).await;
    assert_eq!(ids(&due), [open_answer(&state)]);
    assert_eq!(due[0].content.author, Some(Author::Member { member: stage.member }));
    assert_eq!(due[0].content.member_name.as_deref(), Some("Åse Ødegård"));
    assert_eq!(due[0].content.text, "Hei, jeg heter Åse.");
}

pub async fn an_older_fence_is_refused_at_the_handover(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (state, delivery) = answered(&stage).await;
    let state = stage.play(&state, Command::TakeOver { member: stage.member }).await;
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Refused, "A7");
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Refused, "it stays refused");
    let state = stage.play(&state, Stage::report(delivery, 1, DeliveryReport::Refused)).await;
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Stale, "it is over");

    let state = stage.play(&state, stage.member_says("Hei, jeg heter Åse.")).await;
    let letter = open_answer(&state);
    let state = stage.play(&state, Command::Release { member: stage.member, manager: false }).await;
    stage.play(&state, Command::Close { member: stage.member }).await;
    assert_eq!(hand_over(&stage, letter, 1).await, HandOver::Go, "a person's words carry no fence");
}

pub async fn a_handover_is_recorded_for_one_node_and_one_try(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (_, delivery) = answered(&stage).await;
    assert_eq!(hand_over(&stage, delivery, 2).await, HandOver::Stale, "the first try is due");
    assert_eq!(hand_over(&stage, delivery, 0).await, HandOver::Stale);
    // Its own node has stalled; two nodes find it at the same instant.
    stage.pass(15);
    let (here, there) =
        join(hand_over(&stage, delivery, 1), other_hands_over(&stage, delivery, 1)).await;
    let went = [here, there].into_iter().filter(|outcome| *outcome == HandOver::Go).count();
    assert_eq!(went, 1, "{here:?} {there:?}");
    assert!([here, there].contains(&HandOver::Stale));
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Stale, "never twice");
    assert_eq!(other_hands_over(&stage, delivery, 1).await, HandOver::Stale);
    let unknown = crate::ids::Ids::delivery(&stage.ids);
    assert_eq!(hand_over(&stage, unknown, 1).await, HandOver::Stale);
}

pub async fn a_lost_handover_is_claimed_as_lost_and_never_tried_again(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, delivery) = answered(&stage).await;
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Go);
    assert_eq!(claim(&stage, true).await, [], "it is being handed over");
    stage.pass(15);
    let due = claim(&stage, true).await;
    assert_eq!(ids(&due), [delivery]);
    assert!(due[0].lost, "R1: nobody knows whether it left");
    assert_eq!(due[0].attempt, 1);
    assert_eq!(claim(&stage, false).await, [], "somebody looks after it");
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Stale);
    assert_eq!(other_hands_over(&stage, delivery, 1).await, HandOver::Stale);
    assert_eq!(other_hands_over(&stage, delivery, 2).await, HandOver::Stale);

    let lost = DeliveryReport::Uncertain { code: "lost".into() };
    stage.play(&state, Stage::report(delivery, 1, lost)).await;
    stage.pass(86_400);
    assert!(!ids(&claim(&stage, false).await).contains(&delivery), "it is over");
    assert_eq!(hand_over(&stage, delivery, 2).await, HandOver::Stale);
}

pub async fn a_retried_delivery_is_due_at_its_time_as_the_next_try(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, delivery) = answered(&stage).await;
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Go);
    let wait = Some(SignedDuration::from_secs(5));
    let busy = DeliveryReport::Temporary { code: "451".into(), retry_after: wait };
    let append = stage.decide(&state, Stage::report(delivery, 1, busy));
    let next_at = append.effects.iter().find_map(|effect| match effect {
        forecourt_core::effect::Effect::RetryDelivery { next_at, .. } => Some(*next_at),
        _ => None,
    });
    let next_at = next_at.expect("another try");
    stage.store(append).await;
    stage.now = next_at - SignedDuration::from_micros(1);
    assert_eq!(claim(&stage, true).await, []);
    stage.now = next_at;
    let due = claim(&stage, true).await;
    assert_eq!(ids(&due), [delivery]);
    assert_eq!((due[0].attempt, due[0].lost), (2, false));
    assert_eq!(other_hands_over(&stage, delivery, 1).await, HandOver::Stale);
    assert_eq!(other_hands_over(&stage, delivery, 2).await, HandOver::Go);
}

pub async fn an_ended_delivery_is_never_claimed(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, delivery) = answered(&stage).await;
    assert_eq!(hand_over(&stage, delivery, 1).await, HandOver::Go);
    let accepted = DeliveryReport::Accepted { reference: Some("250 2.0.0".into()) };
    stage.play(&state, Stage::report(delivery, 1, accepted)).await;
    stage.pass(86_400);
    assert_eq!(claim(&stage, false).await, []);
    assert_eq!(hand_over(&stage, delivery, 2).await, HandOver::Stale);
}

pub async fn a_node_that_stops_gives_back_what_it_has_not_begun(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let (_, begun) = answered(&stage).await;
    let (_, waiting) = answered(&other).await;
    assert_eq!(hand_over(&stage, begun, 1).await, HandOver::Go);
    let due_at = stage.now + SignedDuration::from_secs(3_600);
    let timers = stage.store.claim_timers(stage.node, due_at, LEASE, 100).await.expect("timers");
    assert!(!timers.is_empty());

    stage.store.release_leases(stage.other_node).await.expect("the store is there");
    assert_eq!(claim(&stage, true).await, [], "another node's claims are not given back");
    stage.store.release_leases(stage.node).await.expect("the store is there");

    let due: Vec<_> = claim(&stage, true).await.iter().map(|due| due.delivery).collect();
    assert_eq!(due, [waiting], "what was begun keeps its lease");
    let again = stage.other.claim_timers(stage.other_node, due_at, LEASE, 100).await;
    assert_eq!(again.expect("timers"), timers);
}

pub async fn forgotten_leases_are_free_at_once(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let (_, begun) = answered(&stage).await;
    let (_, waiting) = answered(&other).await;
    assert_eq!(hand_over(&stage, begun, 1).await, HandOver::Go);
    let due_at = stage.now + SignedDuration::from_secs(3_600);
    let timers = stage.store.claim_timers(stage.node, due_at, LEASE, 100).await.expect("timers");
    assert_eq!(claim(&stage, true).await, []);

    stage.other.forget_leases().await.expect("the store is there");

    let due = claim(&stage, true).await;
    assert_eq!(due.len(), 2);
    for due in due {
        assert_eq!(due.lost, due.delivery == begun);
        assert!([begun, waiting].contains(&due.delivery));
    }
    let again = stage.other.claim_timers(stage.other_node, due_at, LEASE, 100).await;
    assert_eq!(again.expect("timers"), timers);
}
