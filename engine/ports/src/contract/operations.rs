//! What people see and handle: dead letters, the intent ledger, timers that explain themselves (A8, A9, R1).

use forecourt_core::{
    effect::{TimerEnd, TimerKind},
    event::{DeliveryKind, Event},
    id::DeliveryId,
    session::{Command, DeliveryReport, LeadSession},
};
use jiff::SignedDuration;

use super::{Ground, LEASE, Stage, open_answer, timer_set};
use crate::store::{
    Append, Appended, DeliveryFilter, DeliveryRecord, DeliveryStatus, HandOver, Held, Postponed,
    STUCK, TimerFilter, TimerPlace, TimerRecord,
};

async fn answered(stage: &Stage<'_>, email: &str) -> (LeadSession, DeliveryId) {
    let state = stage.lead("Kari Nordmann", email).await;
    let state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig.")).await;
    let delivery = open_answer(&state);
    (state, delivery)
}

fn refused() -> DeliveryReport {
    DeliveryReport::Permanent { code: "550".into() }
}

fn replay(stage: &Stage<'_>, delivery: DeliveryId, even_if_sent: bool) -> Command {
    Command::ReplayDelivery { delivery, by: stage.member, even_if_sent, client_id: None }
}

async fn list(stage: &Stage<'_>, filter: DeliveryFilter) -> Vec<DeliveryRecord> {
    let filter = DeliveryFilter { limit: filter.limit.max(1), ..filter };
    stage.store.list_deliveries(stage.tenant, &filter).await.expect("the store is there")
}

async fn find(stage: &Stage<'_>, delivery: DeliveryId) -> DeliveryRecord {
    let found = stage.store.find_delivery(stage.tenant, delivery).await.expect("a read");
    found.expect("the delivery is there").row
}

async fn timers(stage: &Stage<'_>, filter: TimerFilter) -> Vec<TimerRecord> {
    let filter = TimerFilter { limit: filter.limit.max(1), ..filter };
    stage.store.list_timers(stage.tenant, &filter).await.expect("the store is there")
}

async fn timer(stage: &Stage<'_>, state: &LeadSession, kind: TimerKind) -> TimerRecord {
    for ended in [false, true] {
        let filter =
            TimerFilter { ended, session: Some(state.id), kind: Some(kind), ..Default::default() };
        if let Some(row) = timers(stage, filter).await.pop() {
            return row;
        }
    }
    panic!("there is no such timer");
}

/// The id of the delivery that a decision queues.
fn queued(append: &Append) -> DeliveryId {
    let of = |event: &Event| match event {
        Event::DeliveryQueued(queued) => Some(queued.delivery),
        _ => None,
    };
    append.events.iter().find_map(of).expect("something is sent")
}

async fn undone(stage: &Stage<'_>, wanted: &str) -> u64 {
    let counts = stage.store.undone(stage.now).await.expect("counts");
    counts.into_iter().find(|(kind, _)| *kind == wanted).expect("the kind is counted").1
}

pub async fn a_dead_letter_is_replayed_and_both_rows_say_so(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, first) = answered(&stage, "kari@example.no").await;
    let state = stage.play(&state, Stage::report(first, 1, refused())).await;
    assert_eq!(undone(&stage, "delivery_dead").await, 1);
    stage.pass(60);
    let append = stage.decide(&state, replay(&stage, first, false));
    let second = queued(&append);
    let state = stage.store(append).await;

    let (old, new) = (find(&stage, first).await, find(&stage, second).await);
    assert_eq!((old.status, old.replayed_by), (DeliveryStatus::Failed, Some(second)));
    assert_eq!((new.status, new.replay_of), (DeliveryStatus::Pending, Some(first)));
    assert_eq!((&old.intent, new.attempts, new.deadline), (&new.intent, 0, None));
    assert!(new.intent.is_some());
    assert_eq!(undone(&stage, "delivery_dead").await, 0, "somebody looked after it");

    // The new one leaves like any other.
    let hand_over = stage.store.hand_over(stage.tenant, second, 1, stage.node, stage.now, LEASE);
    assert_eq!(hand_over.await, Ok(HandOver::Go));
    let accepted = DeliveryReport::Accepted { reference: None };
    stage.play(&state, Stage::report(second, 1, accepted)).await;
    assert_eq!(find(&stage, second).await.status, DeliveryStatus::Accepted);
}

