//! `resources` and `resource_blocks`: what can be booked, and when it cannot.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
    define_sql_function, select, upsert::excluded,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Block, BlockKind, Recurrence, Resource, ResourceKind},
    id::{BlockId, ResourceId, TenantId, VehicleId},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, Word, number};
use crate::{
    TenantTx,
    error::DbError,
    schema::{resource_blocks, resources},
};

const TABLE: &str = "resources";
const BLOCKS: &str = "resource_blocks";
const MOST: i64 = 1_000;

define_sql_function! {
    /// Waits for the key; the lock ends with the transaction.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt);
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = resources, check_for_backend(diesel::pg::Pg))]
struct Stored {
    resource_id: Uuid,
    kind: String,
    name: String,
    capacity: i32,
    buffer_before_minutes: i32,
    buffer_after_minutes: i32,
    vehicle_id: Option<Uuid>,
    hours: Option<Doc>,
    active: bool,
    version: i64,
}

impl Stored {
    fn read(self) -> Result<(Resource, i64), DbError> {
        let resource = Resource {
            id: ResourceId::from_uuid(self.resource_id),
            kind: ResourceKind::read(&self.kind, TABLE)?,
            name: self.name,
            capacity: number(self.capacity, TABLE)?,
            buffer_before: number(self.buffer_before_minutes, TABLE)?,
            buffer_after: number(self.buffer_after_minutes, TABLE)?,
            vehicle: self.vehicle_id.map(VehicleId::from_uuid),
            hours: self.hours.map(|hours| hours.parse(TABLE)).transpose()?,
            active: self.active,
        };
        Ok((resource, self.version))
    }
}

/// The key that writers of a resource lock, spread over tenants; rivals lock in the order of keys.
/// Two resources with one key only wait for each other needlessly.
pub(crate) fn lock_key(tenant: TenantId, resource: ResourceId) -> i64 {
    // The last 62 bits of both are random; a turn keeps equal ones from cancelling out.
    let (tenant, resource) = (tenant.as_uuid().as_u64_pair(), resource.as_uuid().as_u64_pair());
    (tenant.1.rotate_left(17) ^ resource.1 ^ resource.0.rotate_left(32)).cast_signed()
}

/// Waits until no other transaction writes these resources.
pub(crate) async fn lock(
    mut tx: &TenantTx,
    ids: impl IntoIterator<Item = ResourceId>,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let mut keys: Vec<i64> = ids.into_iter().map(|id| lock_key(tenant, id)).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        select(pg_advisory_xact_lock(key)).execute(&mut tx).await?;
    }
    Ok(())
}

/// Waits until no other transaction writes the tenant's stock.
pub(crate) async fn lock_stock(tx: &TenantTx) -> Result<(), DbError> {
    // Of no resource: ids are never nil.
    lock(tx, [ResourceId::from_uuid(Uuid::nil())]).await
}

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Resource>, DbError> {
    let found: Vec<Stored> = resources::table
        .order((resources::kind, resources::name, resources::resource_id))
        .limit(MOST)
        .select(Stored::as_select())
        .load(&mut tx)
        .await?;
    found.into_iter().map(|stored| Ok(stored.read()?.0)).collect()
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    id: ResourceId,
) -> Result<Option<(Resource, i64)>, DbError> {
    let found: Option<Stored> = resources::table
        .filter(resources::resource_id.eq(id.into_uuid()))
        .select(Stored::as_select())
        .first(&mut tx)
        .await
        .optional()?;
    found.map(Stored::read).transpose()
}

/// Raises the version if it is the expected one.
pub(crate) async fn raise(
    mut tx: &TenantTx,
    id: ResourceId,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let mut update = diesel::update(resources::table)
        .filter(resources::resource_id.eq(id.into_uuid()))
        .set((
            resources::version.eq(resources::version + 1),
            resources::updated_at.eq(Time::from(now)),
        ))
        .into_boxed();
    if let Some(expected) = expected {
        update = update.filter(resources::version.eq(expected));
    }
    Ok(update.execute(&mut tx).await? == 1)
}

