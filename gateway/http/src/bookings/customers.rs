//! What customers ask without signing in: free times of a business, and the one booking whose signed
//! link they hold.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_core::{
    booking::{Booking, By, invite},
    id::{BookingId, ResourceId, ServiceId},
    lang::Lang,
};
use forecourt_wire::{
    AcceptOffer, CancelBooking, FreeSlot, FreeSlots, NoSlotReason, PublicBooking,
    RescheduleBooking, booking::local,
};
use jiff::{ToSpan as _, civil::Date};
use std::sync::Arc;

use super::{known_zone, problem, staff::REASON, start, text, zone_of};
use crate::{
    client,
    desk::TenantDesk,
    extract::{Json, Query},
    form,
    gateway::{Gateway, State},
    limits::Network,
    problem::{Answer, Code, Problem},
};

/// Days that one question may span.
const MOST_DAYS: i32 = 62;
/// Free times that one answer names.
const MOST_TIMES: u32 = 500;

/// `GET /v1/public/slots` — free times on both clocks, or why there is none.
pub(crate) async fn slots(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let day = |text: &str| {
        let day = text.parse::<Date>().ok().filter(|day| (1970..=9000).contains(&day.year()));
        day.ok_or_else(|| "must be a day: 2026-11-24".to_owned())
    };
    let slug = query.read("tenant", |slug| Ok(slug.to_owned()));
    let service = query.read("service", |text| {
        text.parse::<ServiceId>().map_err(|_| "must be the id of a service".into())
    });
    let resource = query.read("resource", |text| {
        text.parse::<ResourceId>().map_err(|_| "must be the id of a resource".into())
    });
    let (from, to) = (query.read("from", day), query.read("to", day));
    let zone = query.read("zone", |text| Ok(text.to_owned()));
    let lang = query.read("lang", |tag| Ok(Lang::parse(tag))).flatten();
    let limit = query.number("limit", 1, MOST_TIMES).unwrap_or(100);
    query.finish()?;
    let missing = |name: &str| Problem::field(name, "required", "is missing");
    let slug = slug.ok_or_else(|| missing("tenant"))?;
    let service = service.ok_or_else(|| missing("service"))?;
    let customer_zone = zone.map(|zone| known_zone("zone", zone)).transpose()?;
    let tenant = form::find(state, &slug).await?;
    let snapshot = tenant.snapshot();
    let settings = &snapshot.settings;
    let (lang, zone) = (settings.language_or_default(lang), zone_of(settings));
    let now = state.clock.now();
    let from = from.unwrap_or_else(|| zone.to_datetime(now).date());
    let to = to.unwrap_or_else(|| from.saturating_add(6.days()));
    let days = (to - from).get_days() + 1;
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("must be at most {MOST_DAYS} days from `from`, and not before it");
        return Err(Problem::field("to", "order", detail));
    }
    let asked = tenant.bookings().free(service, resource, from, days as u16, limit as usize).await;
    let asked = asked.map_err(|error| problem(error, settings, lang, now))?;
    let slot = |time: &forecourt_core::booking::FreeTime| FreeSlot {
        starts_at: time.from,
        ends_at: time.until,
        local: local(time.from, &asked.zone),
        customer_local: customer_zone.as_deref().map(|zone| local(time.from, zone)),
    };
    // Which of the people is taken is nobody's business: the same words are one reason.
    let mut why: Vec<NoSlotReason> = Vec::new();
    for (reason, times) in &asked.why {
        let (key, sentence) = (reason.key(), reason.sentence(lang, &zone, now));
        match why.iter_mut().find(|known| known.sentence == sentence) {
            Some(known) => known.times += times,
            None => why.push(NoSlotReason { key: key.to_owned(), sentence, times: *times }),
        }
    }
    let slots = asked.times.iter().map(slot).collect();
    let told = FreeSlots { zone: asked.zone.clone(), customer_zone, slots, why };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(told))
}

