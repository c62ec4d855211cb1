//! How customers find their bookings without a link: a code by mail, brought back for links that last a
//! while.
//!
//! # Invariants
//! - whether an address has a booking shows in no answer, and not in how long it takes: the search runs
//!   behind the answer;
//! - **A9** so many questions per network; codes are counted per booking, whoever asks.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_core::{
    booking::code::VALID,
    contact::{Email, Phone},
};
use forecourt_wire::{BringCode, CodeAsked, FindBookings, OwnBooking, OwnBookings, PublicBooking};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{customers::service_name, problem};
use crate::{
    client,
    extract::Json,
    form,
    gateway::Gateway,
    limits::Network,
    problem::{Answer, Problem},
    tokens,
};

/// How long the links that a code opens are good.
const LINKS: SignedDuration = SignedDuration::from_mins(30);
/// As long as a UUID is written.
const LONGEST: usize = 36;

/// `POST /v1/public/bookings/find` — the same answer whatever there is.
pub(crate) async fn find(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    body: Json<FindBookings>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let FindBookings { tenant, email, phone, reference } = body.0;
    let tenant = form::find(state, &tenant).await?;
    let snapshot = tenant.snapshot();
    let wrong = |pointer: &str, detail: &str| Problem::field(pointer, "value", detail);
    let email = email.map(|email| {
        let parsed = Email::parse(&email).map_err(|_| wrong("/email", "must be a mail address"));
        parsed.map(|email| email.as_str().to_lowercase())
    });
    let phone = phone.map(|phone| {
        let parsed = Phone::parse(&phone, &snapshot.settings.country);
        let parsed = parsed.map_err(|_| wrong("/phone", "must be a phone number"));
        parsed.map(|phone| phone.as_str().to_owned())
    });
    let (email, phone) = (email.transpose()?, phone.transpose()?);
    if email.is_none() && phone.is_none() {
        return Err(Problem::field("/email", "required", "is missing, and so is `phone`"));
    }
    let reference = reference.map(|end| end.trim().to_ascii_lowercase());
    let plain = |end: &String| (4..=40).contains(&end.len()) && end.is_ascii();
    if reference.as_ref().is_some_and(|end| !plain(end)) {
        return Err(wrong("/reference", "must be the last 4 to 40 characters of a booking's id"));
    }
    let asker = Uuid::from_bytes(tokens::fresh_nonce());
    let desk = tenant.bookings();
    actix_web::rt::spawn(async move {
        let sent = desk.send_code_to_customer(email, phone, reference.as_deref(), asker).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "a code could not be sent");
        }
    });
    let until = state.clock.now().saturating_add(VALID).unwrap_or(Timestamp::MAX);
    let asked = CodeAsked { find: asker.simple().to_string(), until };
    Ok(HttpResponse::Accepted().insert_header((header::CACHE_CONTROL, "no-store")).json(asked))
}

/// `POST /v1/public/bookings/code`.
pub(crate) async fn prove(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    body: Json<BringCode>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let BringCode { tenant, find, code } = body.0;
    let tenant = form::find(state, &tenant).await?;
    let asker = (find.len() <= LONGEST).then(|| find.parse::<Uuid>().ok()).flatten();
    let asker = asker.ok_or_else(|| {
        Problem::field("/find", "value", "must be the `find` of the answer that sent the code")
    })?;
    let (snapshot, now) = (tenant.snapshot(), state.clock.now());
    let settings = &snapshot.settings;
    let lang = settings.default_language();
    let proven = tenant.bookings().prove_customer(asker, &code).await;
    let found = proven.map_err(|error| problem(error, settings, lang, now))?;
    let until = now.saturating_add(LINKS).unwrap_or(Timestamp::MAX);
    let mut bookings = Vec::with_capacity(found.len());
    for booking in &found {
        let name = service_name(&*tenant, booking, lang).await?;
        bookings.push(OwnBooking {
            token: state.sealer.booking_until(tenant.id(), booking.id, until),
            booking: PublicBooking::of(booking, &snapshot, &name, now),
        });
    }
    let own = OwnBookings { bookings, until };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(own))
}
