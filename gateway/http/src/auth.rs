//! Who asks: a member of staff by cookie, a visitor by bearer token.
//!
//! # Invariants
//! - **A8** the tenant is the cookie's or the token's, never the body's;
//! - a cookie changes something only for the engine's own pages (CSRF);
//! - the cookie holds a random secret; the store holds its hash.

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration as CookieDuration},
    dev::Payload,
    http::header,
    web,
};
use forecourt_core::id::{SessionId, TenantId};
use forecourt_ports::store::{Member, Role};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use crate::{
    client,
    gateway::{Gateway, State},
    origin,
    problem::{Code, Problem},
    tokens::{self, Visitor},
};

/// A signed-in member.
pub(crate) struct Staff {
    pub(crate) member: Member,
    /// Hash of the cookie's secret: names the sign-in session.
    pub(crate) session: [u8; 32],
}

impl Staff {
    /// Checks the member's role: each role may do all that the ones after it may.
    pub(crate) fn require(&self, least: Role) -> Result<(), Problem> {
        if rank(self.member.role) <= rank(least) {
            Ok(())
        } else {
            Err(Problem::new(Code::Forbidden))
        }
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Owner => 0,
        Role::Manager => 1,
        Role::Seller => 2,
    }
}

impl FromRequest for Staff {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let gateway = gateway(&request)?;
            if !request.method().is_safe() {
                origin::require_own(&request)?;
            }
            let (tenant, session) =
                staff_cookie(&request).ok_or_else(|| Problem::new(Code::Unauthorised))?;
            let now = gateway.0.clock.now();
            let member = gateway.0.store.find_staff_session(tenant, session, now).await?;
            let member = member.ok_or_else(|| Problem::new(Code::Unauthorised))?;
            Ok(Self { member, session })
        })
    }
}

/// The holder of a session's token, asking for that very session.
pub(crate) struct Owner {
    pub(crate) visitor: Visitor,
}

impl FromRequest for Owner {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(owner(request))
    }
}

fn owner(request: &HttpRequest) -> Result<Owner, Problem> {
    let gateway = gateway(request)?;
    let token = bearer(request).ok_or_else(|| Problem::new(Code::Unauthorised))?;
    let visitor = gateway.0.sealer.open_visitor(token, gateway.0.clock.now())?;
    // A stolen token does not work from another page; a request without an Origin is no foreign page's.
    if let Some(origin) = origin::of(request)?
        && visitor.origin.as_deref() != Some(origin.as_str())
    {
        return Err(Problem::new(Code::OriginNotAllowed));
    }
    if session_in_path(request) != Some(visitor.session()) {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(Owner { visitor })
}

/// Either of the two, where both may ask.
pub(crate) enum Caller {
    Customer(Owner),
    Staff(Staff),
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if request.headers().contains_key(header::AUTHORIZATION) {
            let owner = owner(request);
            return Box::pin(async { owner.map(Self::Customer) });
        }
        let staff = Staff::from_request(request, payload);
        Box::pin(async { staff.await.map(Self::Staff) })
    }
}

/// The session in the address; what is no id leads nowhere.
pub(crate) fn session_in_path(request: &HttpRequest) -> Option<SessionId> {
    request.match_info().get("session").and_then(|id| id.parse().ok())
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn gateway(request: &HttpRequest) -> Result<&web::Data<Gateway>, Problem> {
    request.app_data::<web::Data<Gateway>>().ok_or_else(|| Problem::new(Code::Internal))
}

/// `__Host-` binds the cookie to this host and to TLS; plain HTTP cannot set such a one.
fn cookie_name(request: &HttpRequest) -> &'static str {
    if client::is_https(request) { "__Host-forecourt" } else { "forecourt" }
}

/// The tenant and the hashed secret of the cookie `<tenant>.<secret>`.
pub(crate) fn staff_cookie(request: &HttpRequest) -> Option<(TenantId, [u8; 32])> {
    let cookie = request.cookie(cookie_name(request))?;
    let (tenant, secret) = cookie.value().split_once('.')?;
    let plain = secret.len() == 43 && tenant.len() == 32;
    let tenant = Uuid::try_parse(tenant).ok().filter(|_| plain)?;
    Some((TenantId::from_uuid(tenant), tokens::hash(secret)))
}

/// A cookie for a fresh secret, or one that takes it away.
pub(crate) fn cookie(
    request: &HttpRequest,
    state: &State,
    value: Option<(TenantId, &str)>,
) -> Cookie<'static> {
    let secure = client::is_https(request);
    let text = value.map_or_else(String::new, |(tenant, secret)| {
        format!("{}.{secret}", tenant.as_uuid().as_simple())
    });
    let ttl = if value.is_some() { state.config.staff_ttl.as_secs() } else { 0 };
    Cookie::build(cookie_name(request), text)
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(CookieDuration::seconds(i64::try_from(ttl).unwrap_or(i64::MAX)))
        .finish()
}
