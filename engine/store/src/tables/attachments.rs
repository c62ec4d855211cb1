//! `attachments`: the bytes of customers' files.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    attachment::FileKind,
    id::{AttachmentId, SessionId},
};
use forecourt_ports::store::attachments::{AttachmentRecord, MOST_ATTACHMENTS};
use uuid::Uuid;

use super::Time;
use crate::{TenantTx, error::DbError, schema::attachments};

const TABLE: &str = "attachments";

pub(crate) async fn known(mut tx: &TenantTx, file: AttachmentId) -> Result<bool, DbError> {
    let found: Option<Uuid> = attachments::table
        .filter(attachments::attachment_id.eq(file.into_uuid()))
        .select(attachments::attachment_id)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Whether the tenant has as many as it may have.
pub(crate) async fn are_full(mut tx: &TenantTx) -> Result<bool, DbError> {
    let count: i64 = attachments::table.count().get_result(&mut tx).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX) >= MOST_ATTACHMENTS)
}

/// Adds a file, unless one of this id is there.
pub(crate) async fn insert(mut tx: &TenantTx, file: &AttachmentRecord) -> Result<(), DbError> {
    let row = (
        attachments::attachment_id.eq(file.id.into_uuid()),
        attachments::session_id.eq(file.session.into_uuid()),
        attachments::kind.eq(file.kind.as_str()),
        attachments::sha256.eq(&file.sha256[..]),
        attachments::body.eq(&file.body),
        attachments::created_at.eq(Time::from(file.created_at)),
    );
    diesel::insert_into(attachments::table)
        .values(row)
        .on_conflict((attachments::tenant_id, attachments::attachment_id))
        .do_nothing()
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Whether what is kept under its id is this file.
pub(crate) async fn is_same(mut tx: &TenantTx, file: &AttachmentRecord) -> Result<bool, DbError> {
    let found: Option<(Uuid, Vec<u8>)> = attachments::table
        .filter(attachments::attachment_id.eq(file.id.into_uuid()))
        .select((attachments::session_id, attachments::sha256))
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.is_some_and(|(session, sha256)| {
        session == file.session.into_uuid() && sha256 == file.sha256
    }))
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    session: SessionId,
    file: AttachmentId,
) -> Result<Option<AttachmentRecord>, DbError> {
    type Row = (String, Vec<u8>, Vec<u8>, Time);
    let found: Option<Row> = attachments::table
        .filter(attachments::attachment_id.eq(file.into_uuid()))
        .filter(attachments::session_id.eq(session.into_uuid()))
        .select((
            attachments::kind,
            attachments::sha256,
            attachments::body,
            attachments::created_at,
        ))
        .first(&mut tx)
        .await
        .optional()?;
    let record = |(kind, sha256, body, created_at): Row| {
        let wrong = |what| DbError::Inconsistent { table: TABLE, what };
        let kind = FileKind::parse(&kind).ok_or_else(|| wrong("a kind"))?;
        let sha256 = sha256.try_into().map_err(|_| wrong("a hash"))?;
        let created_at = created_at.to_jiff();
        Ok(AttachmentRecord { id: file, session, kind, sha256, body, created_at })
    };
    found.map(record).transpose()
}

pub(crate) async fn delete(
    mut tx: &TenantTx,
    session: SessionId,
    file: AttachmentId,
) -> Result<bool, DbError> {
    let row = attachments::table
        .filter(attachments::attachment_id.eq(file.into_uuid()))
        .filter(attachments::session_id.eq(session.into_uuid()));
    Ok(diesel::delete(row).execute(&mut tx).await? == 1)
}
