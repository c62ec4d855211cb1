//! `tenants`: the business itself, its settings, and the end of its event log.
//!
//! The statements here name the tenant besides the policies: two of those hold for reading, and their
//! OR alone would have no one index.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
};
use diesel_async::RunQueryDsl;
use forecourt_core::{event::Seq, id::TenantId, settings::TenantSettings};
use forecourt_ports::store::{Head, NewTenant, TenantSnapshot};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::tenants};

/// Locks the end of the tenant's log until the end of the transaction, and says where it is.
///
/// This is the one lock that a commit of the journal waits for: whoever holds it reads versions and
/// keys that nobody else changes before it commits. References to the tenant do not wait for it.
pub(crate) async fn lock_log(mut tx: &TenantTx) -> Result<Seq, DbError> {
    let last = own(tx)
        .select(tenants::last_seq)
        .for_no_key_update()
        .get_result(&mut tx)
        .await
        .optional()?;
    last.map(Seq).ok_or_else(no_such_tenant)
}

/// Moves the end of the log; the caller holds [`lock_log`].
pub(crate) async fn move_log(mut tx: &TenantTx, last: Seq) -> QueryResult<usize> {
    MoveLog { tenant: tx.tenant().into_uuid(), from: None, to: last.0 }.execute(&mut tx).await
}

/// Moves the end of the log from where it is believed to be, and locks it as [`lock_log`] does; false when it is
/// somewhere else.
pub(crate) async fn move_log_from(mut tx: &TenantTx, from: Seq, to: Seq) -> Result<bool, DbError> {
    let log = MoveLog { tenant: tx.tenant().into_uuid(), from: Some(from.0), to: to.0 };
    Ok(log.execute(&mut tx).await? == 1)
}

/// Every commit's update of its tenant. Diesel prepares an update of its own anew each time.
struct MoveLog {
    tenant: Uuid,
    from: Option<i64>,
    to: i64,
}

impl QueryId for MoveLog {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for MoveLog {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        use diesel::sql_types::{BigInt, Nullable, Uuid};
        out.push_sql("UPDATE tenants SET last_seq = ");
        out.push_bind_param::<BigInt, _>(&self.to)?;
        out.push_sql(" WHERE tenant_id = ");
        out.push_bind_param::<Uuid, _>(&self.tenant)?;
        out.push_sql(" AND last_seq = COALESCE(");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.from)?;
        out.push_sql(", last_seq)");
        Ok(())
    }
}

pub(crate) async fn head(mut tx: &TenantTx) -> Result<Head, DbError> {
    let head = own(tx)
        .select((tenants::epoch, tenants::last_seq))
        .get_result::<(i64, i64)>(&mut tx)
        .await
        .optional()?;
    let (epoch, seq) = head.ok_or_else(no_such_tenant)?;
    Ok(Head { epoch, seq: Seq(seq) })
}

pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<TenantSnapshot>, DbError> {
    let row = own(tx)
        .select((tenants::tenant_id, tenants::slug, tenants::pack, tenants::settings))
        .get_result::<(Uuid, String, String, Doc)>(tx)
        .await
        .optional()?;
    row.map(|(id, slug, pack, settings)| {
        let settings = settings.parse("tenants")?;
        Ok(TenantSnapshot { id: TenantId::from_uuid(id), slug, pack, settings })
    })
    .transpose()
}

/// Replaces the settings; the caller holds [`lock_log`].
pub(crate) async fn put_settings(
    mut tx: &TenantTx,
    settings: &TenantSettings,
    now: Timestamp,
) -> Result<(), DbError> {
    let set = (tenants::settings.eq(Doc::of(settings)?), tenants::updated_at.eq(Time::from(now)));
    diesel::update(own(tx)).set(set).execute(&mut tx).await?;
    Ok(())
}

/// Adds the tenant unless its slug is taken; says whether it did.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    new: &NewTenant,
    now: Timestamp,
) -> Result<bool, DbError> {
    let row = (
        tenants::tenant_id.eq(new.snapshot.id.into_uuid()),
        tenants::slug.eq(&new.snapshot.slug),
        tenants::name.eq(&new.name),
        tenants::pack.eq(&new.snapshot.pack),
        tenants::settings.eq(Doc::of(&new.snapshot.settings)?),
        // A tenant that is made again, after its data was lost, has another log than before.
        tenants::epoch.eq(now.as_microsecond()),
        tenants::created_at.eq(Time::from(now)),
        tenants::updated_at.eq(Time::from(now)),
    );
    let insert = diesel::insert_into(tenants::table).values(row);
    Ok(insert.on_conflict(tenants::slug).do_nothing().execute(tx).await? == 1)
}

/// The tenant of this transaction.
#[diesel::dsl::auto_type(no_type_alias)]
fn own(tx: &TenantTx) -> _ {
    let id: Uuid = tx.tenant().into_uuid();
    tenants::table.filter(tenants::tenant_id.eq(id))
}

fn no_such_tenant() -> DbError {
    DbError::Other("no such tenant".into())
}
