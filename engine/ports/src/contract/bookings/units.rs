//! Who gets a unit: fences, rivals, holds that are over, moves.

use forecourt_core::{
    booking::{
        Block, BlockKind, Booking, BookingCommand, By, Recurrence, state::HOLD, terms::places_of,
    },
    id::{BookingId, ResourceId, ServiceId},
    knowledge::Knowledge,
};
use jiff::{SignedDuration, Timestamp};

use super::{Desk, service};
use crate::{
    contract::{Ground, Stage, new_tenant},
    ids::Ids as _,
    store::{BookingWrite, Busy, ResourceWrite, ResourceWritten, Written},
};

pub async fn of_two_steps_from_one_version_one_wins(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let booking = desk.booked(desk.take(0, 24, 25)).await;
    let now = desk.stage.now;
    let cancel = BookingCommand::Cancel { by: By::Customer, reason: None };
    let (mut one, mut two) = (booking.clone(), booking);
    assert_eq!(desk.step(&mut one, cancel.clone(), now).await, Written::Stored);
    assert_eq!(desk.step(&mut two, cancel, now).await, Written::Conflict);
    assert_eq!(desk.taken().await, 0, "a cancelled booking takes no place");
}

pub async fn a_decision_from_an_older_ledger_is_behind(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let now = desk.stage.now;
    let version = desk.version().await;
    let (one, event) = desk.hold(desk.take(0, 24, 25), None);
    assert_eq!(desk.write_from(&one, &event, version, now).await, Written::Stored);
    let (two, event) = desk.hold(desk.take(1, 24, 25), None);
    let behind = Written::Behind { resource: desk.bay };
    assert_eq!(desk.write_from(&two, &event, version, now).await, behind);
    assert_eq!(desk.write_from(&two, &event, version + 1, now).await, Written::Stored);
    let block = Block {
        id: desk.stage.ids.block(),
        resource: desk.bay,
        kind: BlockKind::Maintenance,
        label: Some("Årskontroll".into()),
        starts_at: "2026-11-30T09:00".parse().expect("a time"),
        zone: "Europe/Oslo".into(),
        minutes: 90,
        rule: Some(Recurrence::parse("FREQ=WEEKLY;BYDAY=MO").expect("a rule")),
    };
    assert_eq!(desk.change(ResourceWrite::Block(block.clone())).await, ResourceWritten::Stored);
    let Stage { store, tenant, .. } = &desk.stage;
    let listed = store.list_blocks(*tenant, desk.bay).await;
    assert_eq!(listed, Ok(Some(vec![block.clone()])));
    let nowhere = ResourceId::from_uuid(desk.stage.ids.uuid());
    assert_eq!(store.list_blocks(*tenant, nowhere).await, Ok(None));
    let (three, event) = desk.hold(desk.take(0, 48, 49), None);
    assert_eq!(desk.write_from(&three, &event, version + 2, now).await, behind);
    let Stage { store, tenant, .. } = &desk.stage;
    let ledger = store.load_ledger(*tenant, desk.bay, now).await.expect("a read").expect("it");
    assert_eq!(ledger.blocks, std::slice::from_ref(&block));
    let gone = ResourceWrite::Unblock { block: block.id };
    assert_eq!(desk.change(gone.clone()).await, ResourceWritten::Stored);
    assert_eq!(desk.change(gone).await, ResourceWritten::NotFound);
    let nowhere = Block { resource: desk.stage.ids.resource(), ..block };
    assert_eq!(desk.change(ResourceWrite::Block(nowhere)).await, ResourceWritten::NotFound);
}

pub async fn a_unit_is_never_taken_twice_whatever_a_bug_decides(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let now = desk.stage.now;
    desk.booked(desk.take(0, 24, 26)).await;
    for (unit, from, until, expected) in [
        (0, 25, 27, Written::Taken),
        (0, 23, 25, Written::Taken),
        (0, 24, 26, Written::Taken),
        (1, 24, 26, Written::Stored),
        (0, 26, 27, Written::Stored),
        (0, 23, 24, Written::Stored),
    ] {
        let (booking, event) = desk.hold(desk.take(unit, from, until), None);
        assert_eq!(desk.write(&booking, &event, now).await, expected, "{unit} {from}");
        let found = desk.stage.store.find_booking(desk.stage.tenant, booking.id).await;
        assert_eq!(found.expect("a read").is_some(), expected == Written::Stored, "all or nothing");
    }
}

