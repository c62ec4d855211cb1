//! Appointments: fences, units, holds, letters, waiting lists.

use forecourt_core::{
    booking::{
        Block, BlockKind, Booking, BookingCommand, BookingEvent, BookingSettings, BookingStatus,
        BookingWhat, By, Customer, Need, Recurrence, Requested, Resource, ResourceKind, Stretch,
        Take, Terms, letter::LetterKind, state::HOLD, terms::places_of,
    },
    event::Event,
    id::{BookingId, ResourceId, ServiceId, SessionId},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};

use super::{Ground, Stage, new_tenant};
use crate::{
    ids::Ids as _,
    store::{
        BookingFilter, BookingWrite, Busy, DueLetter, LetterEnd, LetterStatus, NewCode,
        ResourceWrite, ResourceWritten, Wait, Written,
    },
};

const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// A stage with one service and one bay of two units.
pub(super) struct Desk<'a> {
    pub(super) stage: Stage<'a>,
    service: ServiceId,
    bay: ResourceId,
}

fn service(id: ServiceId, capacity: u16) -> Service {
    Service {
        id,
        name: Localized::from([(Lang::En, "Test drive")]),
        keywords: vec![],
        minutes: 60,
        price: None,
        notice_minutes: 0,
        capacity,
    }
}

impl<'a> Desk<'a> {
    pub(super) async fn open(ground: &'a dyn Ground) -> Self {
        let mut stage = Stage::set(ground).await;
        let mut new = new_tenant("verksted", &stage.ids);
        let service_id = ServiceId::from_uuid(stage.ids.uuid());
        new.knowledge = Knowledge { services: vec![service(service_id, 1)], ..new.knowledge };
        (stage.tenant, stage.member) = (new.snapshot.id, new.members[0].member.member);
        ground.add_tenant(new).await;
        let bay = Resource {
            id: stage.ids.resource(),
            kind: ResourceKind::Bay,
            name: "Bukk 1".into(),
            capacity: 2,
            buffer_before: 0,
            buffer_after: 15,
            vehicle: None,
            hours: None,
            active: true,
        };
        let id = bay.id;
        let desk = Self { stage, service: service_id, bay: id };
        assert_eq!(desk.change(ResourceWrite::Put(bay)).await, ResourceWritten::Stored);
        desk
    }

    async fn change(&self, write: ResourceWrite) -> ResourceWritten {
        let Stage { store, tenant, now, .. } = &self.stage;
        store.write_resource(*tenant, &write, *now).await.expect("a write")
    }

    fn at(&self, hours: i64) -> Timestamp {
        self.stage.now + SignedDuration::from_hours(hours)
    }

    fn take(&self, unit: u16, from: i64, until: i64) -> Take {
        let stretch = Stretch { from: self.at(from), until: self.at(until) };
        Take { resource: self.bay, unit, stretch }
    }

    fn wish(&self, takes: Vec<Take>, client_id: Option<&str>) -> Requested {
        let stretch = takes[0].stretch;
        Requested {
            service: self.service,
            from: stretch.from,
            until: stretch.until,
            zone: "Europe/Oslo".into(),
            takes,
            price: None,
            customer: Customer {
                name: Some("Kari Nordmann".into()),
                email: Some("kari@example.no".into()),
                ..Customer::default()
            },
            notes: Some("Takstativ".into()),
            session: None,
            client_id: client_id.map(Into::into),
        }
    }

    fn hold(&self, take: Take, client_id: Option<&str>) -> (Booking, BookingEvent) {
        let wish = self.wish(vec![take], client_id);
        let Stage { ids, now, .. } = &self.stage;
        Booking::hold(ids.booking(), ids.offer(), wish, HOLD, By::Customer, *now)
    }

    async fn version(&self) -> i64 {
        let Stage { store, tenant, now, .. } = &self.stage;
        let ledger = store.load_ledger(*tenant, self.bay, *now).await.expect("a read");
        ledger.expect("the bay").version
    }

