//! The port over appointments in memory: each call enters the world, and asks the tenant's part of it.

use async_trait::async_trait;
use forecourt_core::{
    booking::{Block, Booking, Stretch, Terms},
    event::EventRecord,
    id::{BookingId, DeliveryId, NodeId, ResourceId, ServiceId, TenantId, WaitId},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::super::{Claim, MemStore, TenantData, journal::take_one};
use crate::{
    fake::lock,
    store::{
        BookingFilter, BookingHistory, BookingWrite, Bookings, Catalogue, CodeTry, DueLetter,
        LetterEnd, NewCode, ResourceWrite, ResourceWritten, StoreError, StoredLedger, Wait,
        Written,
    },
};

#[async_trait]
impl Bookings for MemStore {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError> {
        let world = self.enter("load_catalogue").await?;
        Ok(world.tenant(tenant)?.booking.catalogue())
    }

    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("put_terms").await?;
        Ok(world.tenant_mut(tenant)?.booking.put_terms(terms))
    }

    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError> {
        let world = self.enter("load_ledger").await?;
        Ok(world.tenant(tenant)?.booking.ledger(resource, since))
    }

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        _: Timestamp,
    ) -> Result<ResourceWritten, StoreError> {
        let mut world = self.enter("write_resource").await?;
        let TenantData { booking, knowledge, .. } = world.tenant_mut(tenant)?;
        let knows = |id| knowledge.vehicles.iter().any(|vehicle| vehicle.id == id);
        Ok(booking.write_resource(write, knows))
    }

    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError> {
        let world = self.enter("list_blocks").await?;
        Ok(world.tenant(tenant)?.booking.blocks_of(resource))
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
        Ok(world.tenant(tenant)?.booking.history(booking))
    }

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        let world = self.enter("booking_of").await?;
        Ok(world.tenant(tenant)?.booking.booking_of(client_id))
    }

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError> {
        let world = self.enter("list_bookings").await?;
        Ok(world.tenant(tenant)?.booking.list_bookings(filter))
    }

    async fn overdue_holds(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError> {
        let world = self.enter("overdue_holds").await?;
        let mut found: Vec<_> = world
            .tenants
            .iter()
            .flat_map(|(tenant, data)| {
                data.booking.overdue_holds(now).map(|(until, booking)| (until, *tenant, booking))
            })
            .collect();
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
        let claim = Claim::new(node, now, lease);
        let mut due = Vec::new();
        for (tenant, data) in &mut world.tenants {
            let room = (limit as usize).saturating_sub(due.len());
            due.extend(data.booking.claim_letters(*tenant, claim, now, room));
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
        let claim = Claim::new(node, now, lease);
        Ok(world.tenant_mut(due.tenant)?.booking.hand_over_letter(due, claim, now))
    }

    async fn end_letter(
        &self,
        due: &DueLetter,
        end: &LetterEnd,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("end_letter").await?;
        world.tenant_mut(due.tenant)?.booking.end_letter(due, end);
        Ok(())
    }

    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError> {
        let mut world = self.enter("put_code").await?;
        Ok(world.tenant_mut(tenant)?.booking.put_code(code))
    }

    async fn try_code(
        &self,
        tenant: TenantId,
        asker: Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError> {
        let mut world = self.enter("try_code").await?;
        Ok(world.tenant_mut(tenant)?.booking.try_code(asker, booking, now))
    }

    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("use_code").await?;
        Ok(world.tenant_mut(tenant)?.booking.use_code(code))
    }

    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError> {
        let mut world = self.enter("put_wait").await?;
        Ok(world.tenant_mut(tenant)?.booking.put_wait(wait))
    }

    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError> {
        let world = self.enter("list_waits").await?;
        Ok(world.tenant(tenant)?.booking.list_waits(service, between, limit))
    }

    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let world = self.enter("waiting_tenants").await?;
        let waits = |data: &&TenantData| data.booking.is_waited_for(now);
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
        Ok(world.tenant_mut(tenant)?.booking.offer_wait(wait, booking, until))
    }

    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("end_wait").await?;
        Ok(world.tenant_mut(tenant)?.booking.end_wait(wait))
    }
}
