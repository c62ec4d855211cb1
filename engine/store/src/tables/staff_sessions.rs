//! `staff_sessions`: members who are signed in, by the hash of their token.

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::MemberId;
use forecourt_ports::store::Member;
use jiff::Timestamp;

use super::{Time, members as member_rows};
use crate::{
    TenantTx,
    error::DbError,
    schema::{members, staff_sessions},
};

/// Adds a session, and takes away those of the same member that are over (A9).
pub(crate) async fn insert(
    tx: &mut TenantTx,
    member: MemberId,
    token_hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    let (now, expires_at) = (Time::from(now), Time::from(expires_at));
    let over = staff_sessions::table
        .filter(staff_sessions::member_id.eq(member.into_uuid()))
        .filter(staff_sessions::expires_at.le(now));
    diesel::delete(over).execute(tx).await?;
    let row = (
        staff_sessions::token_hash.eq(token_hash.to_vec()),
        staff_sessions::member_id.eq(member.into_uuid()),
        staff_sessions::created_at.eq(now),
        staff_sessions::expires_at.eq(expires_at),
        staff_sessions::last_seen_at.eq(now),
    );
    diesel::insert_into(staff_sessions::table).values(row).execute(tx).await?;
    Ok(())
}

/// The active member of a session that is not over.
pub(crate) async fn find(
    tx: &mut TenantTx,
    token_hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<Member>, DbError> {
    let of_member = members::tenant_id
        .eq(staff_sessions::tenant_id)
        .and(members::member_id.eq(staff_sessions::member_id));
    let found: Option<member_rows::Stored> = staff_sessions::table
        .inner_join(members::table.on(of_member))
        .filter(staff_sessions::token_hash.eq(token_hash.to_vec()))
        .filter(staff_sessions::expires_at.gt(Time::from(now)))
        .filter(members::active)
        .select(member_rows::COLUMNS)
        .get_result(tx)
        .await
        .optional()?;
    found.map(|row| member_rows::member(tx, row)).transpose()
}

/// Whether it was there: of several who delete it at once one is told so.
pub(crate) async fn delete(tx: &mut TenantTx, token_hash: [u8; 32]) -> Result<bool, DbError> {
    let this = staff_sessions::table.filter(staff_sessions::token_hash.eq(token_hash.to_vec()));
    Ok(diesel::delete(this).execute(tx).await? > 0)
}
