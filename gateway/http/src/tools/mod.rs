//! `/v1/tools`: the tools of a tenant's own for managers, and trials of every tool.
//!
//! # Invariants
//! - **A8** every tool is of the member's own tenant: another tenant's lead nowhere;
//! - **A14** the values of headers are sealed when they come in, and are answered nowhere;
//! - an address is checked before it is kept, and again by who calls it.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::{
    id::ToolId,
    lang::Lang,
    tools::{
        BadArguments, ToolName,
        custom::{CustomTool, ToolBody},
    },
};
use forecourt_ports::store::{
    Role,
    tools::{MOST_CALLS_KEPT, ToolChange, ToolRecord, ToolWrite, ToolWritten},
};
use forecourt_wire::{
    BuiltInTool, PutTool, Tool, ToolCalls, ToolDryRun, ToolRequest, ToolSent, ToolTrial,
    ToolVersion, ToolVersions, Tools, TryTool,
};

use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    sessions,
};

/// Versions that are shown.
const VERSIONS: u32 = 100;
/// The longest value of a header, in bytes.
const LONGEST_VALUE: usize = 2_000;

fn nowhere() -> Problem {
    Problem::new(Code::NotFound)
}

fn named(request: &HttpRequest) -> Result<ToolId, Problem> {
    let id = request.match_info().get("tool").unwrap_or_default();
    id.parse().map_err(|_| nowhere())
}

async fn found(state: &State, staff: &Staff, id: ToolId) -> Result<ToolRecord, Problem> {
    state.store.find_tool(staff.member.tenant, id).await?.ok_or_else(nowhere)
}

/// `GET /v1/tools`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let found = gateway.0.store.list_tools(staff.member.tenant).await?;
    let built_in = ToolName::ALL.into_iter().map(|tool| BuiltInTool {
        name: tool.as_str().to_owned(),
        description: tool.description().to_owned(),
        risk: serde_json::to_value(tool.risk())
            .ok()
            .and_then(|risk| risk.as_str().map(str::to_owned))
            .unwrap_or_default(),
        arguments: tool.schema(),
    });
    let tools = found.into_iter().map(Tool::from).collect();
    Ok(HttpResponse::Ok().json(Tools { tools, built_in: built_in.collect() }))
}

/// `POST /v1/tools`.
pub(crate) async fn create(
    gateway: web::Data<Gateway>,
    staff: Staff,
    put: Json<PutTool>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let id = state.ids.tool();
    let change = checked(state, &staff, id, put.0, None).await?;
    let made = write(state, &staff, id, 0, change).await?;
    Ok(HttpResponse::Created().json(Tool::from(made)))
}

/// `GET /v1/tools/{tool}`.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let record = found(&gateway.0, &staff, named(&request)?).await?;
    Ok(HttpResponse::Ok().json(Tool::from(record)))
}

/// `PUT /v1/tools/{tool}` — replaces all of it but its headers, if it still is what was read.
pub(crate) async fn put(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    put: Json<PutTool>,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, id, put) = (&gateway.0, named(&request)?, put.0);
    let version = put.version.filter(|version| *version > 0).ok_or_else(|| {
        Problem::field("/version", "required", "must be the version that was changed")
    })?;
    let known = found(state, &staff, id).await?;
    let change = checked(state, &staff, id, put, Some(&known.body)).await?;
    let record = write(state, &staff, id, version, change).await?;
    Ok(HttpResponse::Ok().json(Tool::from(record)))
}