    async fn write(&self, booking: &Booking, event: &BookingEvent, now: Timestamp) -> Written {
        let version = self.version().await;
        self.write_from(booking, event, version, now).await
    }

    async fn write_from(
        &self,
        booking: &Booking,
        event: &BookingEvent,
        version: i64,
        now: Timestamp,
    ) -> Written {
        let owed = booking.reminders(&BookingSettings::default(), now);
        let write = BookingWrite {
            booking: booking.clone(),
            event: event.clone(),
            ledgers: vec![(self.bay, version)],
            letters: owed.into_iter().map(|owed| (owed, self.stage.ids.delivery())).collect(),
            now,
        };
        self.stage.store.write_booking(self.stage.tenant, &write).await.expect("a write")
    }

    async fn step(
        &self,
        booking: &mut Booking,
        command: BookingCommand,
        now: Timestamp,
    ) -> Written {
        let event = booking.decide(command, now).expect("it may be done");
        let mut next = booking.clone();
        next.apply(&event, now);
        let written = self.write(&next, &event, now).await;
        if written == Written::Stored {
            *booking = next;
        }
        written
    }

    async fn booked(&self, take: Take) -> Booking {
        let (mut booking, event) = self.hold(take, None);
        let now = self.stage.now;
        assert_eq!(self.write(&booking, &event, now).await, Written::Stored);
        let (offer, by) = (booking.offer, By::Customer);
        let yes = BookingCommand::Confirm { offer, by, customer: None };
        assert_eq!(self.step(&mut booking, yes, now).await, Written::Stored);
        booking
    }

    /// Something of a conversation is booked.
    pub(super) async fn booked_in(&self, session: SessionId) {
        let mut wish = self.wish(vec![self.take(0, 24, 25)], None);
        wish.session = Some(session);
        let Stage { ids, now, .. } = &self.stage;
        let (mut booking, event) =
            Booking::hold(ids.booking(), ids.offer(), wish, HOLD, By::Customer, *now);
        assert_eq!(self.write(&booking, &event, *now).await, Written::Stored);
        let (offer, by) = (booking.offer, By::Customer);
        let yes = BookingCommand::Confirm { offer, by, customer: None };
        assert_eq!(self.step(&mut booking, yes, *now).await, Written::Stored);
    }

    async fn taken(&self) -> usize {
        let Stage { store, tenant, now, .. } = &self.stage;
        let ledger = store.load_ledger(*tenant, self.bay, *now).await.expect("a read");
        ledger.expect("the bay").taken.len()
    }
}

pub async fn what_can_be_booked_is_read_back_as_it_was_put(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, now, other, .. } = &desk.stage;
    let catalogue = store.load_catalogue(*tenant).await.expect("a read");
    let kinds: Vec<_> = catalogue.resources.iter().map(|resource| resource.kind).collect();
    assert_eq!(
        kinds,
        [ResourceKind::Bay, ResourceKind::Service],
        "a service's places come with it"
    );
    assert_eq!(catalogue.resources[1].id, places_of(desk.service));
    let terms = Terms {
        minutes: 90,
        buffer_before: 5,
        buffer_after: 10,
        horizon_days: 30,
        notice_minutes: 120,
        capacity: 3,
        needs: vec![Need { kind: ResourceKind::Bay, only: vec![desk.bay] }],
        ..catalogue.terms[0].clone()
    };
    assert_eq!(store.put_terms(*tenant, &terms, *now).await, Ok(true));
    let again = other.load_catalogue(*tenant).await.expect("a read");
    assert_eq!(again.terms, std::slice::from_ref(&terms));
    assert_eq!(again.resources[1].capacity, 3, "the places follow the service");
    let unknown = Terms { service: ServiceId::from_uuid(desk.stage.ids.uuid()), ..terms };
    assert_eq!(store.put_terms(*tenant, &unknown, *now).await, Ok(false));
    let mut bay = again.resources[0].clone();
    (bay.name, bay.active, bay.capacity) = ("Bukk A".into(), false, 1);
    desk.change(ResourceWrite::Put(bay.clone())).await;
    assert_eq!(store.load_catalogue(*tenant).await.expect("a read").resources[0], bay);
    let other_tenant = desk.stage.set_another("nabo").await;
    let nothing = store.load_ledger(other_tenant.tenant, desk.bay, *now).await.expect("a read");
    assert!(nothing.is_none(), "another tenant's resource is not there (A8)");
}

