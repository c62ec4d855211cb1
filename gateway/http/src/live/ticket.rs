//! Tickets: a member who is signed in gets one, and a socket that carries no cookie comes in with it, once.
//!
//! A ticket is sealed for all nodes, and its one use is a row that is deleted: of two sockets that come with the
//! same ticket, on whichever nodes, the store lets one in.
//!
//! # Invariants
//! - **A14** a ticket stands in no address and no log: it comes as the name of a subprotocol, and is not repeated;
//! - it hangs on its sign-in: who signs out has neither socket nor ticket any more.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, SEC_WEBSOCKET_PROTOCOL},
    web,
};
use forecourt_ports::store::Role;
use forecourt_wire::LiveTicket;
use jiff::SignedDuration;

use crate::{
    auth::Staff,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    tokens::{self, Ticket},
};

/// How long a ticket is good.
const GOOD: SignedDuration = SignedDuration::from_secs(30);
/// What the name of a ticket's subprotocol begins with.
const PREFIX: &str = "ticket.";

/// `POST /v1/live/ticket` — a ticket for one live socket.
pub(crate) async fn ticket(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    state.limiters.live_tickets.check(&staff.session).await?;
    let now = state.clock.now();
    let expires_at = now.saturating_add(GOOD).unwrap_or(now);
    let ticket = Ticket {
        tenant: staff.member.tenant,
        signed_in: staff.session,
        nonce: tokens::fresh_nonce(),
        expires_at,
    };
    let (tenant, member) = (staff.member.tenant, staff.member.member);
    state.store.open_staff_session(tenant, member, row(&ticket), now, expires_at).await?;
    let ticket = state.sealer.ticket(&ticket);
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(LiveTicket { ticket, expires_at }))
}

/// The row of a ticket that was not used. No cookie's secret has this hash: the words before it are not of one.
fn row(ticket: &Ticket) -> [u8; 32] {
    tokens::hash(&format!("live ticket {:?}", ticket.nonce))
}

/// The ticket that a request offers.
pub(crate) fn offered(request: &HttpRequest) -> Option<&str> {
    request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|offered| offered.to_str().ok())
        .flat_map(|offered| offered.split(','))
        .find_map(|name| name.trim().strip_prefix(PREFIX))
}

/// Uses a ticket up. Whatever is wrong with it, nobody is signed in.
pub(crate) async fn redeem(state: &State, offered: &str) -> Result<Staff, Problem> {
    let unauthorised = || Problem::new(Code::Unauthorised);
    let now = state.clock.now();
    let ticket = state.sealer.open_ticket(offered, now).ok_or_else(unauthorised)?;
    let (tenant, session) = (ticket.tenant, ticket.signed_in);
    if !state.store.close_staff_session(tenant, row(&ticket)).await? {
        return Err(unauthorised());
    }
    let member = state.store.find_staff_session(tenant, session, now).await?;
    Ok(Staff { member: member.ok_or_else(unauthorised)?, session })
}
