//! External calendars on Postgres.
//!
//! # Invariants
//! - **A12** what changes what is free of a resource takes the lock that writers of bookings take, first;
//! - a worker's report is stored while its claim holds, else nothing of it is.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use forecourt_core::{
    booking::Stretch,
    external::{MOST_BUSY, MOST_CALENDARS},
    id::{BookingId, CalendarId, NodeId, ResourceId, TenantId},
};
use forecourt_ports::calendar::ExternalRef;
use forecourt_ports::store::{
    CalendarChange, CalendarChanged, CalendarRecord, CalendarWork, Calendars, DueEntry, EntryEnd,
    LookEnd, MOST_ROWS, NewCalendar, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    schema::{calendar_accounts as rows, calendar_entries as entry_rows},
    tables::{Active, Pending, Time, bookings, calendars, number, resources, tenants},
};

async fn record(
    tx: &TenantTx,
    calendar: CalendarId,
    now: Timestamp,
) -> Result<Option<(CalendarRecord, Vec<u8>)>, DbError> {
    let Some(stored) = calendars::find(tx, calendar).await? else { return Ok(None) };
    let counts = calendars::counts(tx, calendar, now).await?;
    stored.record(counts).map(Some)
}

/// Opens what a calendar closed of a resource.
async fn reopen(
    tx: &TenantTx,
    calendar: CalendarId,
    resource: ResourceId,
    now: Timestamp,
) -> Result<(), DbError> {
    calendars::replace(tx, calendar, resource, &[]).await?;
    resources::raise(tx, resource, None, now).await?;
    Ok(())
}

async fn choose(
    tx: &TenantTx,
    calendar: CalendarId,
    (external, name): (&str, &str),
    resource: ResourceId,
    now: Timestamp,
) -> Result<Option<CalendarChanged>, DbError> {
    let Some(stored) = calendars::find(tx, calendar).await? else {
        return Ok(Some(CalendarChanged::NotFound));
    };
    let before = stored.resource();
    let (was, _) = stored.record(calendars::Counts::default())?;
    resources::lock(tx, before.into_iter().chain([resource])).await?;
    if resources::find(tx, resource).await?.is_none() {
        return Ok(Some(CalendarChanged::NoResource));
    }
    if calendars::is_taken(tx, calendar, (was.provider, external)).await? {
        return Ok(Some(CalendarChanged::Taken));
    }
    if let Some(before) = before {
        reopen(tx, calendar, before, now).await?;
    }
    if was.external != external {
        calendars::forget_entries(tx, calendar).await?;
    }
    calendars::choose(tx, calendar, (external, name), resource, now).await?;
    calendars::first_entries(tx, calendar, resource, now).await?;
    Ok(None)
}

#[async_trait]
impl Calendars for PgStore {
    async fn create_calendar(
        &self,
        tenant: TenantId,
        new: &NewCalendar,
    ) -> Result<Option<CalendarRecord>, StoreError> {
        let create = async |tx: &mut TenantTx| {
            // Of two who connect the last one, one wins.
            tenants::lock_log(tx).await?;
            if calendars::count(tx).await? >= MOST_CALENDARS as i64 {
                return Ok(None);
            }
            calendars::insert(tx, new).await?;
            Ok(record(tx, new.calendar, new.at).await?.map(|(record, _)| record))
        };
        self.app.tenant(tenant, create).await.map_err(store_error)
    }

    async fn list_calendars(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<CalendarRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let mut all = Vec::new();
            for stored in calendars::list(tx).await? {
                let counts = calendars::counts(tx, stored.id(), now).await?;
                all.push(stored.record(counts)?.0);
            }
            Ok::<_, DbError>(all)
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        now: Timestamp,
    ) -> Result<Option<(CalendarRecord, Vec<u8>)>, StoreError> {
        let read = async |tx: &mut TenantTx| record(tx, calendar, now).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn change_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        change: &CalendarChange,
        now: Timestamp,
    ) -> Result<CalendarChanged, StoreError> {
        let change = async |tx: &mut TenantTx| {
            match change {
                CalendarChange::Choose { external, name, resource } => {
                    let what = (external.as_str(), name.as_str());
                    if let Some(refused) = choose(tx, calendar, what, *resource, now).await? {
                        return Ok(refused);
                    }
                }
                CalendarChange::Reconnect { secret } => {
                    let Some(stored) = calendars::find(tx, calendar).await? else {
                        return Ok(CalendarChanged::NotFound);
                    };
                    let chosen = stored.resource().is_some();
                    calendars::reconnect(tx, calendar, secret, chosen).await?;
                }
                CalendarChange::Now => {}
            }
            calendars::now(tx, calendar, now).await?;
            let changed = record(tx, calendar, now).await?;
            Ok::<_, DbError>(
                changed
                    .map_or(CalendarChanged::NotFound, |(r, _)| CalendarChanged::Done(Box::new(r))),
            )
        };
        self.app.tenant(tenant, change).await.map_err(store_error)
    }

