//! What is found again: bookings with their history, the catalogue, the waiting list.

use forecourt_core::{
    booking::{
        Booking, BookingCommand, BookingStatus, BookingWhat, By, Customer, Need, ResourceKind,
        Stretch, Terms, terms::places_of,
    },
    event::Event,
    id::{BookingId, ServiceId},
};
use jiff::SignedDuration;

use super::Desk;
use crate::{
    contract::{Ground, Stage},
    ids::Ids as _,
    store::{BookingFilter, ResourceWrite, Wait, Written},
};

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
