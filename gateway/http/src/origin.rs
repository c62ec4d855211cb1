//! Where a browser's request comes from, and who may come from there.
//!
//! Two rules, for two kinds of address. *Staff* addresses carry a cookie and answer to the engine's own
//! pages alone. *Widget* addresses carry no cookie and answer to the tenant's pages: the handler decides by
//! the tenant's list, and the answer carries the headers that let the page read it.
//!
//! # Invariants
//! - an origin is compared whole (scheme, host and port); `null` and look-alikes are strangers;
//! - credentials are never allowed across origins.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderMap, HeaderValue},
    web,
};
use forecourt_core::settings::TenantSettings;

use crate::{
    client,
    gateway::{Gateway, HttpConfig},
    problem::{Code, Problem},
};

/// The `Origin` header; `Err` when it cannot be read.
pub(crate) fn of(request: &HttpRequest) -> Result<Option<String>, Problem> {
    request
        .headers()
        .get(header::ORIGIN)
        .map(|origin| {
            let origin = origin.to_str().map_err(|_| Problem::new(Code::OriginNotAllowed))?;
            Ok(origin.to_owned())
        })
        .transpose()
}

/// Whether an origin is that of the engine's own pages.
pub(crate) fn is_own(request: &HttpRequest, origin: &str) -> bool {
    let config = request.app_data::<web::Data<Gateway>>().map(|gateway| &gateway.0.config);
    client::own_origin(request).is_some_and(|own| own == origin)
        || config.is_some_and(|config| public_origin(config) == Some(origin))
}

fn public_origin(config: &HttpConfig) -> Option<&str> {
    let url = config.public_url.as_deref()?;
    let host = url.find("://").map(|at| at + 3)?;
    let end = url[host..].find('/').map_or(url.len(), |slash| host + slash);
    Some(&url[..end])
}

/// Checks that a request with a cookie was not made by a foreign page. A request without either header
/// was not made by a page at all: browsers send at least one of them with every request that changes
/// something.
pub(crate) fn require_own(request: &HttpRequest) -> Result<(), Problem> {
    let refused = || Problem::new(Code::OriginNotAllowed);
    if let Some(origin) = of(request)? {
        return if is_own(request, &origin) { Ok(()) } else { Err(refused()) };
    }
    match request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(refused()),
    }
}

/// Checks that a widget's request comes from a page that the tenant allows; gives the origin, if any.
pub(crate) fn require_allowed(
    request: &HttpRequest,
    settings: &TenantSettings,
) -> Result<Option<String>, Problem> {
    let Some(origin) = of(request)? else { return Ok(None) };
    if is_own(request, &origin) || settings.allowed_origins.contains(&origin) {
        Ok(Some(origin))
    } else {
        Err(Problem::new(Code::OriginNotAllowed))
    }
}

/// Lets the page that asked read the answer. Refusals carry nothing of a tenant, so every page may read
/// them, but for the one that says that the page is not allowed.
pub(crate) fn expose(request: &HttpRequest, refused: bool, headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !refused) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("retry-after, x-request-id"),
        );
        headers.insert(
            header::HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
}

/// The answer to a preflight. It gives nothing away; the request itself is judged when it comes.
pub(crate) fn preflight(request: &HttpRequest, methods: &'static str) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ALLOW, methods));
    if request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, accept, last-event-id, cache-control",
            ))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
    }
    response.finish()
}
