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

fn ola() -> Person {
    let member = MemberId::from_uuid(Uuid::from_u128(7));
    Person { member, name: "Ola".into() }
}

fn told(listener: &mut Subscription) -> Option<Arc<Presence>> {
    match listener.events.try_recv() {
        Ok(Pushed::Ephemeral(SESSION, Ephemeral::Presence(presence))) => Some(presence),
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    }
}

#[test]
fn listeners_of_a_conversation_and_of_the_tenant_are_told_who_comes_and_goes() {
    let bus = LocalBus::default();
    let mut at = bus.subscribe_session(TENANT, SESSION);
    let mut all = bus.subscribe_presence(TENANT);
    bus.set_viewer(TENANT, SESSION, &ola(), true);
    let came = told(&mut at).unwrap();
    assert_eq!(came.viewers[0].person, ola());
    assert_eq!(all.try_recv(), Ok(PresenceChange::Session(SESSION, Arc::clone(&came))));
    assert_eq!(bus.presence(TENANT, SESSION), *came);
    assert_eq!(bus.presences(TENANT, 10), [(SESSION, came)]);
    bus.set_viewer(TENANT, SESSION, &ola(), false);
    assert!(told(&mut at).unwrap().is_empty());
    assert!(bus.presences(TENANT, 10).is_empty());
    assert!(bus.presence(TenantId::from_uuid(Uuid::from_u128(9)), SESSION).is_empty());
}

#[test]
fn the_assistant_composes_from_its_first_step_until_its_answer_is_over() {
    let bus = LocalBus::default();
    let mut at = bus.subscribe_session(TENANT, SESSION);
    let step = Draft::Progress { turn: TURN, step: forecourt_ports::bus::Step::Looking };
    bus.publish_draft(TENANT, SESSION, step.clone());
    assert!(matches!(at.events.try_recv(), Ok(Pushed::Draft(d)) if d == step));
    assert!(told(&mut at).unwrap().composing);
    assert_eq!(bus.subscribe_session(TENANT, SESSION).draft, Some(step.clone()));
    bus.publish_draft(TENANT, SESSION, delta(0, "Hei"));
    assert!(matches!(at.events.try_recv(), Ok(Pushed::Draft(_))));
    bus.publish_draft(TENANT, SESSION, step);
    assert!(matches!(at.events.try_recv(), Ok(Pushed::Draft(_))));
    assert_eq!(
        bus.subscribe_session(TENANT, SESSION).draft,
        Some(delta(0, "Hei")),
        "words say more"
    );
    bus.publish(TENANT, vec![event(1, Event::TurnCancelled { turn: TURN })]);
    assert!(matches!(at.events.try_recv(), Ok(Pushed::Event(_))));
    assert!(told(&mut at).unwrap().is_empty());
}

#[test]
fn a_slow_listener_loses_presence_and_not_its_place() {
    let bus = LocalBus::default();
    let mut slow = bus.subscribe_session(TENANT, SESSION);
    for nth in 0..=2 * SESSION_QUEUE {
        bus.set_viewer(TENANT, SESSION, &ola(), nth % 2 == 0);
    }
    assert!(!slow.events.is_closed());
    for _ in 0..SESSION_QUEUE {
        assert!(told(&mut slow).is_some());
    }
    bus.publish(TENANT, vec![event(1, Event::SubmissionRepeated)]);
    assert!(matches!(slow.events.try_recv(), Ok(Pushed::Event(_))));
}

#[tokio::test]
async fn who_falls_silent_types_no_longer_without_anybody_saying_so() {
    let bus = LocalBus::default();
    let mut at = bus.subscribe_session(TENANT, SESSION);
    let soon = Instant::now() + Duration::from_millis(20);
    // As if it had been said almost six seconds ago.
    let long_ago = soon - forecourt_ports::presence::TYPING;
    bus.at(TENANT, SESSION, |presences| {
        presences.set_typing(SESSION, Typist::Member(ola()), true, long_ago);
    });
    assert!(told(&mut at).unwrap().viewers[0].typing);
    bus.timer.at(soon + Duration::from_mins(1), TENANT, SESSION);
    bus.timer.at(soon, TENANT, SESSION);
    let next = tokio::time::timeout(Duration::from_secs(20), at.events.recv()).await.unwrap();
    let Some(Pushed::Ephemeral(_, Ephemeral::Presence(last))) = next else { panic!("{next:?}") };
    assert!(last.is_empty());
}

#[test]
fn the_shared_draft_is_told_to_who_listens() {
    let bus = LocalBus::default();
    let mut at = bus.subscribe_session(TENANT, SESSION);
    let draft = SharedDraft { revision: 3, text: "Hei".into(), member: None, at: None };
    bus.publish_shared_draft(TENANT, SESSION, draft.clone());
    let got = at.events.try_recv();
    assert!(matches!(got, Ok(Pushed::Ephemeral(_, Ephemeral::Draft(d))) if *d == draft));
    assert!(!format!("{draft:?}").contains("Hei"), "no text in logs");
}
