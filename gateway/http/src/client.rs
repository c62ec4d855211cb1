//! Who calls: the peer's address and the scheme, seen through the proxies that are trusted and no others.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::{HttpRequest, http::header, web};

use crate::gateway::{Gateway, HttpConfig};

/// The address of the caller. `X-Forwarded-For` counts only when the peer is a trusted proxy: the last
/// entry that is no trusted proxy itself is the caller.
pub(crate) fn ip(request: &HttpRequest) -> IpAddr {
    let peer = peer(request);
    let Some(config) = config(request) else { return peer };
    let trusted = |ip: IpAddr| config.trusted_proxies.iter().any(|net| net.contains(&ip));
    if !trusted(peer) {
        return peer;
    }
    let mut caller = peer;
    for value in request.headers().get_all("x-forwarded-for").collect::<Vec<_>>().iter().rev() {
        for entry in value.to_str().unwrap_or_default().rsplit(',') {
            let Some(ip) = parse(entry.trim()) else { return caller };
            caller = ip;
            if !trusted(ip) {
                return caller;
            }
        }
    }
    caller
}

/// Whether the caller reached us (or the trusted proxy in front) over TLS.
pub(crate) fn is_https(request: &HttpRequest) -> bool {
    let Some(config) = config(request) else { return false };
    let peer = peer(request);
    if config.trusted_proxies.iter().any(|net| net.contains(&peer))
        && let Some(proto) = request.headers().get(header::X_FORWARDED_PROTO)
    {
        return proto.as_bytes().eq_ignore_ascii_case(b"https");
    }
    // Without a proxy's word only our own address can say so, and only for itself.
    config
        .public_url
        .as_deref()
        .and_then(|url| url.strip_prefix("https://"))
        .is_some_and(|host| Some(host) == host_of(request))
}

/// Scheme, host and port by which the caller reached us: what an `Origin` of our own pages looks like.
pub(crate) fn own_origin(request: &HttpRequest) -> Option<String> {
    let scheme = if is_https(request) { "https" } else { "http" };
    host_of(request).map(|host| format!("{scheme}://{}", host.to_ascii_lowercase()))
}

/// Whether somebody forwarded the request: then a loopback peer is a proxy and not the caller.
pub(crate) fn is_forwarded(request: &HttpRequest) -> bool {
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"]
        .iter()
        .any(|name| request.headers().contains_key(*name))
}

pub(crate) fn peer(request: &HttpRequest) -> IpAddr {
    // Without a peer (a test without a socket) nothing may look like this machine.
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |addr| addr.ip());
    peer.to_canonical()
}

fn host_of(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::HOST)?.to_str().ok()
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn parse(entry: &str) -> Option<IpAddr> {
    let ip = entry.parse().ok().or_else(|| {
        let bare = entry.strip_prefix('[').and_then(|rest| rest.split(']').next());
        bare.unwrap_or_else(|| entry.rsplit_once(':').map_or(entry, |(ip, _)| ip)).parse().ok()
    });
    ip.map(|ip: IpAddr| ip.to_canonical())
}

fn config(request: &HttpRequest) -> Option<&HttpConfig> {
    request.app_data::<web::Data<Gateway>>().map(|gateway| &gateway.0.config)
}
