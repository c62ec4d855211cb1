//! One line and one measurement per request: method, route, status, time. Never an address, a query or a
//! body (A13).

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CONTENT_ENCODING, HeaderName, HeaderValue},
    middleware::Next,
    web,
};

use forecourt_actors::way;
use tracing::{Instrument as _, Span};

use crate::{gateway::Gateway, headers};

/// Traces across processes: a caller's trace goes on here, and the caller is told where.
pub trait Traces: Send + Sync {
    /// Puts a span into the caller's trace, if `traceparent` (W3C) names one. Called before the span begins.
    fn adopt(&self, span: &Span, traceparent: &str);
    /// The span's place, as `traceresponse` tells it; `None` when it is not traced.
    fn place(&self, span: &Span) -> Option<String>;
}

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request that is being answered, if one is.
pub(crate) fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Wraps everything: gives the request its id, turns errors into answers, writes the line.
pub(crate) async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let gateway = request.app_data::<web::Data<Gateway>>().cloned();
    let id = gateway
        .as_ref()
        .map_or_else(String::new, |gateway| gateway.0.ids.uuid().as_simple().to_string());
    let method = method_label(request.method());
    let span = way::request(&id, method);
    let traces = gateway.as_ref().and_then(|gateway| gateway.0.config.traces.clone());
    if let (Some(traces), Some(parent)) = (&traces, request.headers().get("traceparent")) {
        traces.adopt(&span, parent.to_str().unwrap_or_default());
    }
    // The request must not be held by anyone else while it is routed. Handlers and extractors answer with
    // their errors; what comes as an error here is of a middleware and has nothing to be traced.
    let mut response =
        REQUEST_ID.scope(id.clone(), next.call(request)).instrument(span.clone()).await?;
    let http_request = response.request().clone();
    let status = response.status().as_u16();
    let route = http_request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let elapsed = started.elapsed();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    if !span.is_disabled() {
        span.record("http.route", &route).record("http.response.status_code", status);
        let place = traces.and_then(|traces| HeaderValue::from_str(&traces.place(&span)?).ok());
        if let Some(place) = place {
            response.headers_mut().insert(HeaderName::from_static("traceresponse"), place);
        }
    }
    // Said to our own compressor; to everybody else it is what no header says too.
    if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        response.headers_mut().remove(CONTENT_ENCODING);
    }
    headers::secure(&http_request, response.headers_mut());
    let labels =
        [("method", method.to_owned()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("forecourt_http_requests_total", &labels).increment(1);
    metrics::histogram!("forecourt_http_request_duration_seconds", "route" => route.clone())
        .record(elapsed.as_secs_f64());
    let ms = elapsed.as_secs_f64() * 1000.0;
    span.in_scope(|| {
        tracing::info!(
            target: "forecourt_http::access",
            { request.id = %id, http.method = method, http.route = %route, http.status = status, ms },
            "answered"
        );
    });
    Ok(response)
}

/// A method that nobody knows is not let into labels: they would grow with what is sent (A9).
fn method_label(method: &actix_web::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
