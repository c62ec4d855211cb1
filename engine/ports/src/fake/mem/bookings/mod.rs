//! Appointments in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    booking::{
        Block, Booking, BookingEvent, BookingStatus, BookingTold, BookingVersion, By, Customer,
        Requested, Resource, ResourceKind, Stretch, Take, TakenBy, Terms,
        code::{MOST_SENDS, MOST_TRIES, VALID, WINDOW},
        letter::{LetterKind, Owed},
        terms::places_of,
    },
    event::EventRecord,
    id::{
        BlockId, BookingId, DeliveryId, NodeId, OfferId, ResourceId, ServiceId, SessionId,
        TenantId, WaitId,
    },
    knowledge::{Knowledge, Service},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{super::lock, Claim, MemStore, TenantData, is_free, journal::take_one};
use crate::store::{
    BookingFilter, BookingHistory, BookingWrite, Bookings, Busy, Catalogue, CodeTry, DueLetter,
    LetterEnd, LetterRecord, LetterStatus, MOST_ROWS, NewCode, ResourceWrite, ResourceWritten,
    StoreError, StoredLedger, Wait, Written,
};

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
    codes: Vec<Code>,
    /// Steps that the log does not tell of yet.
    untold: Vec<(Timestamp, BookingTold)>,
}

struct Code {
    new: NewCode,
    tries: u32,
    used: bool,
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

