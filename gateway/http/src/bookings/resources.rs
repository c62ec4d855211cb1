//! `/v1/resources` and `/v1/services`: what can be booked, and under which terms.

use actix_web::{HttpResponse, web};
use forecourt_core::{
    booking::{Block, Need, Recurrence, Resource, ResourceKind, Terms},
    hours::{OpeningHours, Span},
    id::{BlockId, ResourceId, ServiceId},
};
use forecourt_ports::store::Role;
use forecourt_wire::{
    BlockCreated, BlockList, BlockView, LedgerEntry, NewBlock, PutResource, PutTerms,
    ResourceLedger, ResourceList, ResourceView, ServiceTerms, ServiceTermsList,
};
use jiff::civil::Time;

use super::{known_zone, problem, text};
use crate::{
    auth::Staff,
    extract::Json,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    sessions,
};

/// Entries of a ledger that one answer shows.
const SHOWN: usize = 2_000;

fn told(
    state: &State,
    settings: &forecourt_core::settings::TenantSettings,
) -> impl Fn(forecourt_actors::BookingError) -> Problem {
    let (now, lang) = (state.clock.now(), settings.default_language());
    move |error| problem(error, settings, lang, now)
}

/// `GET /v1/resources`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let catalogue =
        tenant.bookings().catalogue().await.map_err(told(&gateway.0, &snapshot.settings))?;
    let resources = catalogue.resources.iter().map(ResourceView::from).collect();
    Ok(HttpResponse::Ok().json(ResourceList { resources }))
}

/// `POST /v1/resources`.
pub(crate) async fn create(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<PutResource>,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = gateway.0.ids.resource();
    let resource = read(id, body.0)?;
    if resource.kind == ResourceKind::Service {
        return Err(Problem::field(
            "/kind",
            "value",
            "a service's own places come with the service",
        ));
    }
    let view = ResourceView::from(&resource);
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    tenant.bookings().put_resource(resource).await.map_err(told(&gateway.0, &snapshot.settings))?;
    Ok(HttpResponse::Created().json(view))
}

/// `PUT /v1/resources/{resource}` — replaces all of it but its kind.
pub(crate) async fn put(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<PutResource>,
) -> Answer {
    staff.require(Role::Manager)?;
    let id: ResourceId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let resource = read(id, body.0)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let told = told(&gateway.0, &snapshot.settings);
    let desk = tenant.bookings();
    let catalogue = desk.catalogue().await.map_err(&told)?;
    let known = catalogue.resources.iter().find(|known| known.id == id);
    let known = known.ok_or_else(|| Problem::new(Code::NotFound))?;
    if known.kind != resource.kind {
        return Err(Problem::field("/kind", "value", "stays what it was made as"));
    }
    if known.kind == ResourceKind::Service && known.capacity != resource.capacity {
        return Err(Problem::field("/capacity", "value", "is changed with the service's terms"));
    }
    let view = ResourceView::from(&resource);
    desk.put_resource(resource).await.map_err(&told)?;
    Ok(HttpResponse::Ok().json(view))
}

fn read(id: ResourceId, put: PutResource) -> Result<Resource, Problem> {
    let name = text("/name", Some(put.name), Resource::MAX_NAME)?;
    let name = name.ok_or_else(|| Problem::field("/name", "required", "is missing"))?;
    if put.capacity > Resource::MAX_UNITS {
        let detail = format!("must be {} at most", Resource::MAX_UNITS);
        return Err(Problem::field("/capacity", "value", detail));
    }
    for (pointer, minutes) in [
        ("/buffer_before_minutes", put.buffer_before_minutes),
        ("/buffer_after_minutes", put.buffer_after_minutes),
    ] {
        buffer(pointer, minutes)?;
    }
    let hours = put.hours.map(|week| -> Result<OpeningHours, Problem> {
        let wrong = |detail: String| Problem::field("/hours", "value", detail);
        let clock = |text: &str| {
            Time::strptime("%H:%M", text).map_err(|_| wrong("times are written 09:00".into()))
        };
        let mut days = Vec::with_capacity(week.len().min(7));
        for day in week.iter().take(8) {
            let spans = day
                .iter()
                .take(OpeningHours::MAX_SPANS + 1)
                .map(|span| Ok(Span { opens: clock(&span.opens)?, closes: clock(&span.closes)? }));
            days.push(spans.collect::<Result<_, Problem>>()?);
        }
        let hours = OpeningHours { week: days, exceptions: vec![] };
        hours.check().map_err(|error| wrong(error.to_string()))?;
        Ok(hours)
    });
    Ok(Resource {
        id,
        kind: put.kind.into(),
        name,
        capacity: put.capacity,
        buffer_before: put.buffer_before_minutes,
        buffer_after: put.buffer_after_minutes,
        vehicle: put.vehicle_id,
        hours: hours.transpose()?,
        active: put.active,
    })
}