/// `DELETE /v1/tools/{tool}?version=3`.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = query.number("version", 1, u32::MAX);
    query.finish()?;
    let version = version.ok_or_else(|| {
        Problem::field("version", "required", "must be the version that is to be deleted")
    })?;
    write(&gateway.0, &staff, id, version.into(), ToolChange::Delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/tools/{tool}/versions` — how it was, the newest first; of a deleted one too.
pub(crate) async fn versions(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let found = gateway.0.store.tool_versions(staff.member.tenant, id, VERSIONS).await?;
    if found.is_empty() {
        return Err(nowhere());
    }
    let versions = found.into_iter().map(|version| ToolVersion::of(id, version)).collect();
    Ok(HttpResponse::Ok().json(ToolVersions { versions }))
}

/// `GET /v1/tools/{tool}/calls` — when they were and how they ended, the newest first.
pub(crate) async fn calls(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, id) = (&gateway.0, named(&request)?);
    let limit = query.number("limit", 1, MOST_CALLS_KEPT).unwrap_or(50);
    query.finish()?;
    found(state, &staff, id).await?;
    let calls = state.store.tool_calls(staff.member.tenant, id, limit).await?;
    Ok(HttpResponse::Ok().json(ToolCalls { calls: calls.into_iter().map(Into::into).collect() }))
}

/// `POST /v1/tools/{tool}/try` — `{tool}` is the id of one of the tenant's own, or the name of a built-in one.
pub(crate) async fn try_it(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<TryTool>,
) -> Answer {
    staff.require(Role::Seller)?;
    let (state, TryTool { arguments, send, lang }) = (&gateway.0, body.0);
    let tenant = sessions::tenant_of(state, &staff).await?;
    let lang = match lang {
        None => tenant.snapshot().settings.default_language(),
        Some(tag) => Lang::ALL
            .into_iter()
            .find(|lang| lang.tag() == tag)
            .ok_or_else(|| Problem::field("/lang", "value", "must be one of nb, fr, en, ar"))?,
    };
    let bad = |BadArguments(what): BadArguments| Problem::field("/arguments", "value", what);
    let name = request.match_info().get("tool").unwrap_or_default();
    if let Some(tool) = ToolName::parse(name) {
        if send {
            let detail = "a tool that every tenant has is shown, and changes nothing: leave it out";
            return Err(Problem::field("/send", "value", detail));
        }
        let run = tenant.tools().dry_run(tool, &arguments, lang).await?.map_err(bad)?;
        let dry_run =
            ToolDryRun { is_result: run.is_result, would_run: run.would_run, shown: run.shown };
        let trial = ToolTrial { dry_run: Some(dry_run), ..ToolTrial::default() };
        return Ok(HttpResponse::Ok().json(trial));
    }
    staff.require(Role::Manager)?;
    let ToolRecord { id, version, body, .. } = found(state, &staff, named(&request)?).await?;
    let mut headers: Vec<String> = body.headers.iter().cloned().collect();
    let tool = CustomTool { id, version, body };
    let by = (staff.member.member, send);
    let trial = tenant.tools().try_custom(&tool, &arguments, lang, by).await?.map_err(bad)?;
    if trial.prepared.body.is_some() {
        headers.push("content-type".into());
    }
    headers.extend(trial.idempotency_key.map(|_| "idempotency-key".to_owned()));
    let request = ToolRequest {
        method: trial.prepared.method.into(),
        url: trial.prepared.url.to_string(),
        headers,
        body: trial.prepared.body,
    };
    let sent = trial.sent.map(|sent| {
        let (fields, text, left_out) = match sent.answered {
            Some(answered) => (Some(answered.fields.into()), answered.text, answered.left_out),
            None => (None, String::new(), vec![]),
        };
        let may_say = text.split("\n\n").filter(|line| !line.is_empty()).map(str::to_owned);
        ToolSent {
            status: sent.status,
            code: sent.code,
            took_ms: sent.took_ms,
            fields,
            may_say: may_say.collect(),
            left_out,
        }
    });
    let trial = ToolTrial { request: Some(request), sent, dry_run: None };
    Ok(HttpResponse::Ok().json(trial))
}

/// A tool as it may be kept, with its headers sealed.
async fn checked(
    state: &State,
    staff: &Staff,
    id: ToolId,
    put: PutTool,
    known: Option<&ToolBody>,
) -> Result<ToolChange, Problem> {
    let desk = sessions::tenant_of(state, staff).await?.tools();
    let given = put.headers.clone();
    let body =
        put.into_body(known).map_err(|(pointer, why)| Problem::field(pointer, "value", why))?;
    let url = body.sample_url().map_err(|error| Problem::field("/url", "value", error.why))?;
    desk.check_url(url.as_str())
        .map_err(|error| Problem::field("/url", "address", error.to_string()))?;
    let headers = match given {
        None => None,
        Some(given) => {
            let given: BTreeMap<String, String> =
                given.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
            for (name, value) in &given {
                let fits = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
                if value.is_empty() || value.len() > LONGEST_VALUE || !fits {
                    let detail = "must be 1 to 2,000 printable ASCII characters";
                    return Err(Problem::field(format!("/headers/{name}"), "value", detail));
                }
            }
            let sealed = desk.seal_headers(id, &given).map_err(|error| {
                tracing::error!(%error, "headers could not be sealed");
                Problem::new(Code::Internal)
            })?;
            Some(sealed)
        }
    };
    Ok(ToolChange::Put { body, headers })
}

/// Stores a change, and answers the tool as it stands then.
async fn write(
    state: &State,
    staff: &Staff,
    id: ToolId,
    expected: i64,
    change: ToolChange,
) -> Result<ToolRecord, Problem> {
    let (by, now) = (staff.member.member, state.clock.now());
    let write = ToolWrite { id, expected, change, by, now };
    match state.store.write_tool(staff.member.tenant, &write).await? {
        ToolWritten::Stored(record) => {
            sessions::tenant_of(state, staff).await?.knowledge_changed();
            tracing::info!(tool.id = %id, member.id = %by, version = record.version, "a tool was changed");
            Ok(record)
        }
        ToolWritten::Conflict(_) => Err(Problem::new(Code::ChangedMeanwhile)),
        ToolWritten::NotFound => Err(nowhere()),
        ToolWritten::NameTaken => {
            Err(Problem::field("/name", "taken", "is the name of another tool"))
        }
        ToolWritten::TooMany => Err(Problem::new(Code::TooManyTools)),
    }
}