pub async fn a_booking_is_read_back_with_all_that_happened(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, now, .. } = &desk.stage;
    let booking = desk.booked(desk.take(0, 24, 25)).await;
    let found = store.find_booking(*tenant, booking.id).await.expect("a read").expect("it");
    assert_eq!(found.booking, booking);
    assert_eq!(Booking::replay(booking.id, &found.events), Some(booking.clone()), "A3");
    let list = |filter| async move { store.list_bookings(*tenant, &filter).await.expect("a list") };
    let all = BookingFilter { limit: 10, ..BookingFilter::default() };
    assert_eq!(list(all.clone()).await, std::slice::from_ref(&booking));
    let by_bay = BookingFilter { resource: Some(desk.bay), ..all.clone() };
    assert_eq!(list(by_bay).await.len(), 1);
    let early = BookingFilter { until: Some(*now), ..all.clone() };
    assert_eq!(list(early).await, []);
    let after = Some((booking.wish.from, booking.id));
    assert_eq!(list(BookingFilter { after, ..all.clone() }).await, []);
    let held = BookingFilter { status: Some(BookingStatus::Held), ..all };
    assert_eq!(list(held).await, []);
    assert_eq!(desk.taken().await, 1, "what is booked is not offered any more");
}

pub async fn steps_of_bookings_are_told_of_once_and_in_order(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, now, other, .. } = &desk.stage;
    let before = store.head(*tenant).await.expect("a head").seq;
    let mut booking = desk.booked(desk.take(0, 24, 25)).await;
    let (rival, event) = desk.hold(desk.take(1, 24, 25), None);
    assert_eq!(desk.write(&rival, &event, *now).await, Written::Stored);
    let cancel = BookingCommand::Cancel { by: By::Customer, reason: None };
    assert_eq!(desk.step(&mut booking, cancel, *now).await, Written::Stored);

    let later = *now + SignedDuration::from_secs(1);
    assert_eq!(store.untold_bookings(*now, 10).await, Ok(vec![]), "a step may still be told of");
    assert_eq!(store.untold_bookings(later, 10).await, Ok(vec![*tenant]));
    // Two who tell at once: each step is told of by one of them, and the log has no gap.
    let first = store.tell_bookings(*tenant, 3).await.expect("the first three");
    let rest = other.tell_bookings(*tenant, 3).await.expect("the rest");
    assert_eq!((first.len(), rest.len()), (3, 1));
    assert_eq!(store.tell_bookings(*tenant, 3).await, Ok(vec![]), "each is told of once");
    assert_eq!(store.untold_bookings(later, 10).await, Ok(vec![]));
    let told = [first, rest].concat();
    let seqs: Vec<i64> = told.iter().map(|record| record.seq.0).collect();
    assert_eq!(seqs, (before.0 + 1..=before.0 + 4).collect::<Vec<_>>());
    let steps: Vec<_> = told
        .iter()
        .map(|record| match &record.event {
            Event::BookingTold(told) => {
                assert_eq!((record.session, record.version.0), (told.stream(), told.version.0));
                (told.booking, told.what)
            }
            event => panic!("{} is no step of a booking", event.kind()),
        })
        .collect();
    let of = |id: BookingId| -> Vec<BookingWhat> {
        steps.iter().filter(|(booking, _)| *booking == id).map(|(_, what)| *what).collect()
    };
    let life = [BookingWhat::Held, BookingWhat::Booked, BookingWhat::Cancelled];
    assert_eq!((of(booking.id), of(rival.id)), (life.to_vec(), vec![BookingWhat::Held]));

    // The log tells them as any other event, and what a conversation stores comes after.
    assert_eq!(store.replay(*tenant, before, 10).await, Ok(told));
    assert_eq!(store.head(*tenant).await.expect("a head").seq.0, before.0 + 4);
    let another = desk.stage.set_another("nabo").await;
    assert_eq!(store.tell_bookings(another.tenant, 3).await, Ok(vec![]), "A8");
}

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

