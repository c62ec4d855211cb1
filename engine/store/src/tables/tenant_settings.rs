//! `tenant_settings`: all settings that a tenant ever had, as decisions name them; append-only.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::settings::TenantSettings;
use jiff::Timestamp;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::tenant_settings};

/// More than anybody changes; the oldest are left out (A9).
const MOST: i64 = 1_000;

pub(crate) async fn keep(
    tx: &mut TenantTx,
    settings: &TenantSettings,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        tenant_settings::print.eq(settings.print()),
        tenant_settings::settings.eq(Doc::of(settings)?),
        tenant_settings::since.eq(Time::from(now)),
    );
    let insert = diesel::insert_into(tenant_settings::table).values(row);
    insert.on_conflict_do_nothing().execute(tx).await?;
    Ok(())
}

/// Oldest first.
pub(crate) async fn list(tx: &mut TenantTx) -> Result<Vec<TenantSettings>, DbError> {
    let mut found: Vec<Doc> = tenant_settings::table
        .order((tenant_settings::since.desc(), tenant_settings::print.desc()))
        .limit(MOST)
        .select(tenant_settings::settings)
        .load(tx)
        .await?;
    found.reverse();
    found.iter().map(|settings| settings.parse("tenant_settings")).collect()
}
