//! `members`: people who work for a tenant.

use std::collections::HashMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, define_sql_function};
use diesel_async::RunQueryDsl;
use forecourt_core::id::MemberId;
use forecourt_ports::store::{MAX_TEAM, Member, MemberWithHash, NewMember, Role};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word};
use crate::{TenantTx, error::DbError, schema::members};

const TABLE: &str = "members";

define_sql_function! {
    /// As the unique index on mail addresses folds them.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The columns of a member, in the order of [`member`].
pub(super) type Columns = (members::member_id, members::name, members::email, members::role);
pub(super) const COLUMNS: Columns =
    (members::member_id, members::name, members::email, members::role);
pub(super) type Stored = (Uuid, String, String, String);

pub(super) fn member(tx: &TenantTx, (id, name, email, role): Stored) -> Result<Member, DbError> {
    Ok(Member {
        tenant: tx.tenant(),
        member: MemberId::from_uuid(id),
        name,
        email,
        role: Role::read(&role, TABLE)?,
    })
}

/// An active member who can sign in, by mail address.
pub(crate) async fn find_by_email(
    tx: &mut TenantTx,
    email: &str,
) -> Result<Option<MemberWithHash>, DbError> {
    let found: Option<(Stored, Option<String>)> = members::table
        .filter(lower(members::email).eq(lower(email)))
        .filter(members::active)
        .select((COLUMNS, members::password_hash))
        .get_result(tx)
        .await
        .optional()?;
    let Some((row, Some(password_hash))) = found else { return Ok(None) };
    Ok(Some(MemberWithHash { member: member(tx, row)?, password_hash }))
}

/// Who works for the tenant, in the order of ids.
pub(crate) async fn active(mut tx: &TenantTx) -> Result<Vec<Member>, DbError> {
    let found: Vec<Stored> = members::table
        .filter(members::active)
        .order(members::member_id)
        .limit(MAX_TEAM as i64)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(|row| member(tx, row)).collect()
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    new: &[NewMember],
    now: Timestamp,
) -> Result<(), DbError> {
    let rows: Vec<_> = new
        .iter()
        .map(|new| {
            (
                members::member_id.eq(new.member.member.into_uuid()),
                members::email.eq(&new.member.email),
                members::name.eq(&new.member.name),
                members::password_hash.eq(&new.password_hash),
                members::role.eq(new.member.role.word()),
                members::language.eq(new.lang.word()),
                members::created_at.eq(Time::from(now)),
            )
        })
        .collect();
    diesel::insert_into(members::table).values(rows).execute(tx).await?;
    Ok(())
}

/// The names of these members.
pub(crate) async fn names(
    mut tx: &TenantTx,
    ids: &[MemberId],
) -> Result<HashMap<MemberId, String>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.into_uuid()).collect();
    let found: Vec<(Uuid, String)> = members::table
        .filter(members::member_id.eq_any(ids))
        .select((members::member_id, members::name))
        .load(&mut tx)
        .await?;
    Ok(found.into_iter().map(|(id, name)| (MemberId::from_uuid(id), name)).collect())
}