fn buffer(pointer: &str, minutes: u16) -> Result<(), Problem> {
    let detail = format!("must be {} minutes at most", Terms::MAX_BUFFER);
    if minutes <= Terms::MAX_BUFFER {
        Ok(())
    } else {
        Err(Problem::field(pointer, "value", detail))
    }
}

/// `GET /v1/resources/{resource}` — with what is booked, held and blocked of it.
pub(crate) async fn get(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
) -> Answer {
    staff.require(Role::Seller)?;
    let id: ResourceId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let ledger =
        tenant.bookings().ledger(id).await.map_err(told(&gateway.0, &snapshot.settings))?;
    let now = gateway.0.clock.now();
    let mut entries: Vec<LedgerEntry> = ledger
        .taken(now)
        .map(|taken| LedgerEntry {
            from: taken.take.stretch.from,
            until: taken.take.stretch.until,
            booking_id: Some(taken.booking),
            unit: Some(taken.take.unit),
            held_until: taken.held_until,
            blocked: None,
        })
        .collect();
    entries.extend(ledger.closed().iter().map(|(stretch, kind)| LedgerEntry {
        from: stretch.from,
        until: stretch.until,
        booking_id: None,
        unit: None,
        held_until: None,
        blocked: Some((*kind).into()),
    }));
    entries.retain(|entry| entry.until > now);
    entries.sort_by_key(|entry| (entry.from, entry.until, entry.booking_id));
    entries.truncate(SHOWN);
    let resource = ResourceView::from(ledger.resource());
    Ok(HttpResponse::Ok().json(ResourceLedger { resource, entries }))
}

/// `GET /v1/resources/{resource}/blocks`.
pub(crate) async fn blocks(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
) -> Answer {
    staff.require(Role::Seller)?;
    let id: ResourceId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let found = tenant.bookings().blocks(id).await;
    let found = found.map_err(told(&gateway.0, &snapshot.settings))?;
    let blocks = found.iter().map(BlockView::from).collect();
    Ok(HttpResponse::Ok().json(BlockList { blocks }))
}

/// `POST /v1/resources/{resource}/blocks`.
pub(crate) async fn block(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<NewBlock>,
) -> Answer {
    staff.require(Role::Seller)?;
    let resource: ResourceId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let NewBlock { kind, label, starts_at, zone, minutes, rule } = body.0;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let starts_at: jiff::civil::DateTime = starts_at
        .parse()
        .ok()
        .filter(|at: &jiff::civil::DateTime| (1970..=9000).contains(&at.year()))
        .ok_or_else(|| {
            Problem::field("/starts_at", "value", "must be a wall-clock time: 2026-11-24T09:00")
        })?;
    if !(1..=Block::MAX_MINUTES).contains(&minutes) {
        let detail = format!("must be 1 to {} minutes", Block::MAX_MINUTES);
        return Err(Problem::field("/minutes", "value", detail));
    }
    let rule = rule.map(|rule| Recurrence::parse(&rule)).transpose();
    let rule = rule.map_err(|error| Problem::field("/rule", "value", error.to_string()))?;
    let zone = zone.map(|zone| known_zone("/zone", zone)).transpose()?;
    let block = Block {
        id: gateway.0.ids.block(),
        resource,
        kind: kind.into(),
        label: text("/label", label, Block::MAX_LABEL)?,
        starts_at,
        zone: zone.unwrap_or_else(|| snapshot.settings.zone.clone()),
        minutes,
        rule,
    };
    let block_id = block.id;
    tenant.bookings().block(block).await.map_err(told(&gateway.0, &snapshot.settings))?;
    Ok(HttpResponse::Created().json(BlockCreated { block_id }))
}

