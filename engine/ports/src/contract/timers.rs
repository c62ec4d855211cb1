//! Timers: rows that one node at a time holds, across tenants (A11, R2).

use std::collections::BTreeSet;

use forecourt_core::{
    effect::TimerKind,
    session::{Command, DeliveryReport},
};
use futures_util::future::join;
use jiff::SignedDuration;

use super::{Ground, LEASE, Stage, open_answer, timer_set};
use crate::store::DueTimer;

/// A session with a promise timer, and the timer's row.
async fn waiting(stage: &Stage<'_>, email: &str) -> DueTimer {
    let form = super::submission("Kari", email, None, "Er bilen ledig?");
    let append = stage.decide(&stage.new_session(), stage.submit_new(form));
    let due_at = timer_set(&append, TimerKind::Promise).expect("A11: a promise timer");
    let session = append.session;
    stage.store(append).await;
    DueTimer { tenant: stage.tenant, session, kind: TimerKind::Promise, due_at }
}

async fn promises(stage: &Stage<'_>, by_other: bool) -> Vec<DueTimer> {
    let (node, store) =
        if by_other { (stage.other_node, &stage.other) } else { (stage.node, &stage.store) };
    let due = store.claim_timers(node, stage.now, LEASE, 1_000).await.expect("timers");
    due.into_iter().filter(|timer| timer.kind == TimerKind::Promise).collect()
}

pub async fn a_timer_is_claimed_by_one_node_until_its_lease_ends(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let timer = waiting(&stage, "kari@example.no").await;
    stage.now = timer.due_at - SignedDuration::from_micros(1);
    assert_eq!(promises(&stage, false).await, [], "not due yet");
    stage.now = timer.due_at;
    assert_eq!(promises(&stage, false).await, [timer]);
    assert_eq!(promises(&stage, true).await, [], "somebody holds it");
    assert_eq!(promises(&stage, false).await, [], "it is not given twice to the same node either");
    stage.now = timer.due_at + LEASE - SignedDuration::from_micros(1);
    assert_eq!(promises(&stage, true).await, []);
    stage.now = timer.due_at + LEASE;
    assert_eq!(promises(&stage, true).await, [timer], "its node is gone");
    assert_eq!(promises(&stage, false).await, []);
}

pub async fn a_moved_timer_is_due_at_its_new_time(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let timer = waiting(&stage, "kari@example.no").await;
    let state = stage.store.load(stage.tenant, timer.session).await.expect("a read");
    let state = state.expect("the session").state;
    stage.now = timer.due_at;
    assert_eq!(promises(&stage, false).await, [timer]);
    let append = stage.decide(&state, Stage::fire(TimerKind::Promise));
    let moved = timer_set(&append, TimerKind::Promise).expect("the next rung");
    assert!(moved > timer.due_at);
    stage.store(append).await;
    assert_eq!(promises(&stage, true).await, []);
    stage.now = moved;
    let moved = DueTimer { due_at: moved, ..timer };
    assert_eq!(promises(&stage, true).await, [moved], "moving it ended the first claim");
}

pub async fn an_ended_timer_is_never_due(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let asked = stage.chat("Er dere åpne?").await;
    stage.play(&asked, Stage::answer(&asked, "Ja.")).await;
    let closed = waiting(&stage, "kari@example.no").await;
    let state = stage.store.load(stage.tenant, closed.session).await.expect("a read");
    stage.play(&state.expect("it").state, Command::Close { member: stage.member }).await;
    stage.pass(365 * 86_400);
    let due = stage.store.claim_timers(stage.node, stage.now, LEASE, 10).await.expect("timers");
    // The chat that is open is looked after once more; nothing else is left.
    let kinds: Vec<_> = due.iter().map(|timer| (timer.session, timer.kind)).collect();
    assert_eq!(kinds, [(asked.id, TimerKind::Idle)]);
}

pub async fn the_oldest_timers_of_all_tenants_are_claimed_first(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut other = stage.set_another("annen-bil").await;
    let mut expected = Vec::new();
    for n in 0..6 {
        let on = if n % 2 == 0 { &stage } else { &other };
        expected.push(waiting(on, &format!("kari{n}@example.no")).await);
        stage.pass(1);
        other.pass(1);
    }
    stage.pass(3_600);
    let claim = async |limit| {
        let due = stage.store.claim_timers(stage.node, stage.now, LEASE, limit).await;
        let due = due.expect("timers");
        assert!(due.len() <= limit as usize);
        assert!(due.is_sorted_by_key(|timer| timer.due_at), "{due:?}");
        due
    };
    let mut claimed = Vec::new();
    loop {
        let due = claim(4).await;
        if due.is_empty() {
            break;
        }
        if let (Some(last), Some(first)) = (claimed.last(), due.first()) {
            let (last, first): (&DueTimer, &DueTimer) = (last, first);
            assert!(last.due_at <= first.due_at, "the oldest come first");
        }
        claimed.extend(due);
    }
    claimed.retain(|timer| timer.kind == TimerKind::Promise);
    assert_eq!(claimed, expected);
    assert_eq!(claim(0).await, []);
}

pub async fn a_look_without_a_lease_claims_nothing(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let timer = waiting(&stage, "kari@example.no").await;
    stage.now = timer.due_at;
    for _ in 0..2 {
        let due = stage.store.claim_timers(stage.node, stage.now, SignedDuration::ZERO, 10).await;
        assert!(due.expect("timers").contains(&timer));
    }
    assert_eq!(promises(&stage, true).await, [timer]);
}

pub async fn of_two_nodes_that_claim_at_once_each_timer_goes_to_one(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut expected = BTreeSet::new();
    for n in 0..20 {
        expected.insert(waiting(&stage, &format!("kari{n}@example.no")).await);
    }
    stage.pass(60);
    let mut claimed = Vec::new();
    for _ in 0..20 {
        let (here, there) = join(
            stage.store.claim_timers(stage.node, stage.now, LEASE, 7),
            stage.other.claim_timers(stage.other_node, stage.now, LEASE, 7),
        )
        .await;
        claimed.extend(here.expect("timers"));
        claimed.extend(there.expect("timers"));
    }
    claimed.retain(|timer| timer.kind == TimerKind::Promise);
    assert_eq!(claimed.len(), 20, "each once");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), expected);
}

pub async fn what_is_undone_is_counted(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let undone = async |stage: &Stage<'_>, wanted: &str| {
        let counts = stage.store.undone(stage.now).await.expect("counts");
        counts.into_iter().find(|(kind, _)| *kind == wanted).expect("the kind is counted").1
    };
    assert_eq!(undone(&stage, "timer_overdue").await, 0);
    let state = stage.lead("Kari", "kari@example.no").await;
    let theirs = other.chat("Hei").await;
    other.play(&theirs, Stage::answer(&theirs, "Hei!")).await;
    assert_eq!(undone(&stage, "timer_overdue").await, 0, "none is due");
    assert_eq!(undone(&stage, "session_waiting_without_timer").await, 0, "A11");
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    assert_eq!(undone(&stage, "delivery_pending").await, 1);
    let delivery = open_answer(&state);
    let cut = DeliveryReport::Uncertain { code: "cut".into() };
    stage.play(&state, Stage::report(delivery, 1, cut)).await;
    assert_eq!(undone(&stage, "delivery_uncertain").await, 1);
    assert_eq!(undone(&stage, "delivery_pending").await, 1, "the alert");
    stage.pass(7 * 86_400);
    let overdue = undone(&stage, "timer_overdue").await;
    assert_eq!(overdue, 3, "the reminder, the next person, and the look after a silent chat");
}
