//! `GET /v1/live`: the socket of the dashboard (subprotocol `forecourt.v1`).
//!
//! [`protocol`] is what is said: it has each frame checked by [`ask`] and answered by [`answer`]. [`room`] tells
//! everybody what was stored, one [`batch`] for all, over each one's [`mod@line`]; [`filter`] leaves out what they did not
//! ask for, [`catch_up`] tells those who were away. [`watch`] and [`lobby`] tell how things stand now, through an [`outlet`] that lets go of what does not fit.
//! [`socket`] is the only file that knows actix-web-actors, and [`guard`] keeps oversized frames out of memory.

mod answer;
mod ask;
mod batch;
mod catch_up;
mod echo;
mod filter;
mod guard;
mod line;
mod lobby;
mod outlet;
mod protocol;
mod reply;
mod room;
mod seat;
mod socket;
mod ticket;
mod watch;

use std::{sync::atomic::Ordering, time::Duration};

use actix_web::{FromRequest as _, HttpRequest, dev::Payload, web};
use forecourt_ports::store::Role;

pub(crate) use self::{lobby::Lobbies, room::Rooms, ticket::ticket, watch::Watches};
use crate::{
    auth::Staff,
    gateway::Gateway,
    origin,
    problem::{Answer, Code, Problem},
};

/// `GET /v1/live` — opens the socket for a signed-in member on one of the engine's own pages.
///
/// A foreign page is refused before the upgrade, with a ticket too. Without a sign-in the socket opens and closes
/// with 4001: a browser cannot see the status of a refused upgrade. A ticket counts before a cookie, and is used up
/// only once there is room.
pub(crate) async fn live(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    origin::require_own(&request)?;
    let state = &gateway.0;
    if !socket::is_upgrade(&request) {
        let staff = Staff::from_request(&request, &mut Payload::None).await?;
        staff.require(Role::Seller)?;
        return Err(Problem::new(Code::UpgradeRequired));
    }
    if state.is_stopping() {
        return Err(Problem::new(Code::Stopping).retry_after(Duration::from_secs(1)));
    }
    if state.sockets.load(Ordering::Relaxed) >= state.config.limits.sockets {
        return Err(Problem::new(Code::Busy).retry_after(Duration::from_secs(5)));
    }
    let staff = match ticket::offered(&request) {
        Some(offered) => ticket::redeem(state, offered).await,
        None => Staff::from_request(&request, &mut Payload::None).await,
    };
    let staff = match staff {
        Ok(staff) => Some(staff),
        Err(problem) if problem.code() == Code::Unauthorised => None,
        Err(problem) => return Err(problem),
    };
    socket::start(&request, &gateway, staff)
}

/// `GET /v1/test/echo` — a WebSocket echo, where the configuration opens it.
pub(crate) async fn echo(request: HttpRequest) -> Answer {
    socket::start_echo(&request)
}
