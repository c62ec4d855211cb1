//! Appointments: fences, units, holds, letters, waiting lists.

mod letters;
mod lists;
mod units;

use forecourt_core::{
    booking::{
        Booking, BookingCommand, BookingEvent, BookingSettings, By, Customer, Requested, Resource,
        ResourceKind, Stretch, Take, state::HOLD,
    },
    id::{ResourceId, ServiceId, SessionId},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};

use super::{Ground, Stage, new_tenant};
use crate::ids::Ids as _;
use crate::store::{BookingWrite, ResourceWrite, ResourceWritten, Written};

pub use self::{letters::*, lists::*, units::*};

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
