//! The built pages: landing, demo, dashboard, widget. Embedded in the binary; read from disk in a debug
//! build.
//!
//! # Invariants
//! - files with a hash in their name are kept for ever, everything else is asked for anew;
//! - each page's policy allows its own files and its own nonce, no inline script and no foreign frame.

use std::{collections::HashMap, io::Write as _, sync::Mutex};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentEncoding, ETag, EntityTag},
    web,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    auth::{self, Staff},
    form,
    gateway::{Gateway, lock},
    html,
    problem::{Answer, Code, Problem},
};

#[derive(RustEmbed)]
#[folder = "../web/dist/"]
struct Dist;

/// Compressed once per content. There are few files, so this is bounded by the build.
#[derive(Default)]
pub(crate) struct Assets(Mutex<HashMap<[u8; 32], Bytes>>);

impl Assets {
    fn gzip(&self, file: &EmbeddedFile) -> Option<Bytes> {
        let hash = file.metadata.sha256_hash();
        if let Some(known) = lock(&self.0).get(&hash) {
            return Some(known.clone());
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&file.data).ok()?;
        let bytes = Bytes::from(encoder.finish().ok()?);
        lock(&self.0).insert(hash, bytes.clone());
        Some(bytes)
    }
}

/// `GET /` — the landing page.
pub(crate) async fn landing() -> Answer {
    page("index.html")
}

/// `GET /app/…` — the dashboard. Any address without a file of its own is the page: it has its own routes.
pub(crate) async fn app(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    path: web::Path<String>,
) -> Answer {
    match file(&request, &gateway, &format!("app/{path}")) {
        Err(_) if !path.starts_with("assets/") => page("app/index.html"),
        answer => answer,
    }
}

/// `GET /app/sessions/{session}` — the link of an alert: leads a member to the lead of a conversation. Who is
/// not signed in gets the dashboard, which asks for that first.
pub(crate) async fn conversation(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Result<Staff, Problem>,
) -> Answer {
    let (Ok(staff), Some(session)) = (staff, auth::session_in_path(&request)) else {
        return page("app/index.html");
    };
    let rows = gateway.0.store.lead_rows(staff.member.tenant, &[session]).await?;
    let to = rows.first().map_or("/app/".to_owned(), |row| format!("/app/?lead={}", row.lead));
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish())
}

/// `GET /demo/{slug}` — the demo website of a tenant.
pub(crate) async fn demo(gateway: web::Data<Gateway>, slug: web::Path<String>) -> Answer {
    form::find(&gateway.0, &slug).await?;
    page("demo/index.html")
}

/// `GET /booking/{token}` — a customer's own booking; whether the link is good the page finds out. `GET /booking`
/// — the same by a one-time code.
pub(crate) async fn booking() -> Answer {
    let mut page = page("booking/index.html")?;
    // The address is a key: it goes to nobody else.
    page.headers_mut()
        .insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(page)
}

/// `GET /widget.js` — embedded by foreign pages.
pub(crate) async fn widget(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    foreign(&request, &gateway, "widget.js")
}

/// `GET /widget-later.js` — loaded by the widget when a conversation needs it.
pub(crate) async fn widget_later(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    foreign(&request, &gateway, "widget-later.js")
}

/// `GET /widget-files.js` — loaded by the widget when a file is sent.
pub(crate) async fn widget_files(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    foreign(&request, &gateway, "widget-files.js")
}

/// `GET /sdk.js` — imported by pages of developers.
pub(crate) async fn sdk(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    foreign(&request, &gateway, "sdk.js")
}

/// A script that any page may load.
fn foreign(request: &HttpRequest, gateway: &Gateway, path: &str) -> Answer {
    let mut response = file(request, gateway, path)?;
    let headers = response.headers_mut();
    headers.insert(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        header::HeaderValue::from_static("cross-origin"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    Ok(response)
}

/// `GET /assets/…`, `GET /demo/assets/…` and files beside the landing page.
pub(crate) async fn asset(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    let path = request.path().trim_start_matches('/').to_owned();
    file(&request, &gateway, &path)
}

fn file(request: &HttpRequest, gateway: &Gateway, path: &str) -> Answer {
    let html = path.rsplit('.').next().is_some_and(|ext| ext.eq_ignore_ascii_case("html"));
    let safe = !html && !path.split('/').any(|part| part == ".." || part.starts_with('.'));
    let found = Dist::get(path).filter(|_| safe);
    let file = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    let tag = EntityTag::new_weak(URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..12]));
    let hashed = path.contains("assets/");
    let caching = if hashed { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(&tag.to_string())) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::CACHE_CONTROL, caching))
            .insert_header(ETag(tag))
            .finish());
    }
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header(ETag(tag))
        .insert_header((header::VARY, "Accept-Encoding"))
        .content_type(content_type(file.metadata.mimetype()));
    let accepts = request.headers().get(header::ACCEPT_ENCODING);
    let gzip =
        accepts.and_then(|value| value.to_str().ok()).is_some_and(|all| all.contains("gzip"));
    let worth_it = file.data.len() > 1_024 && is_text(file.metadata.mimetype());
    if gzip
        && worth_it
        && let Some(packed) = gateway.0.assets.gzip(&file)
    {
        return Ok(response.insert_header(ContentEncoding::Gzip).body(packed));
    }
    Ok(response.body(file.data.into_owned()))
}

/// A page with a fresh nonce in place of `__CSP_NONCE__`.
fn page(path: &str) -> Answer {
    let file = Dist::get(path).ok_or_else(|| Problem::new(Code::NotFound))?;
    let nonce = html::nonce();
    let text = String::from_utf8_lossy(&file.data).replace("__CSP_NONCE__", &nonce);
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: https:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .body(text))
}

fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") || mime == "application/javascript" {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_owned()
    }
}

fn is_text(mime: &str) -> bool {
    mime.starts_with("text/")
        || ["javascript", "json", "svg", "xml", "wasm"].iter().any(|kind| mime.contains(kind))
}
