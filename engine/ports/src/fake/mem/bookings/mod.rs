//! Appointments in memory.
//!
//! Lives here: a tenant's appointments and what they are made of; [`ledger`], [`resources`], [`letters`],
//! [`codes`] and [`waits`] each write and read a part of them, and [`port`] is the store's port over all.

mod codes;
mod ledger;
mod letters;
mod port;
mod resources;
mod waits;

use std::collections::BTreeMap;

use forecourt_core::{
    booking::{
        Block, Booking, BookingEvent, BookingStatus, BookingTold, BookingVersion, By, Customer,
        Requested, Resource, ResourceKind, Stretch, Take, TakenBy, Terms, letter::LetterKind,
        terms::places_of,
    },
    id::{BlockId, BookingId, DeliveryId, OfferId, ResourceId},
    knowledge::{Knowledge, Service},
    lang::Lang,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Claim, is_free};
use crate::store::{Busy, Catalogue, LetterStatus, StoredLedger, Wait};

/// A tenant's appointments.
#[derive(Default)]
pub(super) struct Data {
    resources: BTreeMap<ResourceId, (Resource, i64)>,
    blocks: BTreeMap<BlockId, Block>,
    terms: Vec<Terms>,
    bookings: BTreeMap<BookingId, (Booking, Vec<(Timestamp, BookingEvent)>)>,
    taken: Vec<TakenBy>,
    letters: BTreeMap<(BookingId, LetterKind, u32), Letter>,
    waits: Vec<Wait>,
    codes: Vec<codes::Code>,
    /// Steps that the log does not tell of yet.
    untold: Vec<(Timestamp, BookingTold)>,
}

#[derive(Clone)]
struct Letter {
    delivery: DeliveryId,
    status: LetterStatus,
    attempts: u32,
    next_at: Timestamp,
    claim: Option<Claim>,
    code: Option<String>,
}

impl Letter {
    fn new(delivery: DeliveryId, due_at: Timestamp) -> Self {
        let status = LetterStatus::Pending;
        Self { delivery, status, attempts: 0, next_at: due_at, claim: None, code: None }
    }
}

impl Data {
    pub(super) fn new(knowledge: &Knowledge, busy: &[Busy]) -> Self {
        let mut data = Self::default();
        for service in &knowledge.services {
            data.add_service(service);
        }
        let mut busy = busy.to_vec();
        busy.sort_by_key(|busy| (busy.starts_at, busy.booking));
        for busy in busy {
            data.import(&busy);
        }
        data
    }

    /// What can be booked, as another store has it; of bookings only what they take.
    pub(super) fn taken_over(catalogue: Catalogue, ledgers: Vec<StoredLedger>) -> Self {
        let mut data = Self { terms: catalogue.terms, ..Self::default() };
        for StoredLedger { version, resource, taken, blocks } in ledgers {
            data.resources.insert(resource.id, (resource, version));
            data.taken.extend(taken);
            data.blocks.extend(blocks.into_iter().map(|block| (block.id, block)));
        }
        data
    }

    /// A service with places of its own.
    pub(super) fn add_service(&mut self, service: &Service) {
        let id = places_of(service.id);
        let resource = Resource {
            id,
            kind: ResourceKind::Service,
            name: service.name.get(Lang::En).to_owned(),
            capacity: service.capacity,
            buffer_before: 0,
            buffer_after: 0,
            vehicle: None,
            hours: None,
            active: true,
        };
        self.resources.insert(id, (resource, 1));
        self.terms.push(Terms::plain(service));
    }

    fn import(&mut self, busy: &Busy) {
        let resource = places_of(busy.service);
        let stretch = Stretch { from: busy.starts_at, until: busy.ends_at };
        let is_taken = |unit: u16| {
            self.taken.iter().any(|taken| {
                let Take { resource: other, unit: place, stretch: when } = taken.take;
                other == resource && place == unit && when.touches(stretch)
            })
        };
        let unit = (0..=1_000).find(|unit| !is_taken(*unit)).unwrap_or(1_000);
        let take = Take { resource, unit, stretch };
        self.taken.push(TakenBy { take, booking: busy.booking, held_until: None });
        let wish = Requested {
            service: busy.service,
            from: busy.starts_at,
            until: busy.ends_at,
            zone: "UTC".into(),
            takes: vec![take],
            price: None,
            customer: Customer::default(),
            notes: None,
            session: None,
            client_id: None,
        };
        let booking = Booking {
            id: busy.booking,
            version: BookingVersion(1),
            status: BookingStatus::Booked,
            wish,
            offer: OfferId::from_uuid(Uuid::nil()),
            hold_until: Timestamp::UNIX_EPOCH,
            sequence: 0,
            moves: 0,
            moved_from: None,
            made_by: By::Engine,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        self.bookings.insert(booking.id, (booking, vec![]));
    }
}