/// The tenant and the booking behind a link. A link that is not ours leads nowhere.
async fn opened(
    request: &HttpRequest,
    state: &State,
    token: &str,
) -> Result<(Arc<dyn TenantDesk>, BookingId), Problem> {
    state.limiters.public_ip.check(&Network::from(client::ip(request))).await?;
    let nowhere = || Problem::new(Code::NotFound);
    let (tenant, booking) =
        state.sealer.open_booking(token, state.clock.now()).ok_or_else(nowhere)?;
    let tenant = state.desk.tenant_by_id(tenant).await?.ok_or_else(nowhere)?;
    Ok((tenant, booking))
}

async fn shown(state: &State, tenant: &dyn TenantDesk, booking: &Booking) -> Answer {
    let snapshot = tenant.snapshot();
    let name = service_name(tenant, booking, snapshot.settings.default_language()).await?;
    let view = PublicBooking::of(booking, &snapshot, &name, state.clock.now());
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// The service's name in the customer's language.
pub(super) async fn service_name(
    tenant: &dyn TenantDesk,
    booking: &Booking,
    default: Lang,
) -> Result<String, Problem> {
    let (knowledge, lang) =
        (tenant.knowledge().await?, booking.wish.customer.lang.unwrap_or(default));
    let service = knowledge.services.iter().find(|service| service.id == booking.wish.service);
    Ok(service.map(|service| service.name.get(lang).to_owned()).unwrap_or_default())
}

/// The booking as it stands, and its failures in the customer's language.
macro_rules! changed {
    ($state:ident, $tenant:ident, $done:expr) => {{
        let done = $done;
        let snapshot = $tenant.snapshot();
        let settings = &snapshot.settings;
        let (lang, now) = (settings.default_language(), $state.clock.now());
        let booking = done.map_err(|error| problem(error, settings, lang, now))?;
        shown($state, &*$tenant, &booking).await
    }};
}

/// `GET /v1/public/bookings/{token}`.
pub(crate) async fn get(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, id) = opened(&request, state, &token).await?;
    changed!(state, tenant, tenant.bookings().find(id).await.map(|found| found.booking))
}

/// `POST /v1/public/bookings/{token}/cancel`.
pub(crate) async fn cancel(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
    body: Json<CancelBooking>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, id) = opened(&request, state, &token).await?;
    let reason = text("/reason", body.0.reason, REASON)?;
    changed!(state, tenant, tenant.bookings().cancel(id, By::Customer, reason).await)
}

/// `POST /v1/public/bookings/{token}/confirm` — the customer's yes to what is held for them.
pub(crate) async fn confirm(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
    body: Json<AcceptOffer>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, id) = opened(&request, state, &token).await?;
    let offer = body.0.offer_id;
    changed!(state, tenant, tenant.bookings().confirm(id, offer, By::Customer, None).await)
}

/// `POST /v1/public/bookings/{token}/reschedule`.
pub(crate) async fn reschedule(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
    body: Json<RescheduleBooking>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, id) = opened(&request, state, &token).await?;
    let snapshot = tenant.snapshot();
    let lang = snapshot.settings.default_language();
    let from = start(&body.0.starts_at, &snapshot.settings, lang, state.clock.now())?;
    changed!(state, tenant, tenant.bookings().reschedule(id, from, By::Customer).await)
}

/// `GET /v1/public/bookings/{token}/invitation.ics` — for the customer's calendar.
pub(crate) async fn invitation(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, id) = opened(&request, state, &token).await?;
    let snapshot = tenant.snapshot();
    let settings = &snapshot.settings;
    let (lang, now) = (settings.default_language(), state.clock.now());
    let found = tenant.bookings().find(id).await;
    let booking = found.map_err(|error| problem(error, settings, lang, now))?.booking;
    let service = service_name(&*tenant, &booking, lang).await?;
    let summary = format!("{service} · {}", settings.brand.name);
    let host = state.config.public_url.as_deref().and_then(|url| url.split('/').nth(2));
    let entry = invite::Entry {
        summary: &summary,
        description: "",
        location: settings.brand.address.as_deref().unwrap_or_default(),
        organizer_name: &settings.brand.name,
        organizer: &settings.mail.from_address,
        url: None,
        host: host.unwrap_or_default(),
    };
    let method = invite::method(&booking).as_str();
    Ok(HttpResponse::Ok()
        .content_type(format!("text/calendar; method={method}; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"invitation.ics\""))
        .body(invite::render(&booking, &entry, now)))
}
