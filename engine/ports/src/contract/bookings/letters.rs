//! Letters about bookings, and codes to find them by: sent once, good once.

use forecourt_core::booking::{BookingCommand, By, letter::LetterKind};
use jiff::{SignedDuration, Timestamp};

use super::{Desk, LEASE};
use crate::{
    contract::{Ground, Stage},
    ids::Ids as _,
    store::{DueLetter, LetterEnd, LetterStatus, NewCode, Written},
};

pub async fn letters_are_sent_once_and_die_with_what_they_speak_of(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, other, tenant, node, other_node, .. } = &desk.stage;
    let mut booking = desk.booked(desk.take(0, 48, 49)).await;
    let claim = |at: Timestamp| async move {
        store.claim_letters(*node, at, LEASE, 10).await.expect("a claim")
    };
    assert_eq!(claim(desk.at(23)).await, []);
    let due = claim(desk.at(24)).await;
    assert_eq!(due.len(), 1);
    assert_eq!(
        (due[0].owed.kind, due[0].attempt, due[0].lost),
        (LetterKind::Reminder24h, 1, false)
    );
    assert_eq!(due[0].booking, booking);
    let rival = other.claim_letters(*other_node, desk.at(24), LEASE, 10).await.expect("a claim");
    assert_eq!(rival, [], "a claimed letter is one node's");
    let hand = |letter: DueLetter, at: Timestamp| async move {
        store.hand_over_letter(&letter, *node, at, LEASE).await.expect("a write")
    };
    assert!(hand(due[0].clone(), desk.at(24)).await);
    assert!(!hand(due[0].clone(), desk.at(24)).await, "it is begun once");
    let lost = claim(desk.at(25)).await;
    assert!(lost.len() == 1 && lost[0].lost, "begun and never ended: {lost:?}");
    let uncertain = LetterEnd::Over { status: LetterStatus::Uncertain, code: Some("lost".into()) };
    store.end_letter(&lost[0], &uncertain, desk.at(25)).await.expect("a write");
    let to = BookingCommand::Reschedule {
        from: desk.at(72),
        until: desk.at(73),
        takes: vec![desk.take(0, 72, 73)],
        by: By::Customer,
    };
    let in_between = claim(desk.at(46)).await;
    assert_eq!(in_between[0].owed.kind, LetterKind::Reminder2h);
    assert_eq!(desk.step(&mut booking, to, desk.at(46)).await, Written::Stored);
    assert!(!hand(in_between[0].clone(), desk.at(46)).await, "it speaks of the old time");
    let new = claim(desk.at(48)).await;
    assert_eq!((new.len(), new[0].owed.sequence), (1, 1));
    let again = LetterEnd::Again { at: desk.at(49), code: "421".into() };
    store.end_letter(&new[0], &again, desk.at(48)).await.expect("a write");
    assert_eq!(claim(desk.at(48)).await, []);
    let retried = claim(desk.at(49)).await;
    assert_eq!((retried[0].attempt, retried[0].delivery), (2, new[0].delivery));
    assert!(hand(retried[0].clone(), desk.at(49)).await);
    let over = LetterEnd::Over { status: LetterStatus::Accepted, code: None };
    store.end_letter(&retried[0], &over, desk.at(49)).await.expect("a write");
    let found = store.find_booking(*tenant, booking.id).await.expect("a read").expect("it");
    let told: Vec<_> =
        found.letters.iter().map(|letter| (letter.kind, letter.sequence, letter.status)).collect();
    assert_eq!(
        told,
        [
            (LetterKind::Reminder24h, 0, LetterStatus::Uncertain),
            (LetterKind::Reminder2h, 0, LetterStatus::Dropped),
            (LetterKind::Reminder24h, 1, LetterStatus::Accepted),
            (LetterKind::Reminder2h, 1, LetterStatus::Pending),
        ]
    );
}

pub async fn a_code_is_good_once_for_few_tries_and_minutes(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, other, tenant, node, now, ids, .. } = &desk.stage;
    let booking = desk.booked(desk.take(0, 48, 49)).await;
    let (mine, stranger) = (ids.uuid(), ids.uuid());
    let code = |asker, minutes: i64| NewCode {
        booking: booking.id,
        asker,
        delivery: ids.delivery(),
        now: *now + SignedDuration::from_mins(minutes),
    };
    let attempt = |asker, minutes: i64| async move {
        let at = *now + SignedDuration::from_mins(minutes);
        let of = Some(booking.id);
        other.try_code(*tenant, asker, of, at).await.expect("a write").map(|found| found.left)
    };
    let (old, first) = (code(mine, 0), code(mine, 1));
    assert_eq!(attempt(mine, 0).await, None, "nothing was sent");
    assert_eq!(store.put_code(*tenant, &old).await, Ok(true));
    assert_eq!(store.put_code(*tenant, &first).await, Ok(true));
    let unknown = NewCode { booking: ids.booking(), ..code(mine, 1) };
    assert_eq!(store.put_code(*tenant, &unknown).await, Ok(false), "no such booking");
    assert_eq!(attempt(stranger, 1).await, None, "it is for who asked");
    let found = store.try_code(*tenant, mine, None, *now).await.expect("a write").expect("a code");
    assert_eq!((found.booking, found.delivery, found.left), (booking.id, first.delivery, 4));
    for left in [3, 2, 1, 0] {
        assert_eq!(attempt(mine, 1).await, Some(left));
    }
    assert_eq!(attempt(mine, 1).await, None, "tried too often");
    let last = code(mine, 30);
    assert_eq!(store.put_code(*tenant, &last).await, Ok(true));
    assert_eq!(store.put_code(*tenant, &code(stranger, 31)).await, Ok(false), "three in an hour");
    assert_eq!(attempt(mine, 41).await, None, "its time has passed");
    assert_eq!(attempt(mine, 39).await, Some(4));
    let later = *now + SignedDuration::from_mins(39);
    assert_eq!(other.use_code(*tenant, last.delivery, later).await, Ok(true));
    assert_eq!(store.use_code(*tenant, last.delivery, later).await, Ok(false), "once");
    assert_eq!(attempt(mine, 39).await, None);
    assert_eq!(store.put_code(*tenant, &code(stranger, 70)).await, Ok(true), "an hour later");
    // Each code has a letter of its own, which a change of the booking leaves alone.
    let mut moved = booking.clone();
    let to = BookingCommand::Reschedule {
        from: desk.at(72),
        until: desk.at(73),
        takes: vec![desk.take(0, 72, 73)],
        by: By::Customer,
    };
    assert_eq!(desk.step(&mut moved, to, *now).await, Written::Stored);
    let due = store.claim_letters(*node, desk.at(2), LEASE, 10).await.expect("a claim");
    let codes: Vec<_> = due.iter().map(|due| (due.owed.kind, due.owed.sequence)).collect();
    assert_eq!(codes, [0, 1, 2, 3].map(|number| (LetterKind::Code, number)));
    assert_eq!(due[1].delivery, first.delivery);
}
