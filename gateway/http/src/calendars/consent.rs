//! `/v1/calendars/consent` and `/v1/calendars/callback`: OAuth with PKCE, for Google and Microsoft.
//!
//! # Invariants
//! - the state is sealed, is good for ten minutes, and only for the sign-in that asked: nobody can have
//!   somebody else's calendar connected to their own tenant;
//! - the verifier follows from the state under a key of our own, so that nothing is kept in between.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use forecourt_core::external::Provider;
use forecourt_ports::{
    calendar::{Account, CalendarError, Consent},
    store::Role,
};
use forecourt_wire::{AskConsent, CalendarProvider, ConsentPage};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{CalendarDesk, base, desk, problem, staff};
use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    tokens::{self, Ticket},
};

/// How long a person may take at the consent page.
const TTL: SignedDuration = SignedDuration::from_mins(10);

/// What can be connected here.
pub(super) fn providers(desk: &CalendarDesk) -> Vec<CalendarProvider> {
    let nothing = Consent { state: "", challenge: "", redirect: "" };
    let has_page = |provider| desk.calendar.consent_url(provider, &nothing).is_some();
    let open = |provider: &Provider| match provider {
        Provider::CalCom | Provider::CalDav => true,
        Provider::Google | Provider::Microsoft => has_page(*provider),
    };
    Provider::ALL.into_iter().filter(open).map(CalendarProvider::from).collect()
}

/// `POST /v1/calendars/consent`.
pub(crate) async fn ask(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<AskConsent>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let provider = Provider::from(body.0.provider);
    let mut nonce = tokens::fresh_nonce();
    nonce[0] = number(provider);
    let expires_at = state.clock.now().saturating_add(TTL).unwrap_or(Timestamp::MAX);
    let (tenant, signed_in) = (staff.member.tenant, staff.session);
    let sealed = state.sealer.consent(&Ticket { tenant, signed_in, nonce, expires_at });
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier(state, &nonce)));
    let redirect = redirect(&request, state);
    let consent = Consent { state: &sealed, challenge: &challenge, redirect: &redirect };
    let url = desk(state)?.calendar.consent_url(provider, &consent);
    let url = url.ok_or_else(|| problem(CalendarError::NotConfigured))?;
    Ok(HttpResponse::Ok().json(ConsentPage { url }))
}

/// `GET /v1/calendars/callback` — the consent page sends the person here, with a code or a refusal.
pub(crate) async fn callback(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let desk = desk(state)?;
    let text = |value: &str| Ok(value.to_owned());
    let (sealed, code) = (query.read("state", text), query.read("code", text));
    query.finish()?;
    let ticket = sealed.and_then(|sealed| state.sealer.open_consent(&sealed, state.clock.now()));
    let ticket = ticket
        .filter(|ticket| ticket.tenant == staff.member.tenant && ticket.signed_in == staff.session);
    let ticket = ticket.ok_or_else(|| Problem::new(Code::Stale))?;
    let provider = Provider::ALL.into_iter().find(|p| number(*p) == ticket.nonce[0]);
    let provider = provider.ok_or_else(|| Problem::new(Code::Stale))?;
    let Some(code) = code else { return Ok(to_page("refused")) };
    let (calendar, verifier) = (desk.calendar.clone(), verifier(state, &ticket.nonce));
    let (redirect, now) = (redirect(&request, state), state.clock.now());
    let redeemed =
        desk.ask(async move { calendar.redeem(provider, &code, &verifier, &redirect, now).await });
    let credentials = match redeemed.await {
        Ok(credentials) => credentials,
        Err(problem) if problem.code() == Code::CalendarRefused => return Ok(to_page("refused")),
        Err(problem) => return Err(problem),
    };
    let zone = staff::zone(state, &staff).await?;
    let account = Account { provider, url: None, credentials, calendar: String::new(), zone };
    staff::make(state, desk, &staff, &account).await?;
    Ok(to_page("connected"))
}

fn to_page(result: &str) -> HttpResponse {
    let page = format!("/app/calendars?consent={result}");
    HttpResponse::SeeOther().insert_header((header::LOCATION, page)).finish()
}

const fn number(provider: Provider) -> u8 {
    match provider {
        Provider::CalCom => 1,
        Provider::CalDav => 2,
        Provider::Google => 3,
        Provider::Microsoft => 4,
    }
}

/// Proves that who redeems the code has asked for it (RFC 7636).
fn verifier(state: &State, nonce: &[u8; 16]) -> String {
    let purpose = format!("forecourt calendar consent 1 {}", URL_SAFE_NO_PAD.encode(nonce));
    URL_SAFE_NO_PAD.encode(state.config.signing_key.derive(&purpose))
}

fn redirect(request: &HttpRequest, state: &State) -> String {
    format!("{}/v1/calendars/callback", base(request, state))
}