pub async fn one_meaning_is_stored_once_whatever_a_bug_decides(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (state, first) = answered(&stage, "kari@example.no").await;
    let failed = stage.play(&state, Stage::report(first, 1, refused())).await;
    let again = stage.play(&failed, replay(&stage, first, false)).await;
    // A bug forgets what is on its way, and decides the same once more.
    let mut amnesia = failed.clone();
    amnesia.version = again.version;
    let twice = stage.decide(&amnesia, replay(&stage, first, false));
    assert_eq!(stage.commit(vec![twice]).await, [Appended::Taken], "the ledger");
    // What it harmed is nothing: the session goes on.
    let second = *again
        .deliveries
        .keys()
        .find(|id| again.deliveries[id].kind == DeliveryKind::Answer)
        .expect("it");
    let arrived = DeliveryReport::Accepted { reference: None };
    let state = stage.play(&again, Stage::report(second, 1, arrived)).await;
    amnesia.version = state.version;
    let twice = stage.decide(&amnesia, replay(&stage, first, false));
    assert_eq!(stage.commit(vec![twice]).await, [Appended::Taken], "it has arrived");
    // In one decision what ends leaves its meaning to what follows.
    let (state, letter) = answered(&stage, "ola@example.no").await;
    let failed = stage.decide(&state, Stage::report(letter, 1, refused()));
    let next = stage.decide(&failed.state, replay(&stage, letter, false));
    let stored = stage.commit(vec![failed, next]).await;
    assert!(stored.iter().all(|one| matches!(one, Appended::Stored { .. })), "{stored:?}");
}

pub async fn deliveries_are_listed_newest_first_and_narrowed(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let (_, theirs) = answered(&other, "kari@example.no").await;
    let start = stage.now;
    let mut letters = Vec::new();
    for n in 0..5 {
        let (state, letter) = answered(&stage, &format!("kari{n}@example.no")).await;
        letters.push((state, letter));
        stage.pass(60);
    }
    let (state, dead) = letters[1].clone();
    stage.play(&state, Stage::report(dead, 1, refused())).await;
    let answers = |rows: Vec<DeliveryRecord>| -> Vec<DeliveryId> {
        let answers = rows.into_iter().filter(|row| row.kind == DeliveryKind::Answer);
        answers.map(|row| row.delivery).collect()
    };
    let all = DeliveryFilter { limit: 100, ..Default::default() };
    let rows = list(&stage, all.clone()).await;
    assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.delivery)), "newest first");
    let newest: Vec<_> = letters.iter().rev().map(|(_, letter)| *letter).collect();
    assert_eq!(answers(rows.clone()), newest);
    assert_eq!(list(&stage, DeliveryFilter { limit: 0, ..all.clone() }).await.len(), 1);

    let failed = Some(DeliveryStatus::Failed);
    let found = list(&stage, DeliveryFilter { status: failed, ..all.clone() }).await;
    assert_eq!((answers(found.clone()), found[0].code.as_deref()), (vec![dead], Some("550")));
    for status in DeliveryStatus::ALL {
        let of = list(&stage, DeliveryFilter { status: Some(status), ..all.clone() }).await;
        let expected: Vec<_> = rows.iter().filter(|row| row.status == status).cloned().collect();
        assert_eq!(of, expected, "{status:?}");
    }
    let session = Some(letters[3].0.id);
    let found = list(&stage, DeliveryFilter { session, ..all.clone() }).await;
    assert_eq!(answers(found), [letters[3].1]);
    let (since, until) = (Some(start + MINUTE), Some(start + 3 * MINUTE));
    let found = list(&stage, DeliveryFilter { since, until, ..all.clone() }).await;
    let in_time: Vec<_> = rows
        .iter()
        .filter(|row| row.created_at >= start + MINUTE && row.created_at < start + 3 * MINUTE)
        .cloned()
        .collect();
    assert_eq!(found, in_time);
    assert_eq!(answers(found), [letters[2].1, letters[1].1]);

    // Page by page, each once.
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = list(&stage, DeliveryFilter { after, limit: 2, ..Default::default() }).await;
        let Some(last) = page.last() else { break };
        after = Some(last.delivery);
        paged.extend(page);
    }
    assert_eq!(paged, rows);

    // A8.
    assert!(rows.iter().all(|row| row.delivery != theirs));
    assert_eq!(stage.store.find_delivery(stage.tenant, theirs).await, Ok(None));
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

