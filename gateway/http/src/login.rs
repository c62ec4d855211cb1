//! Signing in and out.
//!
//! # Invariants
//! - a wrong tenant, a wrong address and a wrong password are answered alike, after the same work;
//! - **A9** hashing is bounded: a few at once, a few more waiting, the rest is told to come back.

use std::{sync::LazyLock, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};
use forecourt_ports::store::Role;
use forecourt_wire::{Login, Me};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{
    auth::{self, Staff},
    client,
    extract::Json,
    gateway::Gateway,
    limits::Network,
    origin,
    problem::{Answer, Code, Problem},
    tokens,
};

/// Hashes that run at once, and those that may wait for them.
const AT_ONCE: usize = 2;
const WAITING: usize = 32;
/// The longest password that is hashed, in bytes.
const MAX_PASSWORD: usize = 1_024;

/// Verified when there is no such member: the answer takes as long as for a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
    SaltString::encode_b64(b"forecourt-nobody")
        .and_then(|salt| argon2.hash_password(b"nobody", &salt).map(|hash| hash.to_string()))
        .unwrap_or_default()
});

/// Room for password hashing.
pub(crate) struct Passwords {
    running: Semaphore,
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { running: Semaphore::new(AT_ONCE), places: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Passwords {
    /// Whether `password` is the one behind `phc`.
    async fn verify(&self, password: String, phc: Option<String>) -> Result<bool, Problem> {
        let busy = || Problem::new(Code::Busy).retry_after(Duration::from_secs(2));
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _turn = self.running.acquire().await.map_err(|_| busy())?;
        let verified = web::block(move || {
            let known = phc.is_some();
            let phc = phc.unwrap_or_else(|| NOBODY.clone());
            let parsed = PasswordHash::new(&phc);
            let right = parsed.is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            });
            right && known
        });
        verified.await.map_err(|_| busy())
    }
}

/// `POST /v1/login` — signs a member in with a cookie.
pub(crate) async fn login(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    body: Json<Login>,
) -> Answer {
    let state = &gateway.0;
    let Json(Login { tenant, email, password }) = body;
    origin::require_own(&request)?;
    state.limiters.login_ip.check(&Network::from(client::ip(&request))).await?;
    let account = format!("{}\n{}", tenant.trim(), email.trim().to_lowercase());
    state.limiters.login_account.check(&Sha256::digest(account.as_bytes()).into()).await?;
    let usable = |text: &str| !text.contains('\0') && text.len() <= 1_024;
    let readable = usable(&tenant) && usable(&email) && password.len() <= MAX_PASSWORD;
    let mut found = None;
    if readable && let Some(tenant) = state.desk.tenant(tenant.trim()).await? {
        found = state.store.find_member(tenant.id(), email.trim()).await?;
    }
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    if !state.passwords.verify(password, hash).await? {
        metrics::counter!("forecourt_http_logins_total", "result" => "refused").increment(1);
        return Err(Problem::new(Code::BadCredentials));
    }
    let Some(found) = found else { return Err(Problem::new(Code::BadCredentials)) };
    let member = found.member;
    let (secret, hash) = tokens::fresh_secret();
    let now = state.clock.now();
    let ttl =
        SignedDuration::try_from(state.config.staff_ttl).unwrap_or(SignedDuration::from_hours(12));
    let expires = now.saturating_add(ttl).unwrap_or(now);
    state.store.open_staff_session(member.tenant, member.member, hash, now, expires).await?;
    metrics::counter!("forecourt_http_logins_total", "result" => "accepted").increment(1);
    let cookie = auth::cookie(&request, state, Some((member.tenant, &secret)));
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// `POST /v1/logout` — ends the sign-in, and every live socket that hangs on it. Without one it is done
/// already.
pub(crate) async fn logout(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    origin::require_own(&request)?;
    if let Some((tenant, session)) = auth::staff_cookie(&request) {
        gateway.0.store.close_staff_session(tenant, session).await?;
        gateway.0.rooms.sign_out(tenant, session);
    }
    let cookie = auth::cookie(&request, &gateway.0, None);
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// `GET /v1/me` — who is signed in.
pub(crate) async fn me(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = gateway.0.desk.tenant_by_id(staff.member.tenant).await?;
    let tenant = tenant.ok_or_else(|| Problem::new(Code::Unauthorised))?;
    Ok(HttpResponse::Ok().json(Me::of(staff.member, &tenant.snapshot())))
}