    /// Whether something of this conversation is booked, or was when its time came.
    pub(super) fn is_booked_in(&self, session: SessionId) -> bool {
        let booked = [BookingStatus::Booked, BookingStatus::NoShow];
        self.bookings.values().any(|(booking, _)| {
            booking.wish.session == Some(session) && booked.contains(&booking.status)
        })
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

    fn write(&mut self, write: &BookingWrite) -> Written {
        let BookingWrite { booking, event, ledgers, letters, now } = write;
        let expected = write.expected();
        if let Some(client_id) = &booking.wish.client_id
            && expected == BookingVersion(0)
        {
            let same =
                |(other, _): &&(Booking, Vec<_>)| other.wish.client_id.as_ref() == Some(client_id);
            if let Some((known, _)) = self.bookings.values().find(same) {
                return Written::Known { booking: known.id };
            }
        }
        let stored = self.bookings.get(&booking.id);
        if stored.map_or(BookingVersion(0), |(stored, _)| stored.version) != expected {
            return Written::Conflict;
        }
        for (resource, version) in ledgers {
            if self.resources.get(resource).is_none_or(|(_, stored)| stored != version) {
                return Written::Behind { resource: *resource };
            }
        }
        let over = |taken: &TakenBy| {
            taken.held_until.is_some_and(|until| until <= *now)
                && ledgers.iter().any(|(resource, _)| *resource == taken.take.resource)
        };
        let mut taken: Vec<TakenBy> = self.taken.clone();
        taken.retain(|taken| taken.booking != booking.id && !over(taken));
        for take in booking.takes() {
            let overlaps = |other: &TakenBy| {
                other.take.resource == take.resource
                    && other.take.unit == take.unit
                    && other.take.stretch.touches(take.stretch)
            };
            if taken.iter().any(overlaps) {
                return Written::Taken;
            }
            let held_until = booking.held_until();
            taken.push(TakenBy { take: *take, booking: booking.id, held_until });
        }
        self.taken = taken;
        for (resource, _) in ledgers {
            if let Some((_, version)) = self.resources.get_mut(resource) {
                *version += 1;
            }
        }
        for ((id, kind, sequence), letter) in &mut self.letters {
            let older =
                *id == booking.id && *sequence < booking.sequence && *kind != LetterKind::Code;
            if older && letter.status == LetterStatus::Pending {
                (letter.status, letter.claim) = (LetterStatus::Dropped, None);
            }
        }
        for (owed, delivery) in letters {
            self.letters.entry((booking.id, owed.kind, owed.sequence)).or_insert(Letter {
                delivery: *delivery,
                status: LetterStatus::Pending,
                attempts: 0,
                next_at: owed.due_at,
                claim: None,
                code: None,
            });
        }
        let (place, events) =
            self.bookings.entry(booking.id).or_insert_with(|| (booking.clone(), vec![]));
        place.clone_from(booking);
        events.push((*now, event.clone()));
        self.untold.push((*now, BookingTold::of(booking, event)));
        Written::Stored
    }

    pub(super) fn find(&self, id: BookingId) -> Option<&Booking> {
        self.bookings.get(&id).map(|(booking, _)| booking)
    }

    fn letter(&mut self, due: &DueLetter) -> Option<&mut Letter> {
        let Owed { kind, sequence, .. } = due.owed;
        self.letters.get_mut(&(due.booking.id, kind, sequence))
    }
}

#[async_trait]
impl Bookings for MemStore {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError> {
        let world = self.enter("load_catalogue").await?;
        let data = &world.tenant(tenant)?.booking;
        let mut resources: Vec<Resource> =
            data.resources.values().map(|(resource, _)| resource.clone()).collect();
        resources.sort_by(|a, b| {
            (a.kind.as_str(), &a.name, a.id).cmp(&(b.kind.as_str(), &b.name, b.id))
        });
        let terms = data.terms.iter().filter(|terms| terms.active).cloned().collect();
        Ok(Catalogue { resources, terms })
    }

    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("put_terms").await?;
        let data = &mut world.tenant_mut(tenant)?.booking;
        let Some(place) = data.terms.iter_mut().find(|old| old.service == terms.service) else {
            return Ok(false);
        };
        place.clone_from(terms);
        if let Some((resource, version)) = data.resources.get_mut(&places_of(terms.service)) {
            (resource.capacity, resource.active) = (terms.capacity, terms.active);
            *version += 1;
        }
        Ok(true)
    }

    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError> {
        let world = self.enter("load_ledger").await?;
        let data = &world.tenant(tenant)?.booking;
        let Some((found, version)) = data.resources.get(&resource) else { return Ok(None) };
        let mine =
            |taken: &&TakenBy| taken.take.resource == resource && taken.take.stretch.until > since;
        Ok(Some(StoredLedger {
            version: *version,
            resource: found.clone(),
            taken: data.taken.iter().filter(mine).copied().collect(),
            blocks: data.blocks.values().filter(|b| b.resource == resource).cloned().collect(),
        }))
    }

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        _: Timestamp,
    ) -> Result<ResourceWritten, StoreError> {
        let mut world = self.enter("write_resource").await?;
        let data = world.tenant_mut(tenant)?;
        let known = |id| data.knowledge.vehicles.iter().any(|vehicle| vehicle.id == id);
        let resource = match write {
            ResourceWrite::Put(resource) => {
                if resource.vehicle.is_some_and(|vehicle| !known(vehicle)) {
                    return Ok(ResourceWritten::NotFound);
                }
                let new = || (resource.clone(), 0);
                let place = data.booking.resources.entry(resource.id).or_insert_with(new);
                place.0 = resource.clone();
                resource.id
            }
            ResourceWrite::Block(block) => {
                let booking = &mut data.booking;
                if !booking.resources.contains_key(&block.resource) {
                    return Ok(ResourceWritten::NotFound);
                }
                let there = booking.blocks.values().filter(|b| b.resource == block.resource);
                if there.count() >= Block::MAX_PER_RESOURCE {
                    return Ok(ResourceWritten::TooMany);
                }
                booking.blocks.insert(block.id, block.clone());
                block.resource
            }
            ResourceWrite::Unblock { block } => match data.booking.blocks.remove(block) {
                Some(block) => block.resource,
                None => return Ok(ResourceWritten::NotFound),
            },
        };
        if let Some((_, version)) = data.booking.resources.get_mut(&resource) {
            *version += 1;
        }
        Ok(ResourceWritten::Stored)
    }

    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError> {
        let world = self.enter("list_blocks").await?;
        let data = &world.tenant(tenant)?.booking;
        let own = data.blocks.values().filter(|block| block.resource == resource).cloned();
        Ok(data.resources.contains_key(&resource).then(|| own.collect()))
    }

    async fn write_booking(
        &self,
        tenant: TenantId,
        write: &BookingWrite,
    ) -> Result<Written, StoreError> {
        let mut world = self.enter("write_booking").await?;
        if take_one(&mut lock(&self.shared.faults).fail_commits) {
            return Err(StoreError::Unavailable);
        }
        let written = world.tenant_mut(tenant)?.booking.write(write);
        if take_one(&mut lock(&self.shared.faults).lose_answers) {
            return Err(StoreError::Unavailable);
        }
        Ok(written)
    }

    async fn tell_bookings(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let mut world = self.enter("tell_bookings").await?;
        if take_one(&mut lock(&self.shared.faults).fail_commits) {
            return Err(StoreError::Unavailable);
        }
        let data = world.tenant_mut(tenant)?;
        let count = data.booking.untold.len().min(limit as usize);
        let steps: Vec<_> = data.booking.untold.drain(..count).collect();
        Ok(steps.into_iter().map(|(at, told)| data.tell(tenant, at, told)).collect())
    }

    async fn untold_bookings(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let world = self.enter("untold_bookings").await?;
        let owes = |data: &&TenantData| data.booking.untold.iter().any(|(at, _)| *at < before);
        let tenants = world.tenants.iter().filter(|(_, data)| owes(data)).map(|(id, _)| *id);
        Ok(tenants.take(limit as usize).collect())
    }

    async fn find_booking(
        &self,
        tenant: TenantId,
        booking: BookingId,
    ) -> Result<Option<BookingHistory>, StoreError> {
        let world = self.enter("find_booking").await?;
        let data = &world.tenant(tenant)?.booking;
        let Some((found, events)) = data.bookings.get(&booking) else { return Ok(None) };
        let letters = data.letters.iter().filter(|((id, ..), _)| *id == booking);
        let mut letters: Vec<LetterRecord> = letters
            .map(|((_, kind, sequence), letter)| LetterRecord {
                kind: *kind,
                sequence: *sequence,
                status: letter.status,
                next_at: letter.next_at,
                attempts: letter.attempts,
                code: letter.code.clone(),
            })
            .collect();
        letters.sort_by_key(|letter| (letter.sequence, letter.next_at, letter.kind.as_str()));
        Ok(Some(BookingHistory { booking: found.clone(), events: events.clone(), letters }))
    }

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        let world = self.enter("booking_of").await?;
        let data = &world.tenant(tenant)?.booking;
        let mine = |(booking, _): &&(Booking, Vec<_>)| {
            booking.wish.client_id.as_deref() == Some(client_id)
        };
        Ok(data.bookings.values().find(mine).map(|(booking, _)| booking.clone()))
    }

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError> {
        let world = self.enter("list_bookings").await?;
        let data = &world.tenant(tenant)?.booking;
        let place = |booking: &Booking| (booking.wish.from, booking.id);
        let has = |booking: &Booking, resource: ResourceId| {
            data.taken.iter().any(|t| t.booking == booking.id && t.take.resource == resource)
        };
        let mut found: Vec<Booking> = data
            .bookings
            .values()
            .map(|(booking, _)| booking)
            .filter(|booking| {
                filter.status.is_none_or(|status| booking.status == status)
                    && filter.service.is_none_or(|service| booking.wish.service == service)
                    && filter.session.is_none_or(|session| booking.wish.session == Some(session))
                    && filter.email.as_ref().is_none_or(|email| {
                        let own = booking.wish.customer.email.as_deref().map(str::to_lowercase);
                        own.as_ref() == Some(email)
                    })
                    && (filter.phone.is_none() || filter.phone == booking.wish.customer.phone)
                    && filter.from.is_none_or(|from| booking.wish.until > from)
                    && filter.until.is_none_or(|until| booking.wish.from < until)
                    && filter.resource.is_none_or(|resource| has(booking, resource))
                    && filter.after.is_none_or(|after| place(booking) > after)
            })
            .cloned()
            .collect();
        found.sort_by_key(place);
        found.truncate(filter.limit.min(MOST_ROWS) as usize);
        Ok(found)
    }

    async fn overdue_holds(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError> {
        let world = self.enter("overdue_holds").await?;
        let mut found = Vec::new();
        for (tenant, data) in &world.tenants {
            for (booking, _) in data.booking.bookings.values() {
                if booking.status == BookingStatus::Held && booking.hold_until <= now {
                    found.push((booking.hold_until, *tenant, booking.id));
                }
            }
        }
        found.sort_unstable();
        found.truncate(limit as usize);
        Ok(found.into_iter().map(|(_, tenant, booking)| (tenant, booking)).collect())
    }

    async fn claim_letters(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueLetter>, StoreError> {
        let mut world = self.enter("claim_letters").await?;
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let mut due = Vec::new();
        for (tenant, data) in &mut world.tenants {
            let Data { bookings, letters, .. } = &mut data.booking;
            for (&(id, kind, sequence), letter) in letters {
                let open =
                    matches!(letter.status, LetterStatus::Pending | LetterStatus::HandingOver);
                let Some((booking, _)) = bookings.get(&id).filter(|_| open) else { continue };
                if letter.next_at > now
                    || !is_free(letter.claim, now)
                    || due.len() == limit as usize
                {
                    continue;
                }
                letter.claim = Some(Claim { by: node, until });
                due.push(DueLetter {
                    tenant: *tenant,
                    booking: booking.clone(),
                    owed: Owed { kind, sequence, due_at: letter.next_at },
                    delivery: letter.delivery,
                    attempt: letter.attempts + 1,
                    lost: letter.status == LetterStatus::HandingOver,
                });
            }
        }
        due.sort_by_key(|letter| (letter.owed.due_at, letter.delivery));
        Ok(due)
    }

    async fn hand_over_letter(
        &self,
        due: &DueLetter,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("hand_over_letter").await?;
        let data = &mut world.tenant_mut(due.tenant)?.booking;
        let may =
            data.bookings.get(&due.booking.id).is_some_and(|(b, _)| b.may_leave(due.owed, now));
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let Some(letter) = data.letter(due).filter(|letter| {
            may && letter.status == LetterStatus::Pending
                && letter.claim.is_some_and(|claim| claim.by == node)
        }) else {
            return Ok(false);
        };
        letter.status = LetterStatus::HandingOver;
        letter.claim = Some(Claim { by: node, until });
        Ok(true)
    }

    async fn end_letter(
        &self,
        due: &DueLetter,
        end: &LetterEnd,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("end_letter").await?;
        let data = &mut world.tenant_mut(due.tenant)?.booking;
        let Some(letter) = data.letter(due) else { return Ok(()) };
        if !matches!(letter.status, LetterStatus::Pending | LetterStatus::HandingOver) {
            return Ok(());
        }
        letter.claim = None;
        match end {
            LetterEnd::Again { at, code } => {
                letter.status = LetterStatus::Pending;
                (letter.attempts, letter.next_at) = (due.attempt, *at);
                letter.code = Some(code.clone());
            }
            LetterEnd::Over { status, code } => {
                letter.status = *status;
                letter.code.clone_from(code);
                letter.attempts = due.attempt;
            }
        }
        Ok(())
    }

    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError> {
        let mut world = self.enter("put_code").await?;
        let data = &mut world.tenant_mut(tenant)?.booking;
        let of_booking = |other: &&Code| other.new.booking == code.booking;
        let recent = |other: &&Code| code.now.duration_since(other.new.now) < WINDOW;
        let sent = data.codes.iter().filter(of_booking).filter(recent).count();
        if !data.bookings.contains_key(&code.booking) || sent >= MOST_SENDS as usize {
            return Ok(false);
        }
        let (booking, of) = (code.booking, LetterKind::Code);
        let codes = data.letters.keys().filter(|(id, kind, _)| (*id, *kind) == (booking, of));
        let number = codes.map(|(_, _, number)| number + 1).max().unwrap_or(0);
        data.letters.insert(
            (booking, of, number),
            Letter {
                delivery: code.delivery,
                status: LetterStatus::Pending,
                attempts: 0,
                next_at: code.now,
                claim: None,
                code: None,
            },
        );
        data.codes.push(Code { new: *code, tries: 0, used: false });
        Ok(true)
    }

    async fn try_code(
        &self,
        tenant: TenantId,
        asker: Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError> {
        let mut world = self.enter("try_code").await?;
        let codes = &mut world.tenant_mut(tenant)?.booking.codes;
        let fits = |code: &&mut Code| {
            code.new.asker == asker && booking.is_none_or(|booking| code.new.booking == booking)
        };
        let last =
            codes.iter_mut().filter(fits).max_by_key(|code| (code.new.now, code.new.delivery));
        let good = |code: &&mut Code| {
            !code.used && code.tries < MOST_TRIES && now.duration_since(code.new.now) < VALID
        };
        Ok(last.filter(good).map(|code| {
            code.tries += 1;
            let NewCode { booking, delivery, .. } = code.new;
            CodeTry { booking, delivery, left: MOST_TRIES - code.tries }
        }))
    }

    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("use_code").await?;
        let mut codes = world.tenant_mut(tenant)?.booking.codes.iter_mut();
        let found = codes.find(|other| other.new.delivery == code && !other.used);
        Ok(found.is_some_and(|code| !std::mem::replace(&mut code.used, true)))
    }

    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError> {
        let mut world = self.enter("put_wait").await?;
        let data = &mut world.tenant_mut(tenant)?.booking;
        let same = |old: &&Wait| old.client_id.is_some() && old.client_id == wait.client_id;
        if let Some(old) = data.waits.iter().find(same) {
            return Ok(old.id);
        }
        data.waits.push(wait.clone());
        Ok(wait.id)
    }

    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError> {
        let world = self.enter("list_waits").await?;
        let fits = |wait: &&Wait| {
            service.is_none_or(|service| wait.service == service) && wait.between.touches(between)
        };
        let mut found: Vec<Wait> =
            world.tenant(tenant)?.booking.waits.iter().filter(fits).cloned().collect();
        found.sort_by_key(|wait| (wait.created_at, wait.id));
        found.truncate(limit.min(MOST_ROWS) as usize);
        Ok(found)
    }

    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let world = self.enter("waiting_tenants").await?;
        let waits = |data: &&TenantData| data.booking.waits.iter().any(|w| w.between.until > now);
        let tenants = world.tenants.iter().filter(|(_, data)| waits(data)).map(|(id, _)| *id);
        Ok(tenants.take(limit as usize).collect())
    }

    async fn offer_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("offer_wait").await?;
        let mut waits = world.tenant_mut(tenant)?.booking.waits.iter_mut();
        let found = waits.find(|other| other.id == wait && other.offered.is_none());
        Ok(found.map(|wait| wait.offered = Some((booking, until))).is_some())
    }

    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("end_wait").await?;
        let waits = &mut world.tenant_mut(tenant)?.booking.waits;
        let before = waits.len();
        waits.retain(|other| other.id != wait);
        Ok(waits.len() < before)
    }
}
