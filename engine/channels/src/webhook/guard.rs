//! Looks names up, and hands out only addresses of the open internet (SSRF).

use std::{net::SocketAddr, time::Duration};

use forecourt_core::webhook::target::{Loopback, may_connect};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long a look-up may take.
const LOOK_UP: Duration = Duration::from_secs(5);
/// So many addresses of a name are tried.
const MOST: usize = 8;

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    #[error("the name is not known")]
    Unknown,
    #[error("the name leads into a private network")]
    Private,
}

impl Unreachable {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "dns",
            Self::Private => "refused_address",
        }
    }
}

/// A resolver whose answers have been checked. One private address among them spoils the name: who mixes
/// them means to be connected to the wrong one some day.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    loopback: Loopback,
}

impl Guard {
    pub const fn new(loopback: Loopback) -> Self {
        Self { loopback }
    }

    fn check(self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Unreachable> {
        if found.is_empty() {
            return Err(Unreachable::Unknown);
        }
        if found.iter().all(|address| may_connect(address.ip(), self.loopback)) {
            Ok(found.into_iter().take(MOST).collect())
        } else {
            Err(Unreachable::Private)
        }
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
            let checked = guard.check(found)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(loopback: Loopback, ips: &[&str]) -> Result<usize, Unreachable> {
        let found = ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        Guard::new(loopback).check(found).map(|found| found.len())
    }

    #[test]
    fn one_private_address_spoils_a_name() {
        let refused = |ips| checked(Loopback::Refused, ips);
        assert_eq!(refused(&["1.1.1.1", "2606:4700:4700::1111"]), Ok(2));
        assert_eq!(refused(&["1.1.1.1", "10.0.0.1"]), Err(Unreachable::Private));
        assert_eq!(refused(&["127.0.0.1"]), Err(Unreachable::Private));
        assert_eq!(refused(&["169.254.169.254"]), Err(Unreachable::Private));
        assert_eq!(refused(&["::ffff:192.168.0.1"]), Err(Unreachable::Private));
        assert_eq!(refused(&[]), Err(Unreachable::Unknown));
        assert_eq!(checked(Loopback::Allowed, &["127.0.0.1", "::1"]), Ok(2));
        assert_eq!(
            checked(Loopback::Allowed, &["127.0.0.1", "10.0.0.1"]),
            Err(Unreachable::Private)
        );
        assert_eq!(refused(&["8.8.8.8"; 50]), Ok(MOST));
    }

    #[tokio::test]
    async fn a_public_name_that_leads_home_is_refused_when_it_is_looked_up() {
        let guard = Guard::new(Loopback::Refused);
        let found = guard.resolve("localhost".parse().unwrap()).await;
        let error = found.err().expect("localhost is private");
        assert_eq!(error.downcast_ref(), Some(&Unreachable::Private));
    }
}
