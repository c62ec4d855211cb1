//! The tools that find free times, and keep one.

use std::sync::Arc;

use forecourt_core::{
    booking::{Booking, BookingStatus, By, FreeTime, Resource, ResourceKind, Why},
    calendar,
    dialogue::{KnownBooking, MOST_OFFERS, Offer},
    id::{BookingId, ResourceId, ServiceId, VehicleId},
    knowledge::VehicleStatus,
    text,
    tools::{
        ToolName, Used,
        request::{CheckAvailability, HoldSlot, ProposeSlots},
        results::{Code, Failed, HeldRow, MOST_SLOTS, SlotRow, Slots},
    },
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
};

use super::{Found, No, Tools};
use crate::booking::{BookingError, FreeTimes, HoldWish};

/// Days that are looked at when nothing is said, and at most.
const DAYS: u16 = 14;
const MOST_DAYS: u16 = 60;
/// Times that are looked at: sixty days of ten hours, every half hour, and more.
const MOST_TIMES: usize = 2_000;
/// Of one day, so that a proposal is spread over several.
const A_DAY: usize = 2;
/// Reasons that are told.
const MOST_REASONS: usize = 3;
/// What is offered may be taken for so long before its notice has passed.
const THINKING: SignedDuration = SignedDuration::from_mins(5);
/// Characters of a customer's note.
const NOTES: usize = 1_000;

impl Tools {
    /// Free times, spread over the days.
    pub(super) async fn propose_slots(&self, asked: ProposeSlots) -> Result<Found, No> {
        let ProposeSlots { service_id, vehicle_id, from_date, days, after, before } = asked;
        let days = days.unwrap_or(DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(No::bad(format!("`days` must be 1 to {MOST_DAYS}")));
        }
        let today = self.zone.to_datetime(self.now()).date();
        let first = from_date.map_or(today, |date| date.max(today));
        let resource = self.resource(service_id, vehicle_id).await?;
        let free = self.to_offer(service_id, resource, first, days).await?;
        let suits = |time: &&FreeTime| {
            let clock = self.zone.to_datetime(time.from).time();
            after.is_none_or(|after| clock >= after) && before.is_none_or(|before| clock < before)
        };
        let suiting: Vec<FreeTime> = free.times.iter().filter(suits).copied().collect();
        let offers = self.spread(&suiting, resource);
        let why = if !offers.is_empty() {
            vec![]
        } else if free.times.is_empty() {
            self.reasons(free.why.iter().map(|(why, _)| *why))
        } else {
            vec!["nothing is free between these times of day: ask for others".to_owned()]
        };
        Ok(self.slots(service_id, offers, None, why))
    }

    /// Whether a day, or a time, is free; why not, and what is free near it.
    pub(super) async fn check_availability(&self, asked: CheckAvailability) -> Result<Found, No> {
        let CheckAvailability { service_id, vehicle_id, date, time } = asked;
        let resource = self.resource(service_id, vehicle_id).await?;
        let Some(time) = time else {
            let free = self.to_offer(service_id, resource, date, 1).await?;
            let some = thin(&free.times, MOST_SLOTS);
            let offers: Vec<Offer> = some.map(|time| offer(time, resource)).collect();
            let why = self.reasons(free.why.iter().map(|(why, _)| *why));
            let is_free = Some(!offers.is_empty());
            let offers = if offers.is_empty() {
                self.near(service_id, resource, date).await?
            } else {
                offers
            };
            return Ok(self.slots(service_id, offers, is_free, why));
        };
        let from = self.instant(date, time)?;
        if let Some(free) = self.is_free(service_id, resource, date, from).await? {
            return Ok(self.slots(service_id, vec![offer(&free, resource)], Some(true), vec![]));
        }
        let why = match self.desk.would_grant(service_id, resource, from).await {
            Err(BookingError::NotFree(why)) => self.reasons(why.into_iter()),
            Ok(()) => vec!["no appointment begins at this minute".to_owned()],
            Err(error) => return Err(error.into()),
        };
        let near = self.near(service_id, resource, date).await?;
        Ok(self.slots(service_id, near, Some(false), why))
    }

