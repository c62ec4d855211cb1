//! Appointments on Postgres.
//!
//! # Invariants
//! - **A12** writers of a resource take turns on its advisory lock, taken in one order and before
//!   anything else: an exclusion constraint alone lets rivals wait for each other. What still loses
//!   (40P01, 40001) is repeated a few times;
//! - **A2** a step is stored whole or not at all: whatever is in its way rolls the transaction back.

use async_trait::async_trait;
use forecourt_core::{
    booking::{Block, Booking, BookingTold, BookingVersion, Stretch, Terms, terms::places_of},
    event::{Event, EventRecord, Seq, Version},
    id::{BookingId, DeliveryId, NodeId, ResourceId, ServiceId, TenantId, WaitId},
};
use forecourt_ports::store::{
    BookingFilter, BookingHistory, BookingWrite, Bookings, Catalogue, CodeTry, DueLetter,
    LetterEnd, MOST_ROWS, NewCode, ResourceWrite, ResourceWritten, StoreError, StoredLedger, Wait,
    Written,
};
use futures_util::{StreamExt, TryStreamExt, stream, try_join};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{PgStore, store_error, sweep, timers::SCOPES};
use crate::{
    TenantTx,
    db::Retry,
    error::DbError,
    tables::{
        booking_codes, booking_letters, booking_news, booking_takes, booking_waits, bookings, bulk,
        calendars, journal, resources, services, tenants,
    },
};

/// The constraint that keeps takes apart.
const APART: &str = "booking_takes_apart";
/// How much one sweep takes at most (A9).
const MOST: u32 = 1_000;

/// What ends a write: a fault, or an answer for which nothing may stay behind.
enum Halt {
    Fault(DbError),
    Answer(Written),
}

impl From<DbError> for Halt {
    fn from(error: DbError) -> Self {
        match error {
            DbError::ExclusionViolation { constraint } if constraint == APART => {
                Self::Answer(Written::Taken)
            }
            error => Self::Fault(error),
        }
    }
}

async fn write_booking(tx: &TenantTx, write: &BookingWrite) -> Result<(), Halt> {
    let BookingWrite { booking, event, ledgers, letters, now } = write;
    resources::lock(tx, ledgers.iter().map(|(resource, _)| *resource)).await?;
    let expected = write.expected();
    if let Some(client_id) = &booking.wish.client_id
        && expected == BookingVersion(0)
        && let Some(known) = bookings::known(tx, client_id).await?
    {
        return Err(Halt::Answer(Written::Known { booking: known }));
    }
    if !bookings::put(tx, booking, expected).await? {
        return Err(Halt::Answer(Written::Conflict));
    }
    for (resource, version) in ledgers {
        if !resources::raise(tx, *resource, Some(*version), *now).await? {
            return Err(Halt::Answer(Written::Behind { resource: *resource }));
        }
    }
    booking_takes::replace(tx, booking, *now).await?;
    bookings::add_event(tx, booking, event, *now).await?;
    booking_letters::drop_older(tx, booking, *now).await?;
    booking_letters::add(tx, booking.id, letters, *now).await?;
    calendars::noted(tx, booking, *now).await?;
    booking_news::add(tx, &BookingTold::of(booking, event), *now).await?;
    Ok(())
}

/// Moves steps from where they wait into the log. Whoever holds the lock of the log is alone with both.
async fn tell(tx: &TenantTx, limit: u32) -> Result<Vec<EventRecord>, DbError> {
    let last = tenants::lock_log(tx).await?;
    let steps = booking_news::take(tx, limit).await?;
    let records = steps.into_iter().zip(last.0 + 1..).map(|((at, told), seq)| EventRecord {
        tenant: tx.tenant(),
        session: told.stream(),
        seq: Seq(seq),
        version: Version(told.version.0),
        at,
        event: Event::BookingTold(Box::new(told)),
    });
    let records: Vec<EventRecord> = records.collect();
    let Some(end) = records.last().map(|record| record.seq) else { return Ok(records) };
    let rows = records.iter().map(journal::booking_row).collect::<Result<Vec<_>, _>>()?;
    bulk::send(tx, rows.into_iter().collect::<journal::Events>()).await?;
    tenants::move_log(tx, end).await?;
    Ok(records)
}