/// Makes a resource, or replaces all of it.
pub(crate) async fn put(
    mut tx: &TenantTx,
    resource: &Resource,
    now: Timestamp,
) -> Result<(), DbError> {
    let hours = resource.hours.as_ref().map(Doc::of).transpose()?;
    let row = (
        resources::resource_id.eq(resource.id.into_uuid()),
        resources::kind.eq(resource.kind.word()),
        resources::name.eq(&resource.name),
        resources::capacity.eq(i32::from(resource.capacity)),
        resources::buffer_before_minutes.eq(i32::from(resource.buffer_before)),
        resources::buffer_after_minutes.eq(i32::from(resource.buffer_after)),
        resources::vehicle_id.eq(resource.vehicle.map(VehicleId::into_uuid)),
        resources::hours.eq(hours),
        resources::active.eq(resource.active),
        resources::created_at.eq(Time::from(now)),
        resources::updated_at.eq(Time::from(now)),
    );
    diesel::insert_into(resources::table)
        .values(row)
        .on_conflict((resources::tenant_id, resources::resource_id))
        .do_update()
        .set((
            resources::kind.eq(excluded(resources::kind)),
            resources::name.eq(excluded(resources::name)),
            resources::capacity.eq(excluded(resources::capacity)),
            resources::buffer_before_minutes.eq(excluded(resources::buffer_before_minutes)),
            resources::buffer_after_minutes.eq(excluded(resources::buffer_after_minutes)),
            resources::vehicle_id.eq(excluded(resources::vehicle_id)),
            resources::hours.eq(excluded(resources::hours)),
            resources::active.eq(excluded(resources::active)),
            resources::version.eq(resources::version + 1),
            resources::updated_at.eq(excluded(resources::updated_at)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

pub(crate) async fn blocks(mut tx: &TenantTx, id: ResourceId) -> Result<Vec<Block>, DbError> {
    type Row = (Uuid, String, Option<String>, String, String, i32, Option<String>);
    let found: Vec<Row> = resource_blocks::table
        .filter(resource_blocks::resource_id.eq(id.into_uuid()))
        .filter(resource_blocks::active)
        .order(resource_blocks::block_id)
        .limit(Block::MAX_PER_RESOURCE as i64)
        .select((
            resource_blocks::block_id,
            resource_blocks::kind,
            resource_blocks::label,
            resource_blocks::starts_at,
            resource_blocks::zone,
            resource_blocks::minutes,
            resource_blocks::rule,
        ))
        .load(&mut tx)
        .await?;
    let broken = |what| DbError::Inconsistent { table: BLOCKS, what };
    let block = |(block, kind, label, starts_at, zone, minutes, rule): Row| {
        let rule = rule.map(|rule| Recurrence::parse(&rule)).transpose();
        Ok(Block {
            id: BlockId::from_uuid(block),
            resource: id,
            kind: BlockKind::read(&kind, BLOCKS)?,
            label,
            starts_at: starts_at.parse().map_err(|_| broken("a time"))?,
            zone,
            minutes: number(minutes, BLOCKS)?,
            rule: rule.map_err(|_| broken("a repeating rule"))?,
        })
    };
    found.into_iter().map(block).collect()
}

pub(crate) async fn add_block(
    mut tx: &TenantTx,
    block: &Block,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        resource_blocks::block_id.eq(block.id.into_uuid()),
        resource_blocks::resource_id.eq(block.resource.into_uuid()),
        resource_blocks::kind.eq(block.kind.word()),
        resource_blocks::label.eq(&block.label),
        resource_blocks::starts_at.eq(block.starts_at.to_string()),
        resource_blocks::zone.eq(&block.zone),
        resource_blocks::minutes.eq(number::<_, i32>(block.minutes, BLOCKS)?),
        resource_blocks::rule.eq(block.rule.as_ref().map(ToString::to_string)),
        resource_blocks::created_at.eq(Time::from(now)),
        resource_blocks::updated_at.eq(Time::from(now)),
    );
    diesel::insert_into(resource_blocks::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// The resource of a block that is there.
pub(crate) async fn of_block(
    mut tx: &TenantTx,
    block: BlockId,
) -> Result<Option<ResourceId>, DbError> {
    let found: Option<Uuid> = resource_blocks::table
        .filter(resource_blocks::block_id.eq(block.into_uuid()))
        .filter(resource_blocks::active)
        .select(resource_blocks::resource_id)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.map(ResourceId::from_uuid))
}

pub(crate) async fn drop_block(
    mut tx: &TenantTx,
    block: BlockId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let update = diesel::update(resource_blocks::table)
        .filter(resource_blocks::block_id.eq(block.into_uuid()))
        .filter(resource_blocks::active)
        .set((resource_blocks::active.eq(false), resource_blocks::updated_at.eq(Time::from(now))));
    Ok(update.execute(&mut tx).await? == 1)
}
