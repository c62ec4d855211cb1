//! Appointments: none are made in a simulated week yet, so these calls only pass through the same faults.

use async_trait::async_trait;
use forecourt_core::{
    booking::{Block, Booking, Stretch, Terms},
    event::EventRecord,
    id::{BookingId, DeliveryId, NodeId, ResourceId, ServiceId, TenantId, WaitId},
};
use forecourt_ports::store::{
    BookingFilter, BookingHistory, BookingWrite, Bookings, Catalogue, CodeTry, DueLetter,
    LetterEnd, NewCode, ResourceWrite, ResourceWritten, StoreError, StoredLedger, Wait, Written,
};
use jiff::{SignedDuration, Timestamp};

use super::{NodeStore, at_once};
use crate::simulate::faults::Fault;

/// Appointments: none are made in a simulated week yet, so these calls only pass through the same faults.
#[async_trait]
impl Bookings for NodeStore {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError> {
        self.read(self.inner.load_catalogue(tenant)).await
    }

    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.put_terms(tenant, terms, now)).await
    }

    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError> {
        self.read(self.inner.load_ledger(tenant, resource, since)).await
    }

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        now: Timestamp,
    ) -> Result<ResourceWritten, StoreError> {
        self.read(self.inner.write_resource(tenant, write, now)).await
    }

    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError> {
        self.read(self.inner.list_blocks(tenant, resource)).await
    }

    async fn write_booking(
        &self,
        tenant: TenantId,
        write: &BookingWrite,
    ) -> Result<Written, StoreError> {
        self.read(self.inner.write_booking(tenant, write)).await
    }

    async fn tell_bookings(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable);
        }
        let told = at_once(self.io.as_ref(), self.inner.tell_bookings(tenant, limit)).await;
        if let Ok(records) = &told {
            self.world.lock().told(tenant, records);
        }
        self.leave().await;
        told
    }

    async fn untold_bookings(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        self.read(self.inner.untold_bookings(before, limit)).await
    }

    async fn find_booking(
        &self,
        tenant: TenantId,
        booking: BookingId,
    ) -> Result<Option<BookingHistory>, StoreError> {
        self.read(self.inner.find_booking(tenant, booking)).await
    }

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        self.read(self.inner.booking_of(tenant, client_id)).await
    }

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError> {
        self.read(self.inner.list_bookings(tenant, filter)).await
    }

    // Sweeps find nothing while nobody books, and cost the simulated week nothing.
    async fn overdue_holds(
        &self,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError> {
        Ok(vec![])
    }

    async fn claim_letters(
        &self,
        _: NodeId,
        _: Timestamp,
        _: SignedDuration,
        _: u32,
    ) -> Result<Vec<DueLetter>, StoreError> {
        Ok(vec![])
    }

    async fn hand_over_letter(
        &self,
        letter: &DueLetter,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.hand_over_letter(letter, node, now, lease)).await
    }

    async fn end_letter(
        &self,
        letter: &DueLetter,
        end: &LetterEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.end_letter(letter, end, now)).await
    }

    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError> {
        self.read(self.inner.put_code(tenant, code)).await
    }

    async fn try_code(
        &self,
        tenant: TenantId,
        asker: uuid::Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError> {
        self.read(self.inner.try_code(tenant, asker, booking, now)).await
    }

    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.use_code(tenant, code, now)).await
    }

    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError> {
        self.read(self.inner.put_wait(tenant, wait)).await
    }

    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError> {
        self.read(self.inner.list_waits(tenant, service, between, limit)).await
    }

    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        self.read(self.inner.waiting_tenants(now, limit)).await
    }

    async fn offer_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.offer_wait(tenant, wait, booking, until, now)).await
    }

    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.end_wait(tenant, wait, now)).await
    }
}
