//! Clients for addresses that other people choose: connected to the open internet alone (SSRF).
//!
//! # Invariants
//! - a connection goes to an address that was checked: the [`Guard`]'s resolver hands out no other, no proxy is
//!   taken and no redirect is followed; an address written as digits is for the caller to check;
//! - nothing is called twice of itself, and no page tells another where it was read from.

use std::sync::Arc;

use forecourt_core::webhook::target::Loopback;
use reqwest::{Client, ClientBuilder, redirect, retry};

use crate::webhook::{CallerError, guard::Guard};

/// A client with the time limits that `with` gives it.
pub(crate) fn client(
    loopback: Loopback,
    with: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, CallerError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(CallerError::NoTls);
    }
    let builder = Client::builder()
        .user_agent(concat!("forecourt/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Guard::new(loopback)))
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false);
    with(builder).build().map_err(|_| CallerError::Client)
}
