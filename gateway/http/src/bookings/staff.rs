//! `/v1/bookings`: holds, yeses, moves and cancellations by the tenant's people.

use actix_web::{HttpResponse, web};
use forecourt_actors::{BookingDesk, BookingError, HoldWish};
use forecourt_core::{
    booking::{Booking, BookingStatus, By},
    id::{BookingId, ResourceId, ServiceId, SessionId},
};
use forecourt_ports::store::{BookingFilter, MOST_ROWS, Role, TenantSnapshot};
use forecourt_wire::{
    BookingDetail, BookingPage, BookingView, CancelBooking, ConfirmBooking, HoldBooking,
    RescheduleBooking,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

use super::{customer, problem, start, text};
use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::{Gateway, State},
    leads,
    messages::check_client_id,
    problem::{Answer, Code, Problem},
    sessions,
};

const PER_PAGE: u32 = 50;
/// The longest notes and reasons, in characters.
const NOTES: usize = 2_000;
pub(super) const REASON: usize = 500;

/// Who acts on whose appointments.
struct Acting<'a> {
    state: &'a State,
    snapshot: Arc<TenantSnapshot>,
    desk: BookingDesk,
    by: By,
}

impl<'a> Acting<'a> {
    async fn of(state: &'a State, staff: &Staff) -> Result<Self, Problem> {
        staff.require(Role::Seller)?;
        let tenant = sessions::tenant_of(state, staff).await?;
        let by = By::Member(staff.member.member);
        Ok(Self { state, snapshot: tenant.snapshot(), desk: tenant.bookings(), by })
    }

    fn told(&self, error: BookingError) -> Problem {
        let settings = &self.snapshot.settings;
        problem(error, settings, settings.default_language(), self.state.clock.now())
    }

    fn start(&self, text: &str) -> Result<Timestamp, Problem> {
        let settings = &self.snapshot.settings;
        start(text, settings, settings.default_language(), self.state.clock.now())
    }

    fn answer(&self, done: Result<Booking, BookingError>) -> Answer {
        let booking = done.map_err(|error| self.told(error))?;
        Ok(HttpResponse::Ok().json(BookingView::of(&booking, self.state.clock.now())))
    }
}

fn named(id: &str) -> Result<BookingId, Problem> {
    id.parse().map_err(|_| Problem::new(Code::NotFound))
}

/// `GET /v1/bookings` — by start, the earliest first.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff, mut query: Query) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let instant = |text: &str| {
        let at = text.parse::<Timestamp>().ok().filter(|at| leads::is_plain(*at));
        at.ok_or_else(|| "must be an instant of the years 1 to 9999".to_owned())
    };
    let filter = BookingFilter {
        status: query.read("status", |text| {
            let all = BookingStatus::ALL.map(BookingStatus::as_str).join(", ");
            BookingStatus::parse(text).ok_or_else(|| format!("must be one of {all}"))
        }),
        service: query.read("service", |text| {
            text.parse::<ServiceId>().map_err(|_| "must be the id of a service".into())
        }),
        resource: query.read("resource", |text| {
            text.parse::<ResourceId>().map_err(|_| "must be the id of a resource".into())
        }),
        session: query.read("session", |text| {
            text.parse::<SessionId>().map_err(|_| "must be the id of a conversation".into())
        }),
        // Addresses stand in no query: queries are logged by proxies.
        email: None,
        phone: None,
        from: query.read("from", instant),
        until: query.read("until", instant),
        after: query.read("cursor", |text| {
            cursor(text).ok_or_else(|| "must be the `next` of an earlier page".into())
        }),
        limit: query.number("limit", 1, MOST_ROWS).unwrap_or(PER_PAGE),
    };
    query.finish()?;
    let rows = acting.desk.list(&filter).await.map_err(|error| acting.told(error))?;
    let is_full = rows.len() == filter.limit as usize;
    let next = rows.last().filter(|_| is_full).map(written);
    let now = gateway.0.clock.now();
    let bookings = rows.iter().map(|booking| BookingView::of(booking, now)).collect();
    Ok(HttpResponse::Ok().json(BookingPage { bookings, next }))
}

/// `<microseconds>.<booking>`.
fn written(booking: &Booking) -> String {
    format!("{}.{}", booking.wish.from.as_microsecond(), booking.id)
}

fn cursor(text: &str) -> Option<(Timestamp, BookingId)> {
    let (at, id) = text.split_once('.')?;
    let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    leads::is_plain(at).then_some((at, id.parse().ok()?))
}

/// `POST /v1/bookings` — holds a time; the same `client_id` is the same booking.
pub(crate) async fn hold(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<HoldBooking>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let wish = body.0;
    check_client_id(&wish.client_id)?;
    let lasts = match wish.hold_minutes {
        Some(minutes @ 1..=60) => Some(SignedDuration::from_mins(minutes.into())),
        Some(_) => return Err(Problem::field("/hold_minutes", "value", "must be from 1 to 60")),
        None => None,
    };
    let held = acting.desk.hold(HoldWish {
        service: wish.service_id,
        from: acting.start(&wish.starts_at)?,
        resource: wish.resource_id,
        customer: customer(wish.customer, &acting.snapshot.settings)?,
        notes: text("/notes", wish.notes, NOTES)?,
        session: wish.session_id,
        client_id: Some(wish.client_id),
        lasts,
        by: acting.by,
    });
    let booking = held.await.map_err(|error| acting.told(error))?;
    Ok(HttpResponse::Created().json(BookingView::of(&booking, gateway.0.clock.now())))
}

/// `GET /v1/bookings/{booking}` — with all that happened to it.
pub(crate) async fn get(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let found = acting.desk.find(named(&id)?).await.map_err(|error| acting.told(error))?;
    let token = gateway.0.sealer.booking(staff.member.tenant, found.booking.id);
    Ok(HttpResponse::Ok().json(BookingDetail::of(&found, token, gateway.0.clock.now())))
}

/// `POST /v1/bookings/{booking}/confirm` — says yes to exactly one offer, for the customer.
pub(crate) async fn confirm(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<ConfirmBooking>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let ConfirmBooking { offer_id, customer: known } = body.0;
    let known = known.map(|known| customer(known, &acting.snapshot.settings)).transpose()?;
    acting.answer(acting.desk.confirm(named(&id)?, offer_id, acting.by, known).await)
}

/// `POST /v1/bookings/{booking}/reschedule` — moves it; its id stays.
pub(crate) async fn reschedule(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<RescheduleBooking>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let from = acting.start(&body.0.starts_at)?;
    acting.answer(acting.desk.reschedule(named(&id)?, from, acting.by).await)
}

/// `POST /v1/bookings/{booking}/cancel`.
pub(crate) async fn cancel(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<CancelBooking>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    let reason = text("/reason", body.0.reason, REASON)?;
    acting.answer(acting.desk.cancel(named(&id)?, acting.by, reason).await)
}

/// `POST /v1/bookings/{booking}/no-show` — the customer did not come.
pub(crate) async fn no_show(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
) -> Answer {
    let acting = Acting::of(&gateway.0, &staff).await?;
    acting.answer(acting.desk.no_show(named(&id)?, acting.by).await)
}