    /// Keeps a time for the customer.
    pub(super) async fn hold_slot(&self, asked: HoldSlot) -> Result<Found, No> {
        let HoldSlot { service_id, vehicle_id, date, time, notes } = asked;
        let from = self.instant(date, time)?;
        let resource = self.resource(service_id, vehicle_id).await?;
        let notes = match notes.map(|notes| text::paragraphs(&notes, NOTES)) {
            None | Some(Err(text::TextError::Empty)) => None,
            Some(Ok(notes)) => Some(notes),
            Some(Err(error)) => return Err(No::bad(format!("`notes` {error}"))),
        };
        self.hold(service_id, resource, from, notes).await
    }

    /// The same for a time that was clicked. What is wished twice since the customer last wrote is one wish:
    /// another model, or another node, finds what was held.
    pub(super) async fn hold(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        from: Timestamp,
        notes: Option<String>,
    ) -> Result<Found, No> {
        let date = self.zone.to_datetime(from).date();
        let wish = HoldWish {
            service,
            from,
            resource,
            customer: self.facts.customer.clone(),
            notes,
            session: Some(self.facts.session),
            client_id: Some(self.wish_id(service, resource, from)),
            lasts: None,
            by: By::Assistant,
        };
        let is_it = |held: &&KnownBooking| held.news.service == service && held.news.from == from;
        if let Some(held) = self.facts.dialogue.held(self.now()).find(is_it) {
            return self.held_already(held.news.booking).await;
        }
        // What this wish holds already is not free any more: it is found by its id.
        if self.is_free(service, resource, date, from).await?.is_none()
            && !self.is_granted_before(&wish).await?
        {
            return Err(self.not_free(service, resource, date, from).await?);
        }
        self.grant(ToolName::HoldSlot, None).await?;
        let booking = match self.hold_to_the_end(wish).await? {
            Ok(booking) => booking,
            Err(BookingError::NotFree(_)) => {
                return Err(self.not_free(service, resource, date, from).await?);
            }
            Err(error) => return Err(error.into()),
        };
        let now = self.now();
        if booking.status_at(now) != BookingStatus::Held {
            return Err(No::new(Code::NotHeld, "the hold is over: offer free times again"));
        }
        self.let_go_of_others(&booking).await;
        Ok(self.held(&booking))
    }

    /// Holds a time and tells the conversation of it, also when the turn is cancelled in the middle. A time
    /// that was held after the turn was over is let go: nobody was told of it (A7).
    async fn hold_to_the_end(&self, wish: HoldWish) -> Result<Result<Booking, BookingError>, No> {
        let (tenant, desk) = (Arc::clone(&self.tenant), self.desk.clone());
        let (session, turn) = (self.facts.session, self.facts.turn);
        let (asked_at, counted) = (self.now(), self.tenant.registry.count_in());
        let held = self.ports.io.spawn(async move {
            let _counted = counted; // a stop waits for it
            let booking = match desk.hold(wish).await {
                Ok(booking) => booking,
                Err(error) => return Ok(Err(error)),
            };
            // What the same wish held before is an earlier turn's. Out of reach, the store says nothing: a
            // hold ends by itself.
            let stands = tenant.ports.store.load(tenant.id, session).await.ok().flatten();
            let is_over = stands
                .is_some_and(|stands| stands.state.turn.is_none_or(|running| running.turn != turn));
            if is_over && booking.created_at >= asked_at {
                if let Err(error) = desk.cancel(booking.id, By::Assistant, None).await {
                    tracing::debug!(%error, "a time was not let go, and ends by itself");
                }
                return Err(No::Over);
            }
            tenant.note_booking(&booking).await;
            Ok(Ok(booking))
        });
        held.await.unwrap_or_else(|_| Err(No::unavailable()))
    }