pub async fn a_delivery_tells_its_history_from_the_journal(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, letter) = answered(&stage, "kari@example.no").await;
    stage.pass(1);
    let busy = DeliveryReport::Temporary { code: "451".into(), retry_after: None };
    let state = stage.play(&state, Stage::report(letter, 1, busy)).await;
    stage.pass(200);
    let state = stage.play(&state, Stage::report(letter, 2, refused())).await;
    stage.play(&state, replay(&stage, letter, false)).await;
    let found = stage.store.find_delivery(stage.tenant, letter).await.expect("a read");
    let found = found.expect("the delivery");
    let told: Vec<_> = found.events.iter().map(|record| record.event.kind()).collect();
    assert_eq!(
        told,
        [
            "delivery_queued",
            "delivery_retried",
            "delivery_failed",
            "delivery_replayed",
            "delivery_queued"
        ]
    );
    assert_eq!(found.to, "kari@example.no");
    assert_eq!((found.row.attempts, found.row.code.as_deref()), (2, Some("550")));
    assert_eq!(found.row.held, None);
}

pub async fn a_late_node_may_not_hand_over_what_another_has_taken(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (_, letter) = answered(&stage, "kari@example.no").await;
    stage.pass(15);
    let claim = |node, store: &std::sync::Arc<dyn crate::store::Store>, now| {
        let store = std::sync::Arc::clone(store);
        async move {
            let due = store.claim_deliveries(node, now, LEASE, 10).await.expect("deliveries");
            due.into_iter().map(|due| due.delivery).collect::<Vec<_>>()
        }
    };
    assert_eq!(claim(stage.node, &stage.store, stage.now).await, [letter]);
    let held = find(&stage, letter).await.held;
    assert_eq!(held, Some(Held { by: stage.node, until: stage.now + LEASE }));
    let early = stage.now + LEASE - SignedDuration::from_micros(1);
    assert_eq!(claim(stage.other_node, &stage.other, early).await, [], "its lease runs");
    stage.now += LEASE;
    assert_eq!(claim(stage.other_node, &stage.other, stage.now).await, [letter]);
    let late = stage.store.hand_over(stage.tenant, letter, 1, stage.node, stage.now, LEASE).await;
    assert_eq!(late, Ok(HandOver::Stale), "the first node comes too late");
    let by_other =
        stage.other.hand_over(stage.tenant, letter, 1, stage.other_node, stage.now, LEASE);
    assert_eq!(by_other.await, Ok(HandOver::Go));
}

pub async fn a_postponed_try_keeps_its_place_and_counts_for_nothing(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (_, letter) = answered(&stage, "kari@example.no").await;
    let until = stage.now + SignedDuration::from_secs(30);
    let put_off = async |node, attempt| {
        let tries = [Postponed { delivery: letter, attempt, until }];
        let (store, tenant, now) = (&stage.store, stage.tenant, stage.now);
        store.postpone_deliveries(tenant, node, now, &tries).await.expect("the store is there");
        find(&stage, letter).await
    };
    let before = find(&stage, letter).await;
    assert_eq!(put_off(stage.other_node, 1).await, before, "it is not theirs");
    assert_eq!(put_off(stage.node, 2).await, before, "that try is not due");
    let after = put_off(stage.node, 1).await;
    assert_eq!((after.next_at, after.attempts, after.held), (until, 0, None));
    assert_eq!(after.status, DeliveryStatus::Pending);

    let claim = |now| {
        let (store, node) = (std::sync::Arc::clone(&stage.other), stage.other_node);
        async move { store.claim_deliveries(node, now, LEASE, 10).await.expect("deliveries") }
    };
    assert_eq!(claim(until - SignedDuration::from_micros(1)).await, []);
    let due = claim(until).await;
    assert_eq!((due[0].delivery, due[0].attempt, due[0].lost), (letter, 1, false));
    assert_eq!(due[0].deadline, before.deadline);
    stage.now = until;
    let go = stage.other.hand_over(stage.tenant, letter, 1, stage.other_node, until, LEASE).await;
    assert_eq!(go, Ok(HandOver::Go));
    let begun = find(&stage, letter).await;
    let tries = [Postponed { delivery: letter, attempt: 1, until: until + MINUTE }];
    let late = stage.other.postpone_deliveries(stage.tenant, stage.other_node, until, &tries);
    late.await.expect("the store is there");
    assert_eq!(find(&stage, letter).await, begun, "R1: what is handed over is not put off");
}