async fn write_resource(
    tx: &TenantTx,
    write: &ResourceWrite,
    now: Timestamp,
) -> Result<ResourceWritten, DbError> {
    match write {
        ResourceWrite::Put(resource) => {
            resources::lock(tx, [resource.id]).await?;
            resources::put(tx, resource, now).await?;
        }
        ResourceWrite::Block(block) => {
            resources::lock(tx, [block.resource]).await?;
            if !resources::raise(tx, block.resource, None, now).await? {
                return Ok(ResourceWritten::NotFound);
            }
            if resources::blocks(tx, block.resource).await?.len() >= Block::MAX_PER_RESOURCE {
                return Ok(ResourceWritten::TooMany);
            }
            resources::add_block(tx, block, now).await?;
        }
        ResourceWrite::Unblock { block } => {
            let Some(resource) = resources::of_block(tx, *block).await? else {
                return Ok(ResourceWritten::NotFound);
            };
            resources::lock(tx, [resource]).await?;
            if !resources::drop_block(tx, *block, now).await? {
                return Ok(ResourceWritten::NotFound);
            }
            resources::raise(tx, resource, None, now).await?;
        }
    }
    Ok(ResourceWritten::Stored)
}

#[async_trait]
impl Bookings for PgStore {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (resources, terms) = try_join!(resources::list(tx), services::terms(tx))?;
            Ok(Catalogue { resources, terms })
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| {
            let places = places_of(terms.service);
            resources::lock(tx, [places]).await?;
            if !services::put_terms(tx, terms).await? {
                return Ok(false);
            }
            if let Some((mut resource, _)) = resources::find(tx, places).await? {
                (resource.capacity, resource.active) = (terms.capacity, terms.active);
                resources::put(tx, &resource, now).await?;
            }
            Ok::<_, DbError>(true)
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (found, taken, mut blocks, outside) = try_join!(
                resources::find(tx, resource),
                booking_takes::of_resource(tx, resource, since),
                resources::blocks(tx, resource),
                calendars::blocks(tx, resource, since),
            )?;
            blocks.extend(outside);
            let stored =
                found.map(|(resource, version)| StoredLedger { version, resource, taken, blocks });
            Ok(stored)
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        now: Timestamp,
    ) -> Result<ResourceWritten, StoreError> {
        let mut retry = Retry::default();
        loop {
            let work = async |tx: &mut TenantTx| write_resource(tx, write, now).await;
            match self.app.tenant(tenant, work).await {
                Err(DbError::ForeignKeyViolation { .. }) => return Ok(ResourceWritten::NotFound),
                Err(error) if retry.again(&error).await => {}
                written => return written.map_err(store_error),
            }
        }
    }

    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (found, blocks) =
                try_join!(resources::find(tx, resource), resources::blocks(tx, resource))?;
            Ok(found.map(|_| blocks))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_booking(
        &self,
        tenant: TenantId,
        write: &BookingWrite,
    ) -> Result<Written, StoreError> {
        let mut retry = Retry::default();
        loop {
            let work = async |tx: &mut TenantTx| write_booking(tx, write).await;
            match self.app.tenant(tenant, work).await {
                Ok(()) => return Ok(Written::Stored),
                Err(Halt::Answer(answer)) => return Ok(answer),
                // Two nodes at once with one `client_id`: the other was first.
                Err(Halt::Fault(DbError::UniqueViolation { constraint }))
                    if constraint == "bookings_client_id_key" =>
                {
                    let id = write.booking.wish.client_id.clone().unwrap_or_default();
                    let find = async |tx: &mut TenantTx| bookings::known(tx, &id).await;
                    let known = self.app.read(tenant, find).await.map_err(store_error)?;
                    let known = known.map(|booking| Written::Known { booking });
                    return known.ok_or(StoreError::Unavailable);
                }
                Err(Halt::Fault(error)) if retry.again(&error).await => {}
                Err(Halt::Fault(error)) => return Err(store_error(error)),
            }
        }
    }

    async fn tell_bookings(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let limit = limit.min(MOST);
        let work = async |tx: &mut TenantTx| tell(tx, limit).await;
        let told = self.app.tenant(tenant, work).await;
        match &told {
            Ok(records) => {
                if let Some(last) = records.last() {
                    self.heads.moved(tenant, last.seq);
                }
            }
            Err(_) => self.heads.forget(tenant),
        }
        told.map_err(store_error)
    }

    async fn untold_bookings(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let limit = limit.min(MOST);
        sweep::with_untold_bookings(&self.jobs, before, limit).await.map_err(store_error)
    }

