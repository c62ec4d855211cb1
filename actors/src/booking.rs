//! Appointments as the gateway and the assistant's tools ask for them: free times and why none, holds,
//! yeses, moves, cancellations.
//!
//! Every step takes the seats of all resources it touches ([`crate::resource`]), decides in the core,
//! stores, and only then answers (A1). What another node did in between is noticed by version, and the
//! step is decided again from what is stored.
//!
//! # Invariants
//! - **A12** nothing is granted but by whoever has the seat;
//! - **A6** a yes names its offer; [`BookingDesk::confirm`] binds it, whoever carries it;
//! - a wish that is repeated with its `client_id`, and a step that was already done, answer as the first
//!   time did.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use forecourt_core::{
    booking::{
        Block, Booking, BookingCommand, BookingEvent, By, CodeRefused, Customer, FreeTime, Ledger,
        Question, Refused, Requested, Resource, Stretch, Take, Terms, Why, state::HOLD,
    },
    id::{BlockId, BookingId, OfferId, ResourceId, ServiceId, SessionId, TenantId, WaitId},
};
use forecourt_ports::store::{
    BookingFilter, BookingHistory, BookingWrite, Catalogue, MOST_ROWS, ResourceWrite,
    ResourceWritten, Wait, Written,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    engine::lock,
    error::EngineError,
    names,
    resource::{Known, Resources, Seat},
    tenant::TenantShared,
};

/// How often a step is decided again after somebody else was faster.
const MOST_TRIES: u32 = 12;
/// How long the catalogue is taken from memory while other nodes may change it.
const CATALOGUE_AGE: SignedDuration = SignedDuration::from_secs(2);
/// A step that waits so long to be told of has lost its node.
const UNTOLD: SignedDuration = SignedDuration::from_secs(2);
/// Holds that one sweep writes off.
const SWEEP: u32 = 200;