pub async fn bookings_are_found_by_whom_they_are_for(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, .. } = &desk.stage;
    let booking = desk.booked(desk.take(0, 24, 25)).await;
    let list = |email: Option<&str>, phone: Option<&str>| {
        let (email, phone) = (email.map(Into::into), phone.map(Into::into));
        let filter = BookingFilter { email, phone, limit: 10, ..BookingFilter::default() };
        async move { store.list_bookings(*tenant, &filter).await.expect("a list").len() }
    };
    let address = booking.wish.customer.email.clone().expect("an address").to_lowercase();
    assert_eq!(list(Some(&address), None).await, 1);
    assert_eq!(list(Some("ola@example.no"), None).await, 0);
    assert_eq!(list(None, Some("+4722999999")).await, 0);
}

pub async fn who_waits_is_listed_in_the_order_of_coming(ground: &dyn Ground) {
    let desk = Desk::open(ground).await;
    let Stage { store, tenant, now, ids, .. } = &desk.stage;
    let wait = |client_id: Option<&str>, from: i64, until: i64, after: i64| Wait {
        id: ids.wait(),
        service: desk.service,
        between: Stretch { from: desk.at(from), until: desk.at(until) },
        customer: Customer { email: Some("kari@example.no".into()), ..Customer::default() },
        session: None,
        client_id: client_id.map(Into::into),
        created_at: *now + SignedDuration::from_secs(after),
        offered: None,
    };
    let (second, first) = (wait(None, 24, 48, 2), wait(Some("c-1"), 0, 30, 1));
    assert_eq!(store.put_wait(*tenant, &second).await, Ok(second.id));
    assert_eq!(store.put_wait(*tenant, &first).await, Ok(first.id));
    let again = wait(Some("c-1"), 0, 30, 3);
    assert_eq!(store.put_wait(*tenant, &again).await, Ok(first.id));
    let desk = &desk;
    let list = |from, until| async move {
        let between = Stretch { from: desk.at(from), until: desk.at(until) };
        store.list_waits(*tenant, Some(desk.service), between, 10).await.expect("a list")
    };
    assert_eq!(list(24, 25).await, [first.clone(), second.clone()]);
    assert_eq!(list(40, 41).await, std::slice::from_ref(&second));
    // Who is first has one offer, which is noted once; they stay on the list until it is taken or let go.
    assert_eq!(store.waiting_tenants(*now, 10).await, Ok(vec![*tenant]));
    let (held, event) = desk.hold(desk.take(0, 24, 25), None);
    assert_eq!(desk.write(&held, &event, *now).await, Written::Stored);
    let until = held.hold_until;
    let offer = |wait| store.offer_wait(*tenant, wait, held.id, until, *now);
    assert_eq!((offer(first.id).await, offer(first.id).await), (Ok(true), Ok(false)));
    assert_eq!(list(24, 25).await[0].offered, Some((held.id, until)));
    assert_eq!(desk.stage.store.end_wait(*tenant, first.id, *now).await, Ok(true));
    assert_eq!(offer(first.id).await, Ok(false), "they wait no longer");
    assert_eq!(desk.stage.store.end_wait(*tenant, first.id, *now).await, Ok(false));
    assert_eq!(list(24, 25).await, [second]);
    assert_eq!(store.waiting_tenants(desk.at(100), 10).await, Ok(vec![]), "it is past");
}
