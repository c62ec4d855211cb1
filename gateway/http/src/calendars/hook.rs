//! `POST /v1/hooks/cal/{calendar}`: Cal.com says that something has changed.
//!
//! A hook carries no id and no time, may come twice and in any order. So nothing it says is taken over: it only
//! has the calendar read again, and of a cancelled booking it is looked whether it is gone.
//!
//! # Invariants
//! - **A1** 2xx only after what follows is stored;
//! - a body without a good signature is not read, and tells nobody whether there is such a calendar.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_actors::{
    ToldError,
    calendars::{open, owner},
};
use forecourt_core::id::{BookingId, TenantId};
use forecourt_ports::{
    calendar::Account,
    store::{CalendarChange, CalendarRecord},
};

use super::{CalendarDesk, account, desk, named, nowhere, problem};
use crate::{
    client, extract,
    gateway::Gateway,
    limits::Network,
    problem::{Answer, Code, Problem},
};

/// The header that holds the signature.
const SIGNATURE: &str = "x-cal-signature-256";

pub(crate) async fn post(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    payload: web::Payload,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let (desk, calendar) = (desk(state)?, named(&request)?);
    let body = extract::body(&request, &mut payload.into_inner()).await?;
    let signature = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
    let tenant = desk.store.tenant_of_calendar(calendar).await?.ok_or_else(nowhere)?;
    let found = desk.store.find_calendar(tenant, calendar, state.clock.now()).await?;
    let (record, sealed) = found.ok_or_else(nowhere)?;
    let credentials =
        open(&*desk.vault, owner(tenant, calendar), &sealed).map_err(|_| nowhere())?;
    let forecourt_ports::calendar::Credentials::Key { hook_secret, .. } = &credentials else {
        return Err(nowhere());
    };
    let provider = record.provider;
    let signature = signature.unwrap_or_default();
    if !desk.calendar.is_signed(provider, hook_secret, signature, &body) {
        return Err(nowhere());
    }
    desk.store.change_calendar(tenant, calendar, &CalendarChange::Now, state.clock.now()).await?;
    desk.sync.wake();
    if let Some(booking) = desk.calendar.cancelled(provider, &body) {
        let account = account(&record, credentials, String::new());
        cancelled(desk, tenant, (&record, &account), booking).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

async fn cancelled(
    desk: &CalendarDesk,
    tenant: TenantId,
    (record, account): (&CalendarRecord, &Account),
    booking: BookingId,
) -> Result<(), Problem> {
    let known = desk.store.find_entry(tenant, record.calendar, booking).await?;
    // A booking that is not in this calendar cannot have been cancelled there.
    let Some(known) = known else { return Ok(()) };
    match desk.sync.cancelled(tenant, account, booking, &known).await {
        Ok(()) => Ok(()),
        Err(ToldError::Calendar(error)) => Err(problem(error)),
        Err(ToldError::Booking(error)) => {
            tracing::warn!(booking.id = %booking, %error, "a booking was not cancelled yet");
            let after = std::time::Duration::from_secs(5);
            Err(Problem::new(Code::Unavailable).retry_after(after))
        }
    }
}
