//! `/v1/vehicles/import` and `/v1/vehicles.csv`: stock as a spreadsheet, in two steps on its way in.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
    web,
};
use forecourt_core::{id::ImportId, inventory::csv::MAX_FILE};
use forecourt_ports::store::Role;
use forecourt_wire::{ImportDone, ImportPreview};

use super::problem;
use crate::{
    auth::Staff,
    extract::{Media, body_within, media},
    gateway::Gateway,
    problem::{Answer, Code, Problem},
    sessions,
};

/// How long a whole file may take on its way.
const FILE_DEADLINE: Duration = Duration::from_mins(1);

/// `POST /v1/vehicles/import` — looks at a file; nothing is imported yet.
pub(crate) async fn preview(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    payload: web::Payload,
) -> Answer {
    staff.require(Role::Manager)?;
    if media(request.headers()) != Media::Other {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail("send the file itself, as text/csv; its encoding is found out"));
    }
    let mut payload = payload.into_inner();
    let too_large = |problem: Problem| match problem.code() {
        Code::TooLarge => problem.detail("the file must have at most 5 MiB"),
        _ => problem,
    };
    let file = body_within(&request, &mut payload, MAX_FILE, FILE_DEADLINE).await;
    let file = file.map_err(too_large)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let looked = desk.preview(file.to_vec(), staff.member.member).await.map_err(problem)?;
    let preview = ImportPreview::of(looked.id, &looked.sheet, looked.plan);
    Ok(HttpResponse::Created().json(preview))
}

/// `POST /v1/vehicles/import/{import}/commit` — does what the preview showed; a repeat answers the same.
pub(crate) async fn commit(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let id: Option<ImportId> = request.match_info().get("import").and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let done = tenant.inventory().import(id, staff.member.member).await.map_err(problem)?;
    tracing::info!(
        import.id = %id, member.id = %staff.member.member,
        vehicles.new = done.counts.new, vehicles.changed = done.counts.changed,
        "vehicles were imported"
    );
    let body = ImportDone { import_id: done.id, counts: done.counts.into(), imported_at: done.at };
    Ok(HttpResponse::Ok().json(body))
}

/// `GET /v1/vehicles.csv` — the whole stock, as a file that can be imported again.
pub(crate) async fn export(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let file = tenant.inventory().export().await.map_err(problem)?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename("vehicles.csv".to_owned())],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(file))
}
