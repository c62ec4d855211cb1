//! The headers that every answer carries.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};

use crate::client;

const API_POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const NO_FEATURES: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Sets what is missing; a handler that needs something else has set it already.
pub(crate) fn secure(request: &HttpRequest, headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::CONTENT_SECURITY_POLICY, API_POLICY);
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("permissions-policy"), NO_FEATURES);
    default(header::CACHE_CONTROL, "no-store");
    if client::is_https(request) {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