    async fn delete_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        now: Timestamp,
    ) -> Result<Option<Option<ResourceId>>, StoreError> {
        let delete = async |tx: &mut TenantTx| {
            let Some(stored) = calendars::find(tx, calendar).await? else { return Ok(None) };
            let resource = stored.resource();
            if let Some(resource) = resource {
                resources::lock(tx, [resource]).await?;
                reopen(tx, calendar, resource, now).await?;
            }
            calendars::delete(tx, calendar).await?;
            Ok::<_, DbError>(Some(resource))
        };
        self.app.tenant(tenant, delete).await.map_err(store_error)
    }

    async fn find_entry(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        booking: BookingId,
    ) -> Result<Option<ExternalRef>, StoreError> {
        let read = async |tx: &mut TenantTx| calendars::entry(tx, calendar, booking).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn tenant_of_calendar(
        &self,
        calendar: CalendarId,
    ) -> Result<Option<TenantId>, StoreError> {
        let query = rows::table
            .filter(rows::calendar_id.eq(calendar.into_uuid()))
            .limit(1)
            .select(rows::tenant_id);
        let found: Vec<Uuid> = self.jobs.load(query).await.map_err(store_error)?;
        Ok(found.first().copied().map(TenantId::from_uuid))
    }

    async fn claim_calendars(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, CalendarId)>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let at = Time::from(now);
        let query = rows::table
            .filter(rows::status.eq(Active))
            .filter(rows::next_at.le(at))
            .filter(rows::claimed_until.is_null().or(rows::claimed_until.le(at)))
            .order(rows::next_at)
            .limit(limit.min(MOST_ROWS).into())
            .select((rows::tenant_id, rows::calendar_id));
        let due: Vec<(Uuid, Uuid)> = self.jobs.load(query).await.map_err(store_error)?;
        let mut of_tenants = BTreeMap::<Uuid, Vec<Uuid>>::new();
        for (tenant, calendar) in due {
            of_tenants.entry(tenant).or_default().push(calendar);
        }
        let mut all = Vec::new();
        for (tenant, ids) in of_tenants {
            let tenant = TenantId::from_uuid(tenant);
            let claim =
                async |tx: &mut TenantTx| calendars::claim(tx, &ids, node, (now, until)).await;
            let claimed = self.app.tenant(tenant, claim).await.map_err(store_error)?;
            all.extend(claimed.into_iter().map(|calendar| (tenant, calendar)));
        }
        Ok(all)
    }

    async fn renew_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let renew = async |tx: &mut TenantTx| calendars::renew(tx, calendar, node, until).await;
        self.app.tenant(tenant, renew).await.map_err(store_error)
    }

    async fn calendar_work(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<CalendarWork>, StoreError> {
        let work = async |tx: &mut TenantTx| {
            let Some(held) = calendars::hold(tx, calendar, node).await? else { return Ok(None) };
            let read_due = held.read_is_due(now);
            let mut entries = Vec::new();
            for due in calendars::due(tx, calendar, limit.min(MOST_ROWS)).await? {
                let Some(booking) = bookings::find(tx, due.booking).await? else { continue };
                let calendars::Due { wanted, known, tried, .. } = due;
                entries.push(DueEntry { booking, wanted, known, tried });
            }
            let (record, secret) = held.record(calendars::Counts::default())?;
            Ok::<_, DbError>(Some(CalendarWork { record, secret, entries, read_due }))
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn keep_secret(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        secret: &[u8],
    ) -> Result<bool, StoreError> {
        let keep =
            async |tx: &mut TenantTx| calendars::keep_secret(tx, calendar, node, secret).await;
        self.app.tenant(tenant, keep).await.map_err(store_error)
    }

    async fn note_entry(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        which: (BookingId, i64),
        end: &EntryEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let note = async |tx: &mut TenantTx| {
            if calendars::hold(tx, calendar, node).await?.is_some() {
                calendars::end_entry(tx, calendar, which, end, now).await?;
            }
            Ok::<_, DbError>(())
        };
        self.app.tenant(tenant, note).await.map_err(store_error)
    }

    async fn note_busy(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        busy: &[Stretch],
        now: Timestamp,
        next: Timestamp,
    ) -> Result<bool, StoreError> {
        let busy = &busy[..busy.len().min(MOST_BUSY)];
        let note = async |tx: &mut TenantTx| {
            let found = calendars::find(tx, calendar).await?;
            let Some(resource) = found.and_then(|stored| stored.resource()) else {
                return Ok(false);
            };
            resources::lock(tx, [resource]).await?;
            let held = calendars::hold(tx, calendar, node).await?;
            // Another resource may have been chosen before the lock.
            if held.is_none_or(|held| held.resource() != Some(resource)) {
                return Ok(false);
            }
            calendars::was_read(tx, calendar, now, next).await?;
            if calendars::kept(tx, calendar).await? == busy {
                return Ok(false);
            }
            calendars::replace(tx, calendar, resource, busy).await?;
            resources::raise(tx, resource, None, now).await
        };
        self.app.tenant(tenant, note).await.map_err(store_error)
    }

    async fn leave_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        end: LookEnd,
        (began, now): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let leave = async |tx: &mut TenantTx| {
            if let Some(held) = calendars::hold(tx, calendar, node).await? {
                calendars::leave(tx, &held, end, (began, now)).await?;
            }
            Ok::<_, DbError>(())
        };
        self.app.tenant(tenant, leave).await.map_err(store_error)
    }

    async fn undone_entries(&self) -> Result<u64, StoreError> {
        let pending = entry_rows::table.filter(entry_rows::status.eq(Pending)).count();
        let counted: Vec<i64> = self.jobs.load(pending).await.map_err(store_error)?;
        number(counted.into_iter().sum::<i64>(), "counts").map_err(store_error)
    }
}
