//! Pictures of vehicles: uploaded by managers, read by everybody.
//!
//! # Invariants
//! - a picture is what its first bytes say, not what it was called; nothing else is kept, and what is
//!   served runs no script (`nosniff`, and the policy of every answer here);
//! - an address never shows another picture later, so it may be kept for ever.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_core::id::{PhotoId, TenantId};
use forecourt_ports::store::Role;
use forecourt_wire::VehicleView;
use uuid::Uuid;

use super::{named, needs_version, problem, seen, version};
use crate::{
    auth::Staff,
    client,
    extract::{Query, body_within},
    gateway::Gateway,
    limits::Network,
    problem::{Answer, Code, Problem},
    sessions,
};

/// Bytes of a picture.
const MAX_PHOTO: usize = 4 * 1024 * 1024;
const PHOTO_DEADLINE: Duration = Duration::from_mins(1);

/// The media type by the first bytes.
fn media_type(body: &[u8]) -> Option<&'static str> {
    match body {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// `POST /v1/vehicles/{vehicle}/photos?version=` — shown last.
pub(crate) async fn upload(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
    payload: web::Payload,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = version(&request, &mut query);
    query.finish()?;
    let version = needs_version(version)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let mut payload = payload.into_inner();
    let body = body_within(&request, &mut payload, MAX_PHOTO, PHOTO_DEADLINE).await;
    let body = body.map_err(|problem| match problem.code() {
        Code::TooLarge => problem.detail("a picture must have at most 4 MiB"),
        _ => problem,
    })?;
    let media_type = media_type(&body).ok_or_else(|| {
        Problem::new(Code::UnsupportedMediaType).detail("send a JPEG, PNG or WebP picture")
    })?;
    let by = staff.member.member;
    let changed = desk.add_photo(&record, media_type, body.to_vec(), by).await.map_err(problem)?;
    Ok(HttpResponse::Created().json(VehicleView::from(changed)))
}

/// `DELETE /v1/vehicles/{vehicle}/photos/{photo}?version=` — for good.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = version(&request, &mut query);
    query.finish()?;
    let version = needs_version(version)?;
    let (tenant, photo) = addressed(&request).ok_or_else(|| Problem::new(Code::NotFound))?;
    if tenant != staff.member.tenant {
        return Err(Problem::new(Code::NotFound));
    }
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let changed = desk.remove_photo(&record, photo, staff.member.member).await.map_err(problem)?;
    Ok(HttpResponse::Ok().json(VehicleView::from(changed)))
}

/// `GET /v1/public/photos/{photo}`.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let (tenant, photo) = addressed(&request).ok_or_else(|| Problem::new(Code::NotFound))?;
    let found = state.store.find_photo(tenant, photo).await?;
    let found = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type(found.media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .insert_header((header::CONTENT_DISPOSITION, "inline"))
        // A picture is small as it is.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(found.body))
}

/// The tenant's digits, then the picture's.
fn addressed(request: &HttpRequest) -> Option<(TenantId, PhotoId)> {
    let digits = request.match_info().get("photo")?;
    let plain =
        digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let (tenant, photo) = plain.then(|| digits.split_at(32))?;
    let (tenant, photo) = (Uuid::try_parse(tenant).ok()?, Uuid::try_parse(photo).ok()?);
    Some((TenantId::from_uuid(tenant), PhotoId::from_uuid(photo)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        assert_eq!(media_type(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some("image/jpeg"));
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some("image/png"));
        assert_eq!(media_type(b"RIFF\x24\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..], b"GIF89a", b"MZ", b""] {
            assert_eq!(media_type(other), None);
        }
    }
}