/// `DELETE /v1/resources/{resource}/blocks/{block}`.
pub(crate) async fn unblock(
    gateway: web::Data<Gateway>,
    staff: Staff,
    ids: web::Path<(String, String)>,
) -> Answer {
    staff.require(Role::Seller)?;
    let (resource, block) = ids.into_inner();
    let resource: ResourceId = resource.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let block: BlockId = block.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    tenant
        .bookings()
        .unblock(resource, block)
        .await
        .map_err(told(&gateway.0, &snapshot.settings))?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/services` — the terms of every service.
pub(crate) async fn services(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let catalogue =
        tenant.bookings().catalogue().await.map_err(told(&gateway.0, &snapshot.settings))?;
    let (knowledge, lang) = (tenant.knowledge().await?, snapshot.settings.default_language());
    let name = |id: ServiceId| {
        let service = knowledge.services.iter().find(|service| service.id == id);
        service.map_or("", |service| service.name.get(lang))
    };
    let services =
        catalogue.terms.iter().map(|terms| ServiceTerms::of(terms, name(terms.service))).collect();
    Ok(HttpResponse::Ok().json(ServiceTermsList { services }))
}

/// `PUT /v1/services/{service}/terms`.
pub(crate) async fn terms(
    gateway: web::Data<Gateway>,
    staff: Staff,
    id: web::Path<String>,
    body: Json<PutTerms>,
) -> Answer {
    staff.require(Role::Manager)?;
    let service: ServiceId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let put = body.0;
    buffer("/buffer_before_minutes", put.buffer_before_minutes)?;
    buffer("/buffer_after_minutes", put.buffer_after_minutes)?;
    for (pointer, value, low, high) in [
        ("/minutes", u32::from(put.minutes), 1, 1_440),
        ("/horizon_days", u32::from(put.horizon_days), 1, u32::from(Terms::MAX_HORIZON)),
        ("/capacity", u32::from(put.capacity), 0, u32::from(Resource::MAX_UNITS)),
        ("/notice_minutes", put.notice_minutes, 0, 400 * 24 * 60),
        ("/needs", put.needs.len() as u32, 0, Terms::MAX_NEEDS as u32),
    ] {
        if !(low..=high).contains(&value) {
            let detail = format!("must be from {low} to {high}");
            return Err(Problem::field(pointer, "value", detail));
        }
    }
    if put.needs.iter().any(|need| need.only.len() > Terms::MAX_ONLY) {
        let detail = format!("a need names {} resources at most", Terms::MAX_ONLY);
        return Err(Problem::field("/needs", "value", detail));
    }
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let snapshot = tenant.snapshot();
    let told = told(&gateway.0, &snapshot.settings);
    let desk = tenant.bookings();
    let catalogue = desk.catalogue().await.map_err(&told)?;
    let known = catalogue.terms.iter().find(|terms| terms.service == service);
    let known = known.ok_or_else(|| Problem::new(Code::NotFound))?;
    let needs = put.needs.into_iter().map(|need| Need { kind: need.kind.into(), only: need.only });
    let terms = Terms {
        minutes: put.minutes,
        buffer_before: put.buffer_before_minutes,
        buffer_after: put.buffer_after_minutes,
        notice_minutes: put.notice_minutes,
        horizon_days: put.horizon_days,
        capacity: put.capacity,
        needs: needs.collect(),
        ..known.clone()
    };
    desk.put_terms(&terms).await.map_err(&told)?;
    Ok(HttpResponse::NoContent().finish())
}