/// Why a step was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    #[error("no such booking, service or resource")]
    NotFound,
    /// The rules of a booking say no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The time is not free: every reason.
    #[error("the time is not free")]
    NotFree(Vec<Why>),
    /// A one-time code proves nothing.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// The resource has as many blocks as it may have.
    #[error("there are too many blocks")]
    TooMany,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<forecourt_ports::store::StoreError> for BookingError {
    fn from(error: forecourt_ports::store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// A wish to hold a time.
#[derive(Clone, Debug)]
pub struct HoldWish {
    pub service: ServiceId,
    pub from: Timestamp,
    /// Only with this resource, such as the vehicle a customer asked for.
    pub resource: Option<ResourceId>,
    pub customer: Customer,
    pub notes: Option<String>,
    pub session: Option<SessionId>,
    pub client_id: Option<String>,
    /// Five minutes when nothing is said.
    pub lasts: Option<SignedDuration>,
    pub by: By,
}

/// What is free, or why nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeTimes {
    pub times: Vec<FreeTime>,
    /// When there are none: every reason, with how many times it ruled out.
    pub why: Vec<(Why, u32)>,
    /// The tenant's zone, on whose days the question was asked.
    pub zone: String,
}

type CatalogueMemory = Mutex<Option<(Timestamp, Arc<Catalogue>)>>;

/// What a tenant keeps of its catalogue.
#[derive(Default)]
pub(crate) struct CatalogueCache(CatalogueMemory);

impl CatalogueCache {
    /// What can be booked was changed: it is read anew.
    pub(crate) fn forget(&self) {
        *lock(&self.0) = None;
    }
}

/// A tenant's appointments. Cheap to clone.
#[derive(Clone)]
pub struct BookingDesk {
    pub(crate) tenant: Arc<TenantShared>,
    pub(crate) resources: Resources,
}

impl BookingDesk {
    pub(crate) fn new(tenant: Arc<TenantShared>, resources: Resources) -> Self {
        Self { tenant, resources }
    }

    pub(crate) fn id(&self) -> TenantId {
        self.tenant.id
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.tenant.ports.clock.now()
    }

    fn zone(&self) -> TimeZone {
        // Settings that were stored have a zone that was known then.
        TimeZone::get(&self.tenant.snapshot().settings.zone).unwrap_or(TimeZone::UTC)
    }

    /// Everything that can be booked, two seconds old at most.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, BookingError> {
        let now = self.now();
        let cache = &self.tenant.catalogue.0;
        if let Some((read_at, catalogue)) = &*lock(cache)
            && now.duration_since(*read_at) < CATALOGUE_AGE
        {
            return Ok(Arc::clone(catalogue));
        }
        let read = Arc::new(self.tenant.ports.store.load_catalogue(self.id()).await?);
        *lock(cache) = Some((now, Arc::clone(&read)));
        // Zone, hours and reminders may have been changed at any node.
        if let Err(error) = self.tenant.reload_settings(now).await {
            tracing::debug!(%error, "settings were not read anew");
        }
        Ok(read)
    }

    async fn terms(&self, service: ServiceId) -> Result<(Arc<Catalogue>, Terms), BookingError> {
        let catalogue = self.catalogue().await?;
        let terms = catalogue.terms.iter().find(|terms| terms.service == service).cloned();
        Ok((catalogue, terms.ok_or(BookingError::NotFound)?))
    }

    /// The ledgers of every resource that the terms could use.
    async fn ledgers(
        &self,
        catalogue: &Catalogue,
        terms: &Terms,
        only: Option<ResourceId>,
    ) -> Result<Vec<Arc<Known>>, BookingError> {
        let by_id = |id| catalogue.resources.iter().find(|resource| resource.id == id);
        let named = only.map(|id| by_id(id).ok_or(BookingError::NotFound)).transpose()?;
        let suits = |resource: &&Resource| terms.could_use(resource, named);
        let mut known = Vec::new();
        for resource in catalogue.resources.iter().filter(suits) {
            known.extend(self.resources.look(self.id(), resource.id).await?);
        }
        Ok(known)
    }

    /// Free times of a service on `days` days from `first`, or why there is none.
    pub async fn free(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        first: Date,
        days: u16,
        limit: usize,
    ) -> Result<FreeTimes, BookingError> {
        let (catalogue, terms) = self.terms(service).await?;
        let known = self.ledgers(&catalogue, &terms, resource).await?;
        let ledgers: Vec<&Ledger> = known.iter().map(|known| &*known.ledger).collect();
        let (snapshot, zone) = (self.tenant.snapshot(), self.zone());
        let hours = &snapshot.settings.hours;
        let question =
            Question { terms: &terms, hours, zone: &zone, now: self.now(), moving: None };
        let times = question.free(&ledgers, first, days, limit);
        let why = if times.is_empty() { question.why_none(&ledgers, first, days) } else { vec![] };
        Ok(FreeTimes { times, why, zone: snapshot.settings.zone.clone() })
    }

    /// Whether a time would be granted, by what is known without a seat; if not, every reason.
    pub(crate) async fn would_grant(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        from: Timestamp,
    ) -> Result<(), BookingError> {
        let (catalogue, terms) = self.terms(service).await?;
        self.choose(&terms, &catalogue, resource, from, None).await.map(drop)
    }

    /// Whether a booking could move to `from` now.
    pub(crate) async fn would_move(
        &self,
        booking: &Booking,
        from: Timestamp,
    ) -> Result<(), BookingError> {
        let (catalogue, terms) = self.terms(booking.wish.service).await?;
        self.choose(&terms, &catalogue, None, from, Some(booking.id)).await.map(drop)
    }

    /// The takes that a service would get at `from`, by what is known without a seat.
    async fn choose(
        &self,
        terms: &Terms,
        catalogue: &Catalogue,
        only: Option<ResourceId>,
        from: Timestamp,
        moving: Option<BookingId>,
    ) -> Result<Vec<Take>, BookingError> {
        let known = self.ledgers(catalogue, terms, only).await?;
        self.grant(terms, &known, from, moving).map_err(BookingError::NotFree)
    }

    fn grant(
        &self,
        terms: &Terms,
        known: &[Arc<Known>],
        from: Timestamp,
        moving: Option<BookingId>,
    ) -> Result<Vec<Take>, Vec<Why>> {
        let ledgers: Vec<&Ledger> = known.iter().map(|known| &*known.ledger).collect();
        let (snapshot, zone) = (self.tenant.snapshot(), self.zone());
        let hours = &snapshot.settings.hours;
        Question { terms, hours, zone: &zone, now: self.now(), moving }.grant(&ledgers, from)
    }

    /// The seats of some resources, taken in one order.
    async fn seats(&self, ids: BTreeSet<ResourceId>) -> Result<Vec<Seat>, BookingError> {
        let mut seats = Vec::with_capacity(ids.len());
        for id in ids {
            let seat = self.resources.seat(self.id(), id).await?;
            seats.push(seat.ok_or(BookingError::NotFound)?);
        }
        Ok(seats)
    }

    /// Holds a time for a customer. The same `client_id` answers the same booking.
    pub async fn hold(&self, wish: HoldWish) -> Result<Booking, BookingError> {
        self.open_for_new()?;
        if let Some(client_id) = &wish.client_id
            && let Some(known) = self.tenant.ports.store.booking_of(self.id(), client_id).await?
        {
            return Ok(known);
        }
        let (catalogue, terms) = self.terms(wish.service).await?;
        let ids = &self.tenant.ports.ids;
        let (id, offer) = (ids.booking(), ids.offer());
        for _ in 0..MOST_TRIES {
            let takes = self.choose(&terms, &catalogue, wish.resource, wish.from, None).await?;
            let seats = self.seats(takes.iter().map(|take| take.resource).collect()).await?;
            let known: Vec<_> = seats.iter().map(|seat| Arc::clone(&seat.known)).collect();
            let Ok(takes) = self.grant(&terms, &known, wish.from, None) else {
                // Somebody sat here a moment ago: choose again from what they left.
                seats.into_iter().for_each(Seat::unchanged);
                continue;
            };
            let now = self.now();
            let length = SignedDuration::from_mins(i64::from(terms.minutes));
            let requested = Requested {
                service: wish.service,
                from: wish.from,
                until: wish.from.checked_add(length).unwrap_or(Timestamp::MAX),
                zone: self.tenant.snapshot().settings.zone.clone(),
                takes,
                price: terms.price,
                customer: wish.customer.clone(),
                notes: wish.notes.clone(),
                session: wish.session,
                client_id: wish.client_id.clone(),
            };
            let lasts = wish.lasts.unwrap_or(HOLD);
            let (booking, event) = Booking::hold(id, offer, requested, lasts, wish.by, now);
            match self.store(None, booking, event, seats, now).await? {
                Stored::Done(booking) => return Ok(*booking),
                Stored::Known(known) => return Ok(self.find(known).await?.booking),
                Stored::Again => {}
            }
        }
        Err(EngineError::BUSY.into())
    }

    /// Says yes to exactly this offer. What the customer left open may be filled in.
    pub async fn confirm(
        &self,
        booking: BookingId,
        offer: OfferId,
        by: By,
        customer: Option<Customer>,
    ) -> Result<Booking, BookingError> {
        self.step(booking, |_| BookingCommand::Confirm { offer, by, customer: customer.clone() })
            .await
    }

    pub async fn cancel(
        &self,
        booking: BookingId,
        by: By,
        reason: Option<String>,
    ) -> Result<Booking, BookingError> {
        self.step(booking, |_| BookingCommand::Cancel { by, reason: reason.clone() }).await
    }

    pub async fn no_show(&self, booking: BookingId, by: By) -> Result<Booking, BookingError> {
        self.step(booking, |_| BookingCommand::NoShow { by }).await
    }

    /// Moves a booking; its id stays. The old place is free once the new one is stored.
    pub async fn reschedule(
        &self,
        id: BookingId,
        from: Timestamp,
        by: By,
    ) -> Result<Booking, BookingError> {
        self.open_for_new()?;
        for _ in 0..MOST_TRIES {
            let booking = self.find(id).await?.booking;
            let (catalogue, terms) = self.terms(booking.wish.service).await?;
            let now = self.now();
            let until = from
                .checked_add(SignedDuration::from_mins(i64::from(terms.minutes)))
                .unwrap_or(Timestamp::MAX);
            let command = |takes| BookingCommand::Reschedule { from, until, takes, by };
            // Refused by the rules before anybody is asked for a seat.
            match booking.decide(command(vec![]), now) {
                Err(Refused::Already) => return Ok(booking),
                decided => decided?,
            };
            let takes = self.choose(&terms, &catalogue, None, from, Some(id)).await?;
            let touched = takes.iter().chain(booking.takes()).map(|take| take.resource).collect();
            let seats = self.seats(touched).await?;
            let new: BTreeSet<ResourceId> = takes.iter().map(|take| take.resource).collect();
            let known: Vec<_> = seats
                .iter()
                .filter(|seat| new.contains(&seat.resource))
                .map(|seat| Arc::clone(&seat.known))
                .collect();
            let Ok(takes) = self.grant(&terms, &known, from, Some(id)) else {
                seats.into_iter().for_each(Seat::unchanged);
                continue;
            };
            let event = booking.decide(command(takes), now)?;
            match self.apply(booking, event, seats, now).await? {
                Stored::Done(booking) => return Ok(*booking),
                Stored::Again | Stored::Known(_) => {}
            }
        }
        Err(EngineError::BUSY.into())
    }

    /// A step that asks for no other time.
    async fn step(
        &self,
        id: BookingId,
        command: impl Fn(&Booking) -> BookingCommand,
    ) -> Result<Booking, BookingError> {
        self.open_for_new()?;
        for _ in 0..MOST_TRIES {
            let booking = self.find(id).await?.booking;
            let seats = self.seats(booking.takes().iter().map(|take| take.resource).collect());
            let (seats, now) = (seats.await?, self.now());
            let event = match booking.decide(command(&booking), now) {
                Ok(event) => event,
                Err(refused) => {
                    seats.into_iter().for_each(Seat::unchanged);
                    // It was done already, by this wish or by another of the same meaning.
                    return if refused == Refused::Already {
                        Ok(booking)
                    } else {
                        Err(refused.into())
                    };
                }
            };
            match self.apply(booking, event, seats, now).await? {
                Stored::Done(booking) => return Ok(*booking),
                Stored::Again | Stored::Known(_) => {}
            }
        }
        Err(EngineError::BUSY.into())
    }

    async fn apply(
        &self,
        before: Booking,
        event: BookingEvent,
        seats: Vec<Seat>,
        now: Timestamp,
    ) -> Result<Stored, BookingError> {
        let mut next = before.clone();
        next.apply(&event, now);
        self.store(Some(before), next, event, seats, now).await
    }

    /// Stores a step, and leaves the seats as it made their ledgers. A seat that is dropped on the way
    /// has its ledger read again.
    async fn store(
        &self,
        before: Option<Booking>,
        booking: Booking,
        event: BookingEvent,
        seats: Vec<Seat>,
        now: Timestamp,
    ) -> Result<Stored, BookingError> {
        let ports = &self.tenant.ports;
        let mut letters = Vec::new();
        if booking.wish.customer.email.is_some() {
            if let Some(word) = booking.word(before.as_ref(), now) {
                letters.push((word, ports.ids.delivery()));
            }
            letters.extend(
                booking
                    .reminders(&self.tenant.snapshot().settings.bookings, now)
                    .into_iter()
                    .map(|owed| (owed, ports.ids.delivery())),
            );
        }
        let kind = event.kind();
        let write = BookingWrite {
            booking,
            event,
            ledgers: seats.iter().map(|seat| (seat.resource, seat.known.version)).collect(),
            letters,
            now,
        };
        let written = ports.store.write_booking(self.id(), &write).await?;
        let booking = write.booking;
        Ok(match written {
            Written::Stored => {
                metrics::counter!(names::BOOKINGS, "result" => kind).increment(1);
                for seat in seats {
                    seat.settled(booking.id, booking.takes(), booking.held_until(), now);
                }
                self.tenant.agenda.forget();
                self.tenant.journal.tell_bookings();
                self.tell_session(&booking);
                // Somebody may wait for what has become free.
                let freed = matches!(
                    write.event,
                    BookingEvent::Cancelled { .. }
                        | BookingEvent::Rescheduled { .. }
                        | BookingEvent::Expired
                );
                if freed || write.letters.iter().any(|(owed, _)| owed.due_at <= now) {
                    self.resources.letters_are_due();
                }
                Stored::Done(Box::new(booking))
            }
            Written::Known { booking } => {
                seats.into_iter().for_each(Seat::unchanged);
                Stored::Known(booking)
            }
            // Another node was faster. The seats are dropped: their ledgers are read again.
            Written::Conflict | Written::Behind { .. } => {
                metrics::counter!(names::BOOKINGS, "result" => "behind").increment(1);
                Stored::Again
            }
            Written::Taken => {
                metrics::counter!(names::BOOKINGS, "result" => "taken").increment(1);
                tracing::warn!(booking.id = %booking.id, "a ledger granted what the store has taken");
                Stored::Again
            }
        })
    }

    /// Tells the conversation that led to a booking how it stands now, whoever changed it. Behind the
    /// answer: a conversation that is not told reads its bookings again with its next turn.
    fn tell_session(&self, booking: &Booking) {
        if booking.wish.session.is_none() {
            return;
        }
        let (tenant, booking) = (Arc::clone(&self.tenant), booking.clone());
        let counted = tenant.registry.count_in();
        self.tenant.ports.io.spawn(async move {
            let _counted = counted;
            tenant.note_booking(&booking).await;
        });
    }

    pub async fn find(&self, booking: BookingId) -> Result<BookingHistory, BookingError> {
        let found = self.tenant.ports.store.find_booking(self.id(), booking).await?;
        found.ok_or(BookingError::NotFound)
    }

    /// What a conversation has led to, the newest first, at most eight.
    pub async fn of_session(&self, session: SessionId) -> Result<Vec<Booking>, BookingError> {
        let filter = BookingFilter { session: Some(session), limit: 200, ..Default::default() };
        let mut found = self.list(&filter).await?;
        found.sort_by_key(|booking| std::cmp::Reverse((booking.created_at, booking.id)));
        found.truncate(8);
        Ok(found)
    }

    pub async fn list(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BookingError> {
        Ok(self.tenant.ports.store.list_bookings(self.id(), filter).await?)
    }

    /// Makes a resource, or replaces all of it.
    pub async fn put_resource(&self, resource: Resource) -> Result<(), BookingError> {
        let id = resource.id;
        self.change(Some(id), ResourceWrite::Put(resource)).await
    }

    /// Keeps a resource out of use; what is booked then stays booked.
    pub async fn block(&self, block: Block) -> Result<(), BookingError> {
        let id = block.resource;
        self.change(Some(id), ResourceWrite::Block(block)).await
    }

    pub async fn unblock(&self, resource: ResourceId, block: BlockId) -> Result<(), BookingError> {
        self.change(Some(resource), ResourceWrite::Unblock { block }).await
    }

    /// Replaces the terms of a service.
    pub async fn put_terms(&self, terms: &Terms) -> Result<(), BookingError> {
        self.open_for_new()?;
        let done = self.tenant.ports.store.put_terms(self.id(), terms, self.now()).await?;
        *lock(&self.tenant.catalogue.0) = None;
        self.tenant.agenda.forget();
        self.resources.forget(self.id(), forecourt_core::booking::terms::places_of(terms.service));
        if done { Ok(()) } else { Err(BookingError::NotFound) }
    }

    async fn change(
        &self,
        resource: Option<ResourceId>,
        write: ResourceWrite,
    ) -> Result<(), BookingError> {
        self.open_for_new()?;
        let written = self.tenant.ports.store.write_resource(self.id(), &write, self.now()).await;
        *lock(&self.tenant.catalogue.0) = None;
        self.tenant.agenda.forget();
        if let Some(resource) = resource {
            self.resources.forget(self.id(), resource);
        }
        match written? {
            ResourceWritten::Stored => Ok(()),
            ResourceWritten::NotFound => Err(BookingError::NotFound),
            ResourceWritten::TooMany => Err(BookingError::TooMany),
        }
    }

    /// A resource with its ledger as it is known here.
    pub async fn ledger(&self, resource: ResourceId) -> Result<Ledger, BookingError> {
        let known = self.resources.look(self.id(), resource).await?;
        Ok((*known.ok_or(BookingError::NotFound)?.ledger).clone())
    }

    /// The blocks that people made of a resource.
    pub async fn blocks(&self, resource: ResourceId) -> Result<Vec<Block>, BookingError> {
        let found = self.tenant.ports.store.list_blocks(self.id(), resource).await?;
        found.ok_or(BookingError::NotFound)
    }

    /// Who waits and would come after now, first come first; of all services or of one.
    pub async fn waiting(&self, service: Option<ServiceId>) -> Result<Vec<Wait>, BookingError> {
        // The year 9999: what a store keeps ends there.
        let until = Timestamp::constant(253_370_764_800, 0);
        let ahead = Stretch { from: self.now(), until };
        let store = &self.tenant.ports.store;
        Ok(store.list_waits(self.id(), service, ahead, MOST_ROWS).await?)
    }

    /// Takes somebody off the waiting list.
    pub async fn stop_waiting(&self, wait: WaitId) -> Result<(), BookingError> {
        self.open_for_new()?;
        let there = self.tenant.ports.store.end_wait(self.id(), wait, self.now()).await?;
        if there { Ok(()) } else { Err(BookingError::NotFound) }
    }

    /// Puts somebody on a waiting list.
    pub async fn wait(&self, wait: &Wait) -> Result<WaitId, BookingError> {
        self.open_for_new()?;
        self.terms(wait.service).await?;
        Ok(self.tenant.ports.store.put_wait(self.id(), wait).await?)
    }

    /// Writes down that a hold is over, for the story it tells; nobody waits for it.
    pub(crate) async fn expire(&self, booking: BookingId) -> bool {
        match self.step(booking, |_| BookingCommand::Expire).await {
            Ok(_) | Err(BookingError::Refused(_)) => true,
            Err(error) => {
                tracing::debug!(%error, "a hold's end was not written down yet");
                false
            }
        }
    }

    pub(crate) fn open_for_new(&self) -> Result<(), BookingError> {
        if self.tenant.registry.is_closed() { Err(EngineError::UNAVAILABLE.into()) } else { Ok(()) }
    }
}

enum Stored {
    Done(Box<Booking>),
    Known(BookingId),
    Again,
}

/// Has steps told of that whoever stored them did not live to tell.
pub(crate) async fn tell(engine: &crate::Engine, now: Timestamp) {
    let before = now.saturating_sub(UNTOLD).unwrap_or(Timestamp::UNIX_EPOCH);
    match engine.ports().store.untold_bookings(before, SWEEP).await {
        Ok(tenants) => {
            for tenant in tenants {
                if let Ok(Some(tenant)) = engine.tenant_by_id(tenant).await {
                    tenant.bookings().tenant.journal.tell_bookings();
                }
            }
        }
        Err(error) => tracing::warn!(%error, "untold steps of bookings could not be read"),
    }
}

/// Writes off holds of all tenants that are over; says whether to look for more at once.
pub(crate) async fn sweep(engine: &crate::Engine, now: Timestamp) -> bool {
    let found = match engine.ports().store.overdue_holds(now, SWEEP).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "overdue holds could not be read");
            return false;
        }
    };
    let mut more = found.len() >= SWEEP as usize;
    for (tenant, booking) in found {
        if engine.is_closed() {
            return false;
        }
        more &= match engine.tenant_by_id(tenant).await {
            Ok(Some(tenant)) => tenant.bookings().expire(booking).await,
            Ok(None) | Err(_) => false,
        };
    }
    more
}