pub async fn the_same_wish_is_the_same_booking(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let now = desk.stage.now;
    let (one, event) = desk.hold(desk.take(0, 24, 25), Some("c-1"));
    assert_eq!(desk.write(&one, &event, now).await, Written::Stored);
    let (again, event) = desk.hold(desk.take(1, 24, 25), Some("c-1"));
    let known = Written::Known { booking: one.id };
    assert_eq!(desk.write(&again, &event, now).await, known);
    let Stage { store, tenant, .. } = &desk.stage;
    assert_eq!(store.booking_of(*tenant, "c-1").await.expect("a read"), Some(one));
    assert_eq!(store.booking_of(*tenant, "c-2").await.expect("a read"), None);
    assert_eq!(desk.taken().await, 1);
}

pub async fn a_hold_that_is_over_is_in_nobody_s_way(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, now, .. } = &desk.stage;
    let (mut late, event) = desk.hold(desk.take(0, 24, 25), None);
    assert_eq!(desk.write(&late, &event, *now).await, Written::Stored);
    let over = late.hold_until;
    assert_eq!(store.overdue_holds(*now, 10).await.expect("a read"), []);
    assert_eq!(store.overdue_holds(over, 10).await.expect("a read"), [(*tenant, late.id)]);
    let wish = desk.wish(vec![desk.take(0, 24, 25)], None);
    let Stage { ids, .. } = &desk.stage;
    let (next, event) = Booking::hold(ids.booking(), ids.offer(), wish, HOLD, By::Customer, over);
    assert_eq!(desk.write(&next, &event, *now).await, Written::Taken);
    assert_eq!(desk.write(&next, &event, over).await, Written::Stored);
    assert_eq!(desk.taken().await, 1);
    // Whoever still thinks that the hold lasts (a clock that is behind) finds the place taken.
    let yes = BookingCommand::Confirm { offer: late.offer, by: By::Customer, customer: None };
    assert_eq!(desk.step(&mut late.clone(), yes, *now).await, Written::Taken);
    assert_eq!(desk.step(&mut late, BookingCommand::Expire, over).await, Written::Stored);
    assert_eq!(store.overdue_holds(over, 10).await.expect("a read"), []);
}

pub async fn a_moved_booking_keeps_its_id_and_frees_its_old_place(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let now = desk.stage.now;
    let mut booking = desk.booked(desk.take(0, 24, 25)).await;
    let id = booking.id;
    let take = desk.take(0, 24, 26);
    let to = BookingCommand::Reschedule {
        from: desk.at(25),
        until: desk.at(26),
        takes: vec![take],
        by: By::Customer,
    };
    assert_eq!(desk.step(&mut booking, to, now).await, Written::Stored, "over its own old place");
    assert_eq!((booking.id, booking.sequence, desk.taken().await), (id, 1, 1));
    let (other, event) = desk.hold(desk.take(0, 24, 25), None);
    assert_eq!(desk.write(&other, &event, now).await, Written::Taken);
}

pub async fn of_many_rivals_for_one_place_one_gets_it(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let now = desk.stage.now;
    // Each from the ledger it has just read: behind, taken, or stored, but never two of them.
    for round in 0..5 {
        let rivals = (0..12).map(|n| {
            let desk = &desk;
            async move {
                let (booking, event) =
                    desk.hold(desk.take(0, 24 + round * 2, 25 + round * 2), None);
                let write = BookingWrite {
                    booking,
                    event,
                    ledgers: vec![(desk.bay, desk.version().await)],
                    letters: vec![],
                    now,
                };
                let Stage { store, other, tenant, .. } = &desk.stage;
                let store = if n % 2 == 0 { store } else { other };
                store.write_booking(*tenant, &write).await.expect("a write") == Written::Stored
            }
        });
        let won = futures_util::future::join_all(rivals).await;
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    }
    assert_eq!(desk.taken().await, 5);
}

pub async fn what_was_booked_before_has_its_places(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let mut new = new_tenant("gammel", &stage.ids);
    let tenant = new.snapshot.id;
    let id = ServiceId::from_uuid(stage.ids.uuid());
    let busy = |from: i64, until: i64| Busy {
        booking: BookingId::from_uuid(stage.ids.uuid()),
        service: id,
        starts_at: stage.now + SignedDuration::from_hours(from),
        ends_at: stage.now + SignedDuration::from_hours(until),
    };
    let bookings = vec![busy(24, 26), busy(25, 27), busy(26, 28)];
    new.knowledge = Knowledge { services: vec![service(id, 2)], ..Knowledge::default() };
    new.busy = bookings;
    ground.add_tenant(new).await;
    let ledger = stage.store.load_ledger(tenant, places_of(id), stage.now).await.expect("a read");
    let mut units: Vec<(Timestamp, u16)> = ledger
        .expect("its places")
        .taken
        .iter()
        .map(|taken| (taken.take.stretch.from, taken.take.unit))
        .collect();
    units.sort_unstable();
    assert_eq!(units.iter().map(|(_, unit)| *unit).collect::<Vec<_>>(), [0, 1, 0]);
}