    /// What is held for this conversation since an earlier message.
    async fn held_already(&self, id: BookingId) -> Result<Found, No> {
        self.grant(ToolName::HoldSlot, Some(id)).await?;
        let booking = self.desk.find(id).await?.booking;
        Ok(self.held(&booking))
    }

    fn held(&self, booking: &Booking) -> Found {
        let at = self.zone.to_datetime(booking.wish.from);
        let row = HeldRow {
            booking_id: booking.id,
            offer_id: Some(booking.offer),
            date: at.date(),
            time: at.time(),
            hold_until: booking.hold_until,
            service: self.service_name(booking.wish.service),
            missing: self.missing(),
        };
        self.of_bookings(&row, &[booking])
    }

    /// The id of a wish to hold: the same for the same time since the customer last wrote.
    fn wish_id(&self, service: ServiceId, resource: Option<ResourceId>, from: Timestamp) -> String {
        let resource = resource.map_or_else(|| "any".to_owned(), |resource| resource.to_string());
        let (session, seq) = (self.facts.session, self.facts.covers.0);
        format!("{session}:{seq}:{service}:{}:{resource}", from.as_second())
    }

    /// Whether this wish was granted before.
    async fn is_granted_before(&self, wish: &HoldWish) -> Result<bool, No> {
        let Some(client_id) = &wish.client_id else { return Ok(false) };
        let known = self.ports.store.booking_of(self.tenant.id, client_id).await;
        Ok(known.map_err(|_| No::unavailable())?.is_some())
    }

    /// The resource that a vehicle is; none where the service needs no vehicle.
    pub(super) async fn resource(
        &self,
        service: ServiceId,
        vehicle: Option<VehicleId>,
    ) -> Result<Option<ResourceId>, No> {
        let catalogue = self.desk.catalogue().await?;
        let terms = catalogue.terms.iter().find(|terms| terms.service == service && terms.active);
        let unknown = || No::new(Code::NotFound, "there is no such service: call get_services");
        let terms = terms.ok_or_else(unknown)?;
        let Some(vehicle) = vehicle else { return Ok(None) };
        if !terms.needs().iter().any(|need| need.kind == ResourceKind::Vehicle) {
            return Ok(None);
        }
        let stock = self.knowledge.vehicles.iter().find(|known| known.id == vehicle);
        match stock {
            Some(known) if known.status == VehicleStatus::Available => {}
            Some(_) => return Err(No::new(Code::NotAllowed, "the vehicle is not available")),
            None => return Err(No::new(Code::NotFound, "there is no such vehicle")),
        }
        let is_it = |resource: &&Resource| resource.active && resource.vehicle == Some(vehicle);
        match catalogue.resources.iter().find(is_it) {
            Some(resource) => Ok(Some(resource.id)),
            None => Err(No::new(Code::NotAllowed, "this vehicle cannot be booked for it")),
        }
    }

    async fn free(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        first: Date,
        days: u16,
    ) -> Result<FreeTimes, No> {
        Ok(self.desk.free(service, resource, first, days, MOST_TIMES).await?)
    }

    /// The free times that still are free when the customer has made up their mind.
    async fn to_offer(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        first: Date,
        days: u16,
    ) -> Result<FreeTimes, No> {
        let mut free = self.free(service, resource, first, days).await?;
        let catalogue = self.desk.catalogue().await?;
        let terms = catalogue.terms.iter().find(|terms| terms.service == service);
        let notice = terms.map_or(0, |terms| i64::from(terms.notice_minutes));
        let soonest = self.now().saturating_add(SignedDuration::from_mins(notice) + THINKING);
        if let Ok(soonest) = soonest {
            free.times.retain(|time| time.from >= soonest);
        }
        Ok(free)
    }

