//! `vehicle_photos`: uploaded pictures.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{PhotoId, VehicleId};
use forecourt_ports::store::{MOST_PHOTOS, PhotoRecord};
use uuid::Uuid;

use super::Time;
use crate::{TenantTx, error::DbError, schema::vehicle_photos as photos};

/// Keeps a picture of a vehicle that is there; `false` when the tenant has as many as it may have.
pub(crate) async fn put(mut tx: &TenantTx, photo: &PhotoRecord) -> Result<bool, DbError> {
    let count: i64 = photos::table.count().get_result(&mut tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= MOST_PHOTOS {
        return Ok(false);
    }
    let row = (
        photos::photo_id.eq(photo.id.into_uuid()),
        photos::vehicle_id.eq(photo.vehicle.into_uuid()),
        photos::media_type.eq(&photo.media_type),
        photos::body.eq(&photo.body),
        photos::created_at.eq(Time::from(photo.created_at)),
    );
    diesel::insert_into(photos::table).values(row).execute(&mut tx).await?;
    Ok(true)
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    photo: PhotoId,
) -> Result<Option<PhotoRecord>, DbError> {
    type Row = (Uuid, String, Vec<u8>, Time);
    let found: Option<Row> = photos::table
        .filter(photos::photo_id.eq(photo.into_uuid()))
        .select((photos::vehicle_id, photos::media_type, photos::body, photos::created_at))
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.map(|(vehicle, media_type, body, created_at)| PhotoRecord {
        id: photo,
        vehicle: VehicleId::from_uuid(vehicle),
        media_type,
        body,
        created_at: created_at.to_jiff(),
    }))
}

pub(crate) async fn delete(mut tx: &TenantTx, photo: PhotoId) -> Result<bool, DbError> {
    let row = photos::table.filter(photos::photo_id.eq(photo.into_uuid()));
    Ok(diesel::delete(row).execute(&mut tx).await? == 1)
}
