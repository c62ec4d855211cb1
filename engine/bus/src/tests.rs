use forecourt_core::{
    event::{EventRecord, Version},
    id::TurnId,
};
use uuid::Uuid;

use super::*;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
const TURN: TurnId = TurnId::from_uuid(Uuid::from_u128(3));

fn event(seq: i64, event: Event) -> Arc<Published> {
    Published::new(EventRecord {
        tenant: TENANT,
        session: SESSION,
        seq: Seq(seq),
        version: Version(seq),
        at: jiff::Timestamp::UNIX_EPOCH,
        event,
    })
}

fn seqs(events: &[Arc<Published>]) -> Vec<i64> {
    events.iter().map(|event| event.record.seq.0).collect()
}

fn delta(offset: usize, text: &str) -> Draft {
    Draft::Delta { turn: TURN, offset, text: text.into() }
}

#[test]
fn a_listener_gets_events_in_order_and_a_slow_one_is_cut() {
    let bus = LocalBus::default();
    let mut quick = bus.subscribe_session(TENANT, SESSION);
    let mut slow = bus.subscribe_session(TENANT, SESSION);
    for seq in 1..=300 {
        bus.publish(TENANT, vec![event(seq, Event::SubmissionRepeated)]);
        let Pushed::Event(got) = quick.events.try_recv().unwrap() else { panic!("a draft") };
        assert_eq!(got.record.seq, Seq(seq));
    }
    let mut kept = 0;
    while slow.events.try_recv().is_ok() {
        kept += 1;
    }
    assert_eq!(kept, SESSION_QUEUE);
    assert!(slow.events.is_closed());
}

#[test]
fn the_ring_gives_what_came_after_or_says_that_it_cannot() {
    let bus = LocalBus::default();
    assert!(bus.recent(TENANT, Seq(0)).is_none());
    for seq in 1..=1_100 {
        bus.publish(TENANT, vec![event(seq, Event::SubmissionRepeated)]);
    }
    assert_eq!(seqs(&bus.recent(TENANT, Seq(1_098)).unwrap()), [1_099, 1_100]);
    assert_eq!(bus.recent(TENANT, Seq(1_100)).unwrap().len(), 0);
    assert_eq!(bus.recent(TENANT, Seq(76)).unwrap().len(), 1_024);
    assert!(bus.recent(TENANT, Seq(75)).is_none());
    assert!(bus.recent(TENANT, Seq(2_000)).is_none());
    bus.publish(TENANT, vec![event(1_200, Event::SubmissionRepeated)]);
    assert!(bus.recent(TENANT, Seq(1_100)).is_none());
}

#[test]
fn who_comes_in_the_middle_of_an_answer_gets_it_from_its_beginning() {
    let bus = LocalBus::default();
    bus.publish_draft(TENANT, SESSION, delta(0, "Hei, "));
    bus.publish_draft(TENANT, SESSION, delta(5, "vi har "));
    let mut late = bus.subscribe_session(TENANT, SESSION);
    assert_eq!(late.draft, Some(delta(0, "Hei, vi har ")));
    bus.publish_draft(TENANT, SESSION, delta(12, "åpent."));
    assert!(matches!(late.events.try_recv(), Ok(Pushed::Draft(d)) if d == delta(12, "åpent.")));
    bus.publish(TENANT, vec![event(1, Event::TurnCancelled { turn: TURN })]);
    assert_eq!(bus.subscribe_session(TENANT, SESSION).draft, None);
}

#[test]
fn tenants_do_not_hear_each_other() {
    let bus = LocalBus::default();
    let mut other = bus.subscribe_tenant(TenantId::from_uuid(Uuid::from_u128(9)));
    bus.publish(TENANT, vec![event(1, Event::SubmissionRepeated)]);
    assert!(other.events.try_recv().is_err());
}

#[test]
fn an_answer_that_is_withdrawn_or_yielded_leaves_nothing_behind() {
    let bus = LocalBus::default();
    let sessions = || bus.with(TENANT, |topics| topics.sessions.len());
    bus.publish_draft(TENANT, SESSION, delta(0, "Hei"));
    assert_eq!(sessions(), 1);
    bus.publish_draft(TENANT, SESSION, Draft::Discarded { turn: TURN });
    assert_eq!(sessions(), 0);
    bus.publish_draft(TENANT, SESSION, delta(0, "Hei"));
    bus.publish(TENANT, vec![event(1, Event::TurnYielded { turn: TURN })]);
    assert_eq!(sessions(), 0);
}

#[test]
fn an_older_turn_takes_back_its_own_words_only() {
    let bus = LocalBus::default();
    let older = Draft::Discarded { turn: TurnId::from_uuid(Uuid::from_u128(4)) };
    bus.publish_draft(TENANT, SESSION, delta(0, "Hei"));
    bus.publish_draft(TENANT, SESSION, older);
    assert_eq!(bus.subscribe_session(TENANT, SESSION).draft, Some(delta(0, "Hei")));
    bus.publish_draft(TENANT, SESSION, Draft::Discarded { turn: TURN });
    assert_eq!(bus.subscribe_session(TENANT, SESSION).draft, None);
}