    /// The free time that begins then, if there is one.
    pub(super) async fn is_free(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        date: Date,
        from: Timestamp,
    ) -> Result<Option<FreeTime>, No> {
        let free = self.free(service, resource, date, 1).await?;
        Ok(free.times.into_iter().find(|time| time.from == from))
    }

    /// The refusal of a time: why, and what may be offered instead.
    pub(super) async fn not_free(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        date: Date,
        from: Timestamp,
    ) -> Result<No, No> {
        let why = match self.desk.would_grant(service, resource, from).await {
            Err(BookingError::NotFree(why)) => self.reasons(why.into_iter()).join(" "),
            _ => String::new(),
        };
        let offers = self.near(service, resource, date).await?;
        let near = offers.iter().map(|offer| self.slot_row(offer)).collect();
        let failed = Failed { near, ..Failed::new(Code::NotFree, why) };
        Ok(No::Failed(Box::new(failed), offers))
    }

    /// Free times from a day on.
    async fn near(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        date: Date,
    ) -> Result<Vec<Offer>, No> {
        let today = self.zone.to_datetime(self.now()).date();
        let free = self.to_offer(service, resource, date.max(today), DAYS).await?;
        Ok(self.spread(&free.times, resource))
    }

    /// A few times of each day, the earliest days first.
    fn spread(&self, times: &[FreeTime], resource: Option<ResourceId>) -> Vec<Offer> {
        let day = |time: &FreeTime| self.zone.to_datetime(time.from).date();
        times
            .chunk_by(|one, other| day(one) == day(other))
            .flat_map(|of_day| thin(of_day, A_DAY))
            .take(MOST_OFFERS)
            .map(|time| offer(time, resource))
            .collect()
    }

    /// An instant of the tenant's clock. A time that the clock skips does not exist.
    pub(super) fn instant(&self, date: Date, time: Time) -> Result<Timestamp, No> {
        let meant = date.to_datetime(time);
        let instant = meant.to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp());
        match instant {
            Ok(instant) if self.zone.to_datetime(instant) == meant => Ok(instant),
            _ => {
                let why = Why::Skipped.sentence(self.facts.lang, &self.zone, self.now());
                Err(No::new(Code::NotFree, why))
            }
        }
    }

    /// Times as a result, and as what the answer may offer.
    fn slots(
        &self,
        service: ServiceId,
        offers: Vec<Offer>,
        free: Option<bool>,
        why: Vec<String>,
    ) -> Found {
        let slots = offers.iter().map(|offer| self.slot_row(offer)).collect();
        let result = Slots { slots, zone: self.settings.zone.clone(), free, why };
        Found { offers, used: vec![Used::Service(service)], ..Found::of(&result) }
    }

    fn slot_row(&self, offer: &Offer) -> SlotRow {
        let at = self.zone.to_datetime(offer.from);
        SlotRow {
            date: at.date(),
            weekday: calendar::weekday(self.facts.lang, at.weekday()).to_owned(),
            time: at.time(),
            starts_at: offer.from,
            customer_time: None,
        }
    }

    /// The name of a service in the language of the conversation.
    pub(super) fn service_name(&self, service: ServiceId) -> String {
        let known = self.knowledge.services.iter().find(|known| known.id == service);
        known.map(|known| known.name.get(self.facts.lang).to_owned()).unwrap_or_default()
    }

    fn reasons(&self, why: impl Iterator<Item = Why>) -> Vec<String> {
        let now = self.now();
        let say = |why: Why| why.sentence(self.facts.lang, &self.zone, now);
        why.take(MOST_REASONS).map(say).collect()
    }
}

fn offer(time: &FreeTime, resource: Option<ResourceId>) -> Offer {
    Offer { service: time.service, from: time.from, until: time.until, resource }
}

/// `most` of some times, evenly apart.
fn thin(times: &[FreeTime], most: usize) -> impl Iterator<Item = &FreeTime> {
    times.iter().step_by(times.len().div_ceil(most).max(1))
}
