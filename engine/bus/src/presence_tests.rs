use uuid::Uuid;

use super::*;

const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
const PEER: NodeId = NodeId::from_uuid(Uuid::from_u128(4));
const SILENT: Duration = Duration::from_secs(40);

fn person(nth: u128) -> Person {
    let member = MemberId::from_uuid(Uuid::from_u128(nth));
    Person { member, name: format!("Ola {nth}").into() }
}

fn typist(nth: u128) -> Typist {
    Typist::Member(person(nth))
}

/// Numbers of the viewers, those who type as negative ones.
fn viewers(presences: &Presences) -> Vec<i64> {
    let presence = presences.presence(SESSION, false);
    let number = |viewer: &Viewer| viewer.person.member.as_uuid().as_u128() as i64;
    presence.viewers.iter().map(|v| if v.typing { -number(v) } else { number(v) }).collect()
}

/// Another node's part with these viewers.
fn part(of: impl IntoIterator<Item = u128>) -> Here {
    Here { viewers: of.into_iter().map(|nth| (person(nth), 1)).collect(), ..Here::default() }
}

fn changes(listener: &mut mpsc::Receiver<PresenceChange>) -> usize {
    std::iter::from_fn(|| listener.try_recv().ok()).count()
}

#[test]
fn a_viewer_is_there_as_long_as_one_of_their_sockets_is() {
    let mut presences = Presences::default();
    presences.set_viewer(SESSION, &person(1), true);
    presences.set_viewer(SESSION, &person(1), true);
    presences.set_viewer(SESSION, &person(1), false);
    assert_eq!(viewers(&presences), [1]);
    presences.set_viewer(SESSION, &person(1), false);
    presences.set_viewer(SESSION, &person(1), false);
    assert!(viewers(&presences).is_empty());
    assert!(presences.is_idle());
}

#[test]
fn viewers_keep_the_order_in_which_they_came_whichever_node_they_are_at() {
    let (mut presences, now) = (Presences::default(), Instant::now());
    presences.hear(PEER, SESSION, part([3]), now);
    presences.settle(SESSION, false);
    presences.set_viewer(SESSION, &person(1), true);
    assert_eq!(viewers(&presences), [3, 1]);
    presences.settle(SESSION, false);
    presences.hear(PEER, SESSION, part([3, 2]), now);
    assert_eq!(viewers(&presences), [3, 1, 2]);
    presences.settle(SESSION, false);
    presences.hear(PEER, SESSION, part([2]), now);
    assert_eq!(viewers(&presences), [1, 2]);
}

#[test]
fn who_types_is_there_and_stops_after_six_seconds_unless_they_say_so_again() {
    let (mut presences, now) = (Presences::default(), Instant::now());
    presences.set_typing(SESSION, typist(1), true, now);
    presences.set_typing(SESSION, Typist::Customer, true, now);
    assert_eq!(viewers(&presences), [-1]);
    let later = now + Duration::from_secs(3);
    presences.set_typing(SESSION, typist(1), true, later);
    assert_eq!(presences.expire(SESSION, now + TYPING), Some(later + TYPING));
    assert_eq!(viewers(&presences), [-1]);
    assert!(!presences.presence(SESSION, false).customer_typing);
    assert_eq!(presences.expire(SESSION, later + TYPING), None);
    assert!(presences.is_idle());
}

#[test]
fn a_customer_who_leaves_does_not_type() {
    let (mut presences, now) = (Presences::default(), Instant::now());
    presences.set_customer(SESSION, true);
    presences.set_customer(SESSION, true);
    presences.set_typing(SESSION, Typist::Customer, true, now);
    presences.set_customer(SESSION, false);
    let presence = presences.presence(SESSION, true);
    assert!(presence.customer_online && presence.customer_typing && presence.composing);
    presences.set_customer(SESSION, false);
    assert!(presences.presence(SESSION, false).is_empty());
}

#[test]
fn only_changes_are_told_and_the_last_one_says_that_nobody_is_there() {
    let mut presences = Presences::default();
    let mut listener = presences.subscribe();
    presences.set_viewer(SESSION, &person(1), true);
    assert!(presences.settle(SESSION, false).is_some());
    presences.set_viewer(SESSION, &person(1), true);
    assert!(presences.settle(SESSION, false).is_none());
    presences.set_viewer(SESSION, &person(1), false);
    presences.set_viewer(SESSION, &person(1), false);
    let last = presences.settle(SESSION, false).unwrap();
    assert!(last.is_empty());
    assert!(presences.settle(SESSION, false).is_none());
    assert_eq!(changes(&mut listener), 2);
    assert!(presences.all(10).is_empty());
}

