//! Looks names of tenants' own servers up, and hands out only addresses of the open internet (SSRF).

use std::{net::SocketAddr, time::Duration};

use forecourt_core::webhook::target::{Loopback, may_connect};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long a look-up may take.
const LOOK_UP: Duration = Duration::from_secs(5);
/// So many addresses of a name are tried.
const MOST: usize = 8;

/// The name is not known, or one of its addresses is private: who mixes them means to be connected to the
/// wrong one some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to no server that may be called")]
pub struct Unreachable;

/// A resolver whose answers have been checked.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    loopback: Loopback,
}

impl Guard {
    pub const fn new(loopback: Loopback) -> Self {
        Self { loopback }
    }

    fn check(self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Unreachable> {
        let open = found.iter().all(|address| may_connect(address.ip(), self.loopback));
        if found.is_empty() || !open {
            return Err(Unreachable);
        }
        Ok(found.into_iter().take(MOST).collect())
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let looked = tokio::net::lookup_host((name.as_str(), 0));
            let found = match tokio::time::timeout(LOOK_UP, looked).await {
                Ok(Ok(found)) => found.collect(),
                Ok(Err(_)) | Err(_) => Vec::new(),
            };
            Ok(Box::new(guard.check(found)?.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_spoils_a_name() {
        let checked = |loopback, ips: &[&str]| {
            let found = ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
            Guard::new(loopback).check(found).is_ok()
        };
        assert!(checked(Loopback::Refused, &["1.1.1.1", "2606:4700:4700::1111"]));
        assert!(!checked(Loopback::Refused, &["1.1.1.1", "192.168.0.1"]));
        assert!(!checked(Loopback::Refused, &["127.0.0.1"]));
        assert!(!checked(Loopback::Refused, &[]));
        assert!(checked(Loopback::Allowed, &["127.0.0.1"]));
    }
}