pub async fn what_is_stuck_or_dead_is_counted_until_somebody_looks_after_it(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, letter) = answered(&stage, "kari@example.no").await;
    assert_eq!(undone(&stage, "delivery_stuck").await, 0, "its node holds it");
    stage.now += STUCK + SignedDuration::from_micros(1);
    assert_eq!(undone(&stage, "delivery_stuck").await, 1, "no sweep has taken it up");
    let due = stage.other.claim_deliveries(stage.other_node, stage.now, LEASE, 10).await;
    assert_eq!(due.expect("deliveries").len(), 1);
    assert_eq!(undone(&stage, "delivery_stuck").await, 0);
    let go = stage.other.hand_over(stage.tenant, letter, 1, stage.other_node, stage.now, LEASE);
    assert_eq!(go.await, Ok(HandOver::Go));
    assert_eq!(undone(&stage, "delivery_stuck").await, 0, "its lease runs");
    stage.now += LEASE;
    assert_eq!(undone(&stage, "delivery_stuck").await, 1, "its node is gone");
    let lost = DeliveryReport::Uncertain { code: "lost".into() };
    let state = stage.play(&state, Stage::report(letter, 1, lost)).await;
    assert_eq!(undone(&stage, "delivery_stuck").await, 0);
    assert_eq!(undone(&stage, "delivery_uncertain").await, 1);
    stage.play(&state, replay(&stage, letter, true)).await;
    assert_eq!(undone(&stage, "delivery_uncertain").await, 0, "a person took it upon themselves");
}

pub async fn a_timer_tells_what_it_waits_for_and_how_it_ended(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let row = timer(&stage, &state, TimerKind::Promise).await;
    assert_eq!((row.set_at, row.moved, row.fired, row.end), (stage.now, 0, 0, None));
    assert_eq!(row.reason.as_deref(), Some("session_opened"));

    // A node takes it, and it fires: the next rung is another time of the same timer.
    stage.now = row.due_at;
    let due = stage.store.claim_timers(stage.node, stage.now, LEASE, 10).await.expect("timers");
    assert!(due.iter().any(|due| due.kind == TimerKind::Promise));
    let held = timer(&stage, &state, TimerKind::Promise).await.held;
    assert_eq!(held, Some(Held { by: stage.node, until: stage.now + LEASE }));
    let append = stage.decide(&state, Stage::fire(TimerKind::Promise));
    let next = timer_set(&append, TimerKind::Promise).expect("the next rung");
    let state = stage.store(append).await;
    let fired = timer(&stage, &state, TimerKind::Promise).await;
    assert_eq!((fired.due_at, fired.fired, fired.moved, fired.held), (next, 1, 0, None));
    assert_eq!((fired.fired_at, fired.reason.as_deref()), (Some(stage.now), Some("rung_reached")));
    assert!(fired.fired_by.is_some() && fired.moved_at.is_none());

    // The answer is on its way: the rungs of the models are not its any more, so it moves.
    stage.pass(1);
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    let moved = timer(&stage, &state, TimerKind::Promise).await;
    assert_eq!((moved.moved, moved.moved_at, moved.fired), (1, Some(stage.now), 1));
    assert_eq!((moved.set_at, moved.reason.as_deref()), (fired.set_at, Some("message_posted")));
    let turn = timer(&stage, &state, TimerKind::Turn).await;
    assert_eq!((turn.end, turn.ended_at), (Some(TimerEnd::Cancelled), Some(stage.now)));

    // The provider has it: nobody waits.
    stage.pass(1);
    let accepted = DeliveryReport::Accepted { reference: None };
    let letter = open_answer(&state);
    let state = stage.play(&state, Stage::report(letter, 1, accepted)).await;
    let ended = timer(&stage, &state, TimerKind::Promise).await;
    assert_eq!((ended.end, ended.ended_at), (Some(TimerEnd::Cancelled), Some(stage.now)));
    assert_eq!(ended.reason.as_deref(), Some("delivery_accepted"));
    assert_eq!((ended.fired, ended.moved), (1, 1), "it keeps what was");

    // The customer writes again: it is one row, and begins anew.
    stage.pass(3_600);
    let more = super::submission("Kari", "kari@example.no", None, "Er den fortsatt ledig?");
    let state = stage.play(&state, stage.submit_new(more)).await;
    let again = timer(&stage, &state, TimerKind::Promise).await;
    assert_eq!((again.end, again.ended_at, again.set_at), (None, None, stage.now));
    assert_eq!((again.moved, again.moved_at, again.fired), (0, None, 1));
}