    async fn find_booking(
        &self,
        tenant: TenantId,
        booking: BookingId,
    ) -> Result<Option<BookingHistory>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (found, events, letters) = try_join!(
                bookings::find(tx, booking),
                bookings::events(tx, booking),
                booking_letters::list(tx, booking),
            )?;
            Ok(found.map(|booking| BookingHistory { booking, events, letters }))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        let read = async |tx: &mut TenantTx| bookings::of_client_id(tx, client_id).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError> {
        let limit = filter.limit.min(MOST_ROWS);
        let read = async |tx: &mut TenantTx| bookings::page(tx, filter, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn overdue_holds(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError> {
        let limit = limit.min(MOST);
        let tenants = sweep::with_overdue_holds(&self.jobs, now, limit).await;
        let reads = tenants.map_err(store_error)?.into_iter().map(|tenant| async move {
            let read = async |tx: &mut TenantTx| bookings::overdue(tx, now, limit).await;
            let found = self.app.read(tenant, read).await?;
            let own = found.into_iter().map(|(at, booking)| (at, tenant, booking));
            Ok::<_, DbError>(own.collect::<Vec<_>>())
        });
        let found: Vec<Vec<_>> = stream::iter(reads)
            .buffer_unordered(SCOPES)
            .try_collect()
            .await
            .map_err(store_error)?;
        let mut found = found.concat();
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
        let (limit, until) = (limit.min(MOST), now.saturating_add(lease).unwrap_or(Timestamp::MAX));
        let tenants = sweep::with_due_letters(&self.jobs, now, limit).await;
        let claims = tenants.map_err(store_error)?.into_iter().map(|tenant| async move {
            let claim = async |tx: &mut TenantTx| {
                let mut letters = Vec::new();
                for claimed in booking_letters::claim(tx, node, now, until, limit).await? {
                    let Some(booking) = bookings::find(tx, claimed.booking).await? else {
                        continue;
                    };
                    letters.push(DueLetter {
                        tenant,
                        booking,
                        owed: claimed.owed,
                        delivery: claimed.delivery,
                        attempt: claimed.attempt,
                        lost: claimed.lost,
                    });
                }
                Ok::<_, DbError>(letters)
            };
            self.app.tenant(tenant, claim).await
        });
        let found: Vec<Vec<DueLetter>> = stream::iter(claims)
            .buffer_unordered(SCOPES)
            .try_collect()
            .await
            .map_err(store_error)?;
        let mut due = found.concat();
        due.sort_by_key(|letter| (letter.owed.due_at, letter.delivery));
        Ok(due)
    }

    async fn hand_over_letter(
        &self,
        letter: &DueLetter,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let write = async |tx: &mut TenantTx| {
            // Whoever moves the booking drops the letter under its version: of the two one sees the other.
            let booking = bookings::find_locked(tx, letter.booking.id).await?;
            if !booking.is_some_and(|booking| booking.may_leave(letter.owed, now)) {
                return Ok(false);
            }
            booking_letters::hand_over(tx, letter, node, now, until).await
        };
        self.app.tenant(letter.tenant, write).await.map_err(store_error)
    }

    async fn end_letter(
        &self,
        letter: &DueLetter,
        end: &LetterEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let write = async |tx: &mut TenantTx| booking_letters::end(tx, letter, end, now).await;
        self.app.tenant(letter.tenant, write).await.map_err(store_error)
    }

    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| {
            // Two at once take turns, so that neither overlooks the other.
            let there = bookings::find_locked(tx, code.booking).await?.is_some();
            if !there || !booking_codes::may_send(tx, code.booking, code.now).await? {
                return Ok(false);
            }
            booking_codes::add(tx, code).await?;
            booking_letters::add_code(tx, code).await?;
            Ok::<_, DbError>(true)
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn try_code(
        &self,
        tenant: TenantId,
        asker: Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError> {
        let write = async |tx: &mut TenantTx| booking_codes::attempt(tx, asker, booking, now).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| booking_codes::use_up(tx, code, now).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError> {
        let write = async |tx: &mut TenantTx| booking_waits::put(tx, wait).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError> {
        let limit = limit.min(MOST_ROWS);
        let read = async |tx: &mut TenantTx| booking_waits::list(tx, service, between, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        sweep::with_waits(&self.jobs, now, limit.min(MOST)).await.map_err(store_error)
    }

    async fn offer_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write =
            async |tx: &mut TenantTx| booking_waits::offer(tx, wait, booking, until, now).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| booking_waits::end(tx, wait, now).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }
}
