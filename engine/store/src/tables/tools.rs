//! `tools`, `tool_versions`, `tool_calls`: a tenant's own tools, how they were, and how their last calls ended.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{MemberId, SessionId, ToolId},
    tools::custom::{CustomTool, ToolBody},
};
use forecourt_ports::store::tools::{MOST_CALLS_KEPT, ToolCall, ToolRecord, ToolVersion};
use uuid::Uuid;

use super::{Doc, Time, number};
use crate::{
    TenantTx,
    error::DbError,
    schema::{tool_calls as calls, tool_versions as versions, tools},
};

const TABLE: &str = "tools";
/// More than a tenant may have.
const MOST: i64 = 100;

type Row = (Uuid, i64, Doc, Time, Time);

const COLUMNS: (tools::tool_id, tools::version, tools::body, tools::created_at, tools::updated_at) =
    (tools::tool_id, tools::version, tools::body, tools::created_at, tools::updated_at);

fn record((id, version, body, created_at, updated_at): Row) -> Result<ToolRecord, DbError> {
    Ok(ToolRecord {
        id: ToolId::from_uuid(id),
        version,
        body: body.parse(TABLE)?,
        created_at: created_at.to_jiff(),
        updated_at: updated_at.to_jiff(),
    })
}

/// By name.
pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<ToolRecord>, DbError> {
    let found: Vec<Row> = tools::table
        .filter(tools::deleted_at.is_null())
        .order(tools::name)
        .limit(MOST)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(record).collect()
}

/// What the assistant is offered, by name.
pub(crate) async fn offered(mut tx: &TenantTx) -> Result<Vec<CustomTool>, DbError> {
    let found: Vec<(Uuid, i64, Doc)> = tools::table
        .filter(tools::deleted_at.is_null())
        .filter(tools::active)
        .order(tools::name)
        .limit(MOST)
        .select((tools::tool_id, tools::version, tools::body))
        .load(&mut tx)
        .await?;
    let tool = |(id, version, body): (Uuid, i64, Doc)| {
        Ok(CustomTool { id: ToolId::from_uuid(id), version, body: body.parse(TABLE)? })
    };
    found.into_iter().map(tool).collect()
}

/// A tool that stands; with `lock`, for who changes it.
pub(crate) async fn find(
    mut tx: &TenantTx,
    id: ToolId,
    lock: bool,
) -> Result<Option<ToolRecord>, DbError> {
    let stands = tools::table
        .filter(tools::tool_id.eq(id.into_uuid()))
        .filter(tools::deleted_at.is_null())
        .select(COLUMNS);
    let found: Option<Row> = if lock {
        stands.for_no_key_update().first(&mut tx).await.optional()?
    } else {
        stands.first(&mut tx).await.optional()?
    };
    found.map(record).transpose()
}

pub(crate) async fn headers(mut tx: &TenantTx, id: ToolId) -> Result<Option<Vec<u8>>, DbError> {
    let found: Option<Option<Vec<u8>>> = tools::table
        .filter(tools::tool_id.eq(id.into_uuid()))
        .filter(tools::deleted_at.is_null())
        .select(tools::headers)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.flatten())
}

