//! `/v1/waits`: who would take a time if one became free, first come first served.

use actix_web::{HttpResponse, web};
use forecourt_core::{booking::Stretch, id::WaitId};
use forecourt_ports::store::{Role, Wait};
use forecourt_wire::{NewWait, WaitCreated, WaitList, WaitView};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use super::{customer, problem, zone_of};
use crate::{
    auth::Staff,
    extract::Json,
    gateway::Gateway,
    messages::check_client_id,
    problem::{Answer, Code, Problem},
    sessions,
};

/// Days that somebody may wait for a time.
const MOST_DAYS: i32 = 400;

/// `GET /v1/waits`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let (snapshot, now) = (tenant.snapshot(), gateway.0.clock.now());
    let settings = &snapshot.settings;
    let waits = tenant.bookings().waiting(None).await;
    let waits =
        waits.map_err(|error| problem(error, settings, settings.default_language(), now))?;
    let waits = waits.iter().map(WaitView::from).collect();
    Ok(HttpResponse::Ok().json(WaitList { waits }))
}

/// `POST /v1/waits` — the same `client_id` is the same place.
pub(crate) async fn add(gateway: web::Data<Gateway>, staff: Staff, body: Json<NewWait>) -> Answer {
    staff.require(Role::Seller)?;
    let NewWait { service_id, from, to, customer: who, session_id, client_id } = body.0;
    check_client_id(&client_id)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let (snapshot, now) = (tenant.snapshot(), gateway.0.clock.now());
    let settings = &snapshot.settings;
    let wait = Wait {
        id: gateway.0.ids.wait(),
        service: service_id,
        between: between(&from, &to, &zone_of(settings), now)?,
        customer: customer(who, settings)?,
        session: session_id,
        client_id: Some(client_id),
        created_at: now,
        offered: None,
    };
    let added = tenant.bookings().wait(&wait).await;
    let wait_id =
        added.map_err(|error| problem(error, settings, settings.default_language(), now))?;
    Ok(HttpResponse::Created().json(WaitCreated { wait_id }))
}

/// `DELETE /v1/waits/{wait}`.
pub(crate) async fn remove(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
) -> Answer {
    staff.require(Role::Seller)?;
    let id: WaitId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let (snapshot, now) = (tenant.snapshot(), gateway.0.clock.now());
    let settings = &snapshot.settings;
    let gone = tenant.bookings().stop_waiting(id).await;
    gone.map_err(|error| problem(error, settings, settings.default_language(), now))?;
    Ok(HttpResponse::NoContent().finish())
}

/// From the beginning of the first day, or from now, to the end of the last.
fn between(from: &str, to: &str, zone: &TimeZone, now: Timestamp) -> Result<Stretch, Problem> {
    let day = |pointer: &str, text: &str| {
        let day = text.parse::<Date>().ok().filter(|day| (1970..=9000).contains(&day.year()));
        day.ok_or_else(|| Problem::field(pointer, "value", "must be a day: 2026-11-24"))
    };
    let (first, last) = (day("/from", from)?, day("/to", to)?);
    let begins = |day: Date| day.to_zoned(zone.clone()).map(|day| day.timestamp());
    let wrong = |_| Problem::field("/to", "value", "must be a day: 2026-11-24");
    let stretch = Stretch {
        from: begins(first).map_err(wrong)?.max(now),
        until: begins(last.saturating_add(1.day())).map_err(wrong)?,
    };
    if (last - first).get_days() > MOST_DAYS || stretch.until <= stretch.from {
        let detail =
            format!("must lie ahead, not before `from`, and at most {MOST_DAYS} days after it");
        return Err(Problem::field("/to", "order", detail));
    }
    Ok(stretch)
}