pub async fn reminders_that_a_person_stopped_say_why_they_ended(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let (state, letter) = answered(&stage, "kari@example.no").await;
    let state = stage.play(&state, Stage::report(letter, 1, refused())).await;
    let row = timer(&stage, &state, TimerKind::Handoff).await;
    assert_eq!((row.end, row.reason.as_deref()), (None, Some("delivery_failed")));
    stage.pass(5);
    let stop = Command::CancelTimer { kind: TimerKind::Handoff, by: stage.member };
    let state = stage.play(&state, stop).await;
    let row = timer(&stage, &state, TimerKind::Handoff).await;
    assert_eq!((row.end, row.ended_at), (Some(TimerEnd::Cancelled), Some(stage.now)));
    assert_eq!((row.reason.as_deref(), row.fired), (Some("reminders_stopped"), 0));
    assert_eq!(undone(&stage, "session_waiting_without_timer").await, 0, "A11");
}

pub async fn timers_are_listed_in_the_order_in_which_they_fire(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let theirs = other.lead("Kari", "kari@example.no").await;
    let mut ended = Vec::new();
    for n in 0..4 {
        let state = stage.lead("Kari", &format!("kari{n}@example.no")).await;
        if n % 2 == 0 {
            ended.push(stage.play(&state, Command::Close { member: stage.member }).await.id);
        }
        if n != 2 {
            stage.pass(1); // two of them at the same instant
        }
    }
    let all = async |filter: TimerFilter| {
        let whole = timers(&stage, TimerFilter { limit: 100, ..filter.clone() }).await;
        let mut paged: Vec<TimerRecord> = Vec::new();
        let mut after: Option<TimerPlace> = None;
        loop {
            let page = timers(&stage, TimerFilter { limit: 1, after, ..filter.clone() }).await;
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            paged.extend(page);
            assert!(paged.len() <= whole.len(), "A9: pages without an end");
        }
        assert_eq!(paged, whole, "page by page, each once");
        assert!(whole.iter().all(|row| row.session != theirs.id), "A8");
        whole
    };
    let pending = all(TimerFilter::default()).await;
    assert_eq!(pending.len(), 4, "two sessions, a promise and a turn each");
    assert!(pending.is_sorted_by_key(|row| row.due_at));
    assert!(pending.iter().all(|row| row.end.is_none() && !ended.contains(&row.session)));
    let over = all(TimerFilter { ended: true, ..Default::default() }).await;
    assert!(over.iter().all(|row| row.end.is_some()));
    assert_eq!(over.len(), 4);
    assert_eq!(over[0].session, *ended.iter().max().expect("two"), "the newest session first");
    let turns = all(TimerFilter { kind: Some(TimerKind::Turn), ..Default::default() }).await;
    assert_eq!(turns.len(), 2);
    let one = all(TimerFilter { session: Some(pending[0].session), ..Default::default() }).await;
    assert_eq!(one.len(), 2);
}