pub(crate) async fn insert(
    mut tx: &TenantTx,
    new: &ToolRecord,
    headers: Option<&[u8]>,
) -> Result<(), DbError> {
    let row = (
        tools::tool_id.eq(new.id.into_uuid()),
        tools::name.eq(&new.body.name),
        tools::body.eq(Doc::of(&new.body)?),
        tools::headers.eq(headers),
        tools::active.eq(new.body.active),
        tools::version.eq(new.version),
        tools::created_at.eq(Time::from(new.created_at)),
        tools::updated_at.eq(Time::from(new.updated_at)),
    );
    diesel::insert_into(tools::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Writes a tool as it is from now on; without `headers` those that there are stay.
pub(crate) async fn update(
    mut tx: &TenantTx,
    now: &ToolRecord,
    headers: Option<&[u8]>,
) -> Result<(), DbError> {
    let row = tools::table.filter(tools::tool_id.eq(now.id.into_uuid()));
    let set = (
        tools::name.eq(&now.body.name),
        tools::body.eq(Doc::of(&now.body)?),
        tools::active.eq(now.body.active),
        tools::version.eq(now.version),
        tools::updated_at.eq(Time::from(now.updated_at)),
    );
    diesel::update(row).set(set).execute(&mut tx).await?;
    if headers.is_some() {
        diesel::update(row).set(tools::headers.eq(headers)).execute(&mut tx).await?;
    }
    Ok(())
}

/// Marks it deleted; its sealed headers go at once.
pub(crate) async fn delete(mut tx: &TenantTx, gone: &ToolRecord) -> Result<(), DbError> {
    let set = (
        tools::headers.eq(None::<Vec<u8>>),
        tools::version.eq(gone.version),
        tools::updated_at.eq(Time::from(gone.updated_at)),
        tools::deleted_at.eq(Time::from(gone.updated_at)),
    );
    let row = tools::table.filter(tools::tool_id.eq(gone.id.into_uuid()));
    diesel::update(row).set(set).execute(&mut tx).await?;
    Ok(())
}

pub(crate) async fn note_version(
    mut tx: &TenantTx,
    of: &ToolRecord,
    action: &str,
    by: MemberId,
) -> Result<(), DbError> {
    let row = (
        versions::tool_id.eq(of.id.into_uuid()),
        versions::version.eq(of.version),
        versions::action.eq(action),
        versions::body.eq(Doc::of(&of.body)?),
        versions::member_id.eq(Some(by.into_uuid())),
        versions::at.eq(Time::from(of.updated_at)),
    );
    diesel::insert_into(versions::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Newest first.
pub(crate) async fn list_versions(
    mut tx: &TenantTx,
    id: ToolId,
    limit: u32,
) -> Result<Vec<ToolVersion>, DbError> {
    let found: Vec<(i64, String, Doc, Option<Uuid>, Time)> = versions::table
        .filter(versions::tool_id.eq(id.into_uuid()))
        .order(versions::version.desc())
        .limit(limit.into())
        .select((
            versions::version,
            versions::action,
            versions::body,
            versions::member_id,
            versions::at,
        ))
        .load(&mut tx)
        .await?;
    let version = |(version, action, body, by, at): (i64, String, Doc, Option<Uuid>, Time)| {
        let body: ToolBody = body.parse("tool_versions")?;
        let by = by.map(MemberId::from_uuid);
        Ok(ToolVersion { version, action, body, by, at: at.to_jiff() })
    };
    found.into_iter().map(version).collect()
}

/// Adds a call, and forgets those before the last [`MOST_CALLS_KEPT`]; nothing when there is no such tool.
pub(crate) async fn note_call(mut tx: &TenantTx, call: &ToolCall) -> Result<(), DbError> {
    let id = call.tool.into_uuid();
    let known: Option<Uuid> = tools::table
        .filter(tools::tool_id.eq(id))
        .select(tools::tool_id)
        .first(&mut tx)
        .await
        .optional()?;
    if known.is_none() {
        return Ok(());
    }
    let row = (
        calls::tool_id.eq(id),
        calls::version.eq(call.version),
        calls::session_id.eq(call.session.map(SessionId::into_uuid)),
        calls::member_id.eq(call.member.map(MemberId::into_uuid)),
        calls::at.eq(Time::from(call.at)),
        calls::took_ms.eq(i32::try_from(call.took_ms).unwrap_or(i32::MAX)),
        calls::status.eq(call.status.and_then(|status| i16::try_from(status).ok())),
        calls::code.eq(&call.code),
    );
    diesel::insert_into(calls::table).values(row).execute(&mut tx).await?;
    let last: Option<i64> = calls::table
        .filter(calls::tool_id.eq(id))
        .order(calls::number.desc())
        .offset(MOST_CALLS_KEPT.into())
        .select(calls::number)
        .first(&mut tx)
        .await
        .optional()?;
    if let Some(last) = last {
        let old = calls::table.filter(calls::tool_id.eq(id)).filter(calls::number.le(last));
        diesel::delete(old).execute(&mut tx).await?;
    }
    Ok(())
}

/// Newest first.
pub(crate) async fn list_calls(
    mut tx: &TenantTx,
    id: ToolId,
    limit: u32,
) -> Result<Vec<ToolCall>, DbError> {
    type Stored = (i64, Option<Uuid>, Option<Uuid>, Time, i32, Option<i16>, String);
    let found: Vec<Stored> = calls::table
        .filter(calls::tool_id.eq(id.into_uuid()))
        .order(calls::number.desc())
        .limit(limit.min(MOST_CALLS_KEPT).into())
        .select((
            calls::version,
            calls::session_id,
            calls::member_id,
            calls::at,
            calls::took_ms,
            calls::status,
            calls::code,
        ))
        .load(&mut tx)
        .await?;
    let call = |(version, session, member, at, took_ms, status, code): Stored| {
        Ok(ToolCall {
            tool: id,
            version,
            session: session.map(SessionId::from_uuid),
            member: member.map(MemberId::from_uuid),
            at: at.to_jiff(),
            took_ms: number(took_ms, "tool_calls")?,
            status: status.map(|status| number(status, "tool_calls")).transpose()?,
            code,
        })
    };
    found.into_iter().map(call).collect()
}