#[test]
fn a_node_that_fell_silent_is_forgotten_and_one_that_speaks_is_not() {
    let (mut presences, now) = (Presences::default(), Instant::now());
    let there = There { person: person(5), sockets: 1, said: None };
    presences.hear(PEER, SESSION, part([1]), now);
    presences.hear_member(PEER, person(5).member, Some(there), now);
    let soon = now + SILENT - Duration::from_millis(1);
    assert_eq!(presences.forget_silent(soon, SILENT), (vec![], vec![]));
    presences.hear(PEER, SESSION, part([1]), soon);
    let (sessions, members) = presences.forget_silent(now + SILENT, SILENT);
    assert_eq!((sessions, members), (vec![], vec![person(5).member]));
    assert_eq!(presences.forget_silent(soon + SILENT, SILENT).0, [SESSION]);
    assert!(viewers(&presences).is_empty());
}

#[test]
fn a_member_is_online_with_a_socket_and_what_they_said_last_counts_at_whichever_node() {
    let (mut presences, now) = (Presences::default(), Instant::now());
    let mut listener = presences.subscribe();
    let ola = person(1);
    let availability = |presences: &Presences| presences.members().first().map(|m| m.availability);
    presences.set_availability(ola.member, Availability::Busy);
    presences.settle_member(ola.member);
    assert_eq!(availability(&presences), None, "without a socket nobody says anything");
    presences.set_member(&ola, true);
    presences.settle_member(ola.member);
    assert_eq!(availability(&presences), Some(Availability::Online));
    presences.set_availability(ola.member, Availability::Busy);
    presences.settle_member(ola.member);
    let said = Some(Said { nth: 2, availability: Availability::Online });
    let there = There { person: ola.clone(), sockets: 1, said };
    presences.hear_member(PEER, ola.member, Some(there), now);
    presences.settle_member(ola.member);
    assert_eq!(availability(&presences), Some(Availability::Online));
    presences.set_availability(ola.member, Availability::Away);
    presences.settle_member(ola.member);
    assert_eq!(availability(&presences), None, "they say that they are away");
    assert_eq!(changes(&mut listener), 4);
    presences.set_member(&ola, false);
    presences.hear_member(PEER, ola.member, None, now);
    presences.settle_member(ola.member);
    assert_eq!(changes(&mut listener), 0, "away they were already");
}

#[test]
fn what_is_kept_and_what_is_told_are_bounded() {
    let mut presences = Presences::default();
    for nth in 0..1_000 {
        presences.set_viewer(SESSION, &person(nth), true);
        presences.set_typing(SESSION, typist(nth), true, Instant::now());
    }
    assert_eq!(presences.here(SESSION).viewers.len(), MAX_HERE);
    assert_eq!(presences.here(SESSION).typing.len(), MAX_HERE);
    assert_eq!(presences.presence(SESSION, false).viewers.len(), MAX_VIEWERS);
    for nth in 0..MAX_SESSIONS as u128 + 10 {
        presences.set_customer(SessionId::from_uuid(Uuid::from_u128(nth)), true);
    }
    assert_eq!(presences.all_here().0.len(), MAX_SESSIONS);
    for nth in 0..MAX_MEMBERS as u128 + 10 {
        presences.set_member(&person(nth), true);
    }
    assert_eq!(presences.members().len(), MAX_MEMBERS);
    let nodes = MAX_NODES as u128 + 10;
    for node in 0..nodes {
        presences.hear(
            NodeId::from_uuid(Uuid::from_u128(node)),
            SESSION,
            part([1]),
            Instant::now(),
        );
    }
    assert_eq!(presences.elsewhere[&SESSION].len(), MAX_NODES);
}

#[test]
fn a_listener_that_does_not_listen_is_cut() {
    let mut presences = Presences::default();
    let slow = presences.subscribe();
    for nth in 0..=QUEUE {
        presences.set_customer(SESSION, nth % 2 == 0);
        presences.settle(SESSION, false);
    }
    assert!(slow.is_closed());
}
